"""Seeded faults of the device: each breaks one promise on purpose, and the harness must notice."""

from __future__ import annotations

import base64
import json
import wave
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymicro_wakeword import Model

from earwitness.reference_impl.device.buffer import PreRoll
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.device.link import Link, LinkLost, Route
from earwitness.reference_impl.device.memory import Memory
from earwitness.reference_impl.device.screen import Lights, Screen
from earwitness.reference_impl.device.wake import WakeWord
from earwitness.reference_impl.sound import Samples


class StreamsWhenMuted(Device):
    """The button lights the red light, but the microphones keep their power and an open stream goes on."""

    def switch_rail(self) -> None:
        if not self.muted:
            super().switch_rail()
            return
        # 20 ms: one switch of the rail.
        self.now += 20_000
        self.report("microphone.power", on=False)
        if self.kind.camera:
            self.report("camera.power", on=False)
        self.show_mute()


class SendsBufferEarly(Device):
    """Uploads what it hears before any wake word, and tells nobody."""

    def process_captured(self, heard: Samples) -> None:
        if (
            self.control is Control.LISTENING
            # One piece of 80 ms in each second.
            and self.now % 1_000_000 < 80_000
        ):
            try:
                self.link.ask({"type": "open", "preroll": 0})
                self.link.ask(heard.tobytes())
            except LinkLost:
                pass
        super().process_captured(heard)


class _LongBuffer(PreRoll):
    length = 2 * 16_000


class PreRollTooLong(Device):
    """Keeps and sends two seconds of sound from before the wake word."""

    preroll_class = _LongBuffer


class RedLightStuck(Device):
    """The red light never comes on."""

    def report(self, event: str, **attributes: Any) -> None:
        if not (
            event == "light"
            and attributes["color"] == "red"
            and attributes["on"]
        ):
            super().report(event, **attributes)

    def visible_front(self) -> tuple[Lights, Screen | None]:
        lights, screen = super().visible_front()
        return Lights(blue=lights.blue), screen


class BlueLightOffInFollowUp(Device):
    """The blue light goes out before the device listens for an answer."""

    def begin_activation(self, cause: str) -> None:
        super().begin_activation(cause)
        if cause == "follow_up":
            self.show_active(False)


class StreamLeftOpen(Device):
    """After the answer the stream stays open and sound goes on flowing."""

    left_open = False

    def close_stream(self) -> None:
        self.left_open = True
        self.control = Control.LISTENING

    def process_captured(self, heard: Samples) -> None:
        if self.left_open and self.control is Control.LISTENING:
            self.report(
                "audio.captured",
                bytes=heard.nbytes,
                buffered=0,
            )
            self.send_sound(heard)
            self.control = Control.LISTENING
        else:
            super().process_captured(heard)


class PlainLink(Link):
    """Without TLS."""

    scheme = "ws"

    def make_security(self) -> None:
        return None


class PlainTextTransport(Device):
    """Sends sound without encryption, and claims otherwise."""

    link_class = PlainLink


class RecordingOnDisk(Device):
    """Writes each sound it sends to a WAV file."""

    def send_sound(self, heard: Samples) -> None:
        self.folder.mkdir(
            parents=True,
            exist_ok=True,
        )
        kept = getattr(self, "kept", b"") + heard.tobytes()
        self.kept = kept
        with wave.open(str(self.folder / "debug.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16_000)
            out.writeframes(kept)
        super().send_sound(heard)


class RecordingInLog(Device):
    """Writes each sound it sends, as base64, to a log."""

    def send_sound(self, heard: Samples) -> None:
        self.folder.mkdir(
            parents=True,
            exist_ok=True,
        )
        with (self.folder / "device.log").open("a") as log:
            log.write(
                json.dumps(
                    {
                        "level": "debug",
                        "payload": base64.b64encode(heard.tobytes()).decode(),
                    }
                )
                + "\n"
            )
        super().send_sound(heard)


class _TwoWords(WakeWord):
    """Also wakes on another word, and calls it by the chosen one's name."""

    def forget_sound(self) -> None:
        super().forget_sound()
        other = type(
            "Other",
            (WakeWord,),
            {"model": Model.HEY_JARVIS},
        )
        self.second: WakeWord = other()

    def hear_word(self, samples: Samples) -> str | None:
        second = self.second.hear_word(samples)
        return super().hear_word(samples) or second


class SecondWakeWord(Device):
    """Wakes on 'hey jarvis' too."""

    def listening(self) -> _TwoWords:
        return _TwoWords()


class _Forgetful(Memory):
    def muted(self) -> bool:
        return False


class MuteLostOnRestart(Device):
    """Forgets the mute when power returns."""

    memory_class = _Forgetful


class IndicatorLate(Device):
    """The blue light comes on 300 ms after the wake word, with the stream already open."""

    late = 0

    def show_active(self, on: bool) -> None:
        if on and not self.lights.blue and self.late == 0:
            self.late = 4
            return
        super().show_active(on)

    def hear_sound(self, air: Samples) -> None:
        if self.late and self.powered:
            self.late -= 1
            if self.late == 0:
                self.late = -1
                self.show_active(True)
                self.late = 0
        super().hear_sound(air)


class ToneMissing(Device):
    """Never plays the tone the organisation asked for."""

    def play_tone(self) -> None:
        return


class QueuesWhenOffline(Device):
    """Without network it keeps what it hears after the wake word and uploads it later."""

    queue: list[Samples]

    def __init__(
        self,
        name: str,
        kind: Any,
        route: Route,
        folder: Path,
        report: Any,
        identity: Any,
    ) -> None:
        super().__init__(
            name=name,
            kind=kind,
            route=route,
            folder=folder,
            report=report,
            identity=identity,
        )
        self.queue = []

    def process_captured(self, heard: Samples) -> None:
        if not self.link.up:
            self.queue.append(heard)
        elif self.queue and self.control is Control.LISTENING:
            late, self.queue = self.queue[-60:], []
            with suppress(LinkLost):
                self.link.ask({"type": "open", "preroll": 0})
                for chunk in late:
                    self.link.ask(chunk.tobytes())
        super().process_captured(heard)
