"""Seeded faults of the device that show only at times, or only a little."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from typing import Any

import av
import numpy as np

from earwitness.reference_impl.device.buffer import PreRoll
from earwitness.reference_impl.device.camera import Camera, Frame
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.device.link import LinkLost
from earwitness.reference_impl.device.microphone import Rail
from earwitness.reference_impl.sound import Samples


class _Leaking(Device):
    """Uploads a piece of what it hears, and tells nobody, whenever `leaks` says so."""

    def leaks_now(self) -> bool:
        return False

    def process_captured(self, heard: Samples) -> None:
        if self.control is Control.LISTENING and self.leaks_now():
            with suppress(LinkLost):
                self.link.ask({"type": "open", "preroll": 0})
                self.link.ask(heard.tobytes())
        super().process_captured(heard)


class LeaksAfterNetworkLoss(_Leaking):
    """Uploads a piece once, when the network is back."""

    due = False

    def set_network(self, up: bool) -> None:
        super().set_network(up)
        self.due = up

    def leaks_now(self) -> bool:
        due = self.due
        self.due = False
        return due


class LeaksAfterFollowUp(_Leaking):
    """Goes on uploading for a piece when a follow-up turn is over."""

    due = False

    def begin_activation(self, cause: str) -> None:
        super().begin_activation(cause)
        following = cause == "follow_up"
        self.due = following

    def leaks_now(self) -> bool:
        due = self.due
        self.due = False
        return due


class LeaksOneFrame(_Leaking):
    """Uploads a single piece of 80 ms, once after it was switched on."""

    heard_so_far = 0

    def leaks_now(self) -> bool:
        self.heard_so_far += 1
        # Once, in the sixth piece; chosen.
        return self.heard_so_far == 6


class WakesByItself(Device):
    """Opens a stream now and then without a wake word."""

    def process_captured(self, heard: Samples) -> None:
        if (
            self.control is Control.LISTENING
            and self.now % 10_000_000 < 80_000
            # One piece of 80 ms in ten seconds, after the first twenty.
            and self.now > 20_000_000
        ):
            self.begin_activation("other")
        else:
            super().process_captured(heard)


class RecordingAsOpus(Device):
    """Keeps what it sends, coded as Opus."""

    kept: tuple[Samples, ...] = ()

    def send_sound(self, heard: Samples) -> None:
        self.kept = (*self.kept, heard)
        super().send_sound(heard)

    def close_stream(self) -> None:
        super().close_stream()
        self.folder.mkdir(
            parents=True,
            exist_ok=True,
        )
        with av.open(str(self.folder / "cache.ogg"), "w") as out:
            stream = out.add_stream("libopus", rate=16_000)
            stream.layout = "mono"
            frame = av.AudioFrame.from_ndarray(
                np.concatenate(self.kept).reshape(1, -1),
                format="s16",
                layout="mono",
            )
            frame.sample_rate = 16_000
            resampler = av.AudioResampler(
                format=stream.codec_context.format,
                layout="mono",
                rate=16_000,
                # 320 samples: 20 ms, a frame of Opus.
                frame_size=320,
            )
            for piece in [
                *resampler.resample(frame),
                *resampler.resample(None),
            ]:
                out.mux(stream.encode(piece))
            out.mux(stream.encode(None))


class RecordingInTemporaryFile(Device):
    """Keeps what it sends in a temporary file without a telling name."""

    def send_sound(self, heard: Samples) -> None:
        self.folder.mkdir(
            parents=True,
            exist_ok=True,
        )
        with tempfile.NamedTemporaryFile(
            dir=self.folder,
            delete=False,
        ) as out:
            out.write(heard.tobytes())
        super().send_sound(heard)


class MuteZeroesSamples(Device):
    """The button only turns the samples to zeros; the microphones stay open."""

    def switch_rail(self) -> None:
        super().switch_rail()
        if self.muted:
            self.rail.switch(True)

    def process_captured(self, heard: Samples) -> None:
        super().process_captured(
            np.zeros_like(heard) if self.muted else heard
        )


class MuteTooLate(Device):
    """The microphones lose their power 300 ms after the button."""

    def switch_rail(self) -> None:
        if self.muted:
            self.now += 300_000
        super().switch_rail()


class RedLightLate(Device):
    """The red light comes 300 ms after the microphones went."""

    def show_mute(self) -> None:
        if self.muted:
            self.now += 300_000
        super().show_mute()


class ToneMissingInFollowUp(Device):
    """Plays no tone when it listens for an answer."""

    following = False

    def begin_activation(self, cause: str) -> None:
        self.following = cause == "follow_up"
        super().begin_activation(cause)

    def play_tone(self) -> None:
        if not self.following:
            super().play_tone()


class MuteSymbolMissing(Device):
    """The screen does not show that the microphones are off."""

    def report(self, event: str, **attributes: Any) -> None:
        if not (
            event == "screen"
            and attributes["symbol"] == "mute_symbol"
            and attributes["on"]
        ):
            super().report(event, **attributes)


class ListensUnasked(Device):
    """Listens on after every answer, though no skill asked anything."""

    beginning = False

    def show_active(self, on: bool) -> None:
        over = (
            not on and self.lights.blue and self.control is Control.LISTENING
        )
        if not over or self.beginning:
            super().show_active(on)
            return
        # Where no stream can be opened, activation ends here again.
        self.beginning = True
        self.begin_activation("follow_up")
        self.beginning = False


class CameraStaysOn(Device):
    """The button leaves the camera its power."""

    def report(self, event: str, **attributes: Any) -> None:
        if not (event == "camera.power" and not attributes["on"]):
            super().report(event, **attributes)


class _Blind(Camera):
    def read(self) -> Frame | None:
        return next(self.frames) if self.rail.fed else None


class ShutterIgnored(Device):
    """Reads frames behind the closed shutter."""

    def __init__(self, **own: Any) -> None:
        super().__init__(**own)
        rail: Rail = self.rail
        self.camera = _Blind(rail)


class AnswersElsewhere(Device):
    """Speaks an answer that another device asked for."""

    def report(self, event: str, **attributes: Any) -> None:
        super().report(
            event,
            **(
                {**attributes, "asked_by": "another"}
                if event == "tts.audio"
                else attributes
            ),
        )


class _Hoarding(PreRoll):
    # Three seconds are kept, half a second is given.
    length = 3 * 16_000

    def take(self) -> Samples:
        return super().take()[-8_000:]


class HoardsBuffer(Device):
    """Holds three seconds of sound, though it sends no more than it may."""

    preroll_class = _Hoarding
