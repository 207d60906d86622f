"""Seeded faults that were invented apart from the search that is to find them: of timing, of state, of
counters, of restarts."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from earwitness.reference_impl.device.buffer import PreRoll
from earwitness.reference_impl.device.camera import Camera
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.device.link import Link, LinkLost
from earwitness.reference_impl.device.microphone import Rail
from earwitness.reference_impl.device.wake import Listening, make_detector
from earwitness.reference_impl.faults.delayed import Delayed
from earwitness.reference_impl.faults.device import PlainLink
from earwitness.reference_impl.protocol import CHUNK_US
from earwitness.reference_impl.sound import Samples


class MuteLateWhileStreaming(Delayed):
    """While it streams, the microphones lose their power 320 ms after the button."""

    def switch_rail(self) -> None:
        if self.muted and self.control is Control.STREAMING:
            self.postpone(4, super().switch_rail)
        else:
            self.waiting = None
            super().switch_rail()


class BlueLightLateAfterMute(Delayed):
    """The first time it wakes after it was unmuted, the blue light comes 320 ms late."""

    fresh = False

    def press_microphone(self) -> None:
        super().press_microphone()
        self.fresh = not self.muted

    def show_active(self, on: bool) -> None:
        if on and self.fresh and not self.in_call:
            self.fresh = False
            self.postpone(4, self.show_if_streaming)
        else:
            super().show_active(on)

    def show_if_streaming(self) -> None:
        streaming = self.control is Control.STREAMING
        super().show_active(streaming)


class ClosesLate(Delayed):
    """Where the action button opened the stream, it stays open for three seconds after the answer."""

    cause = ""

    def begin_activation(self, cause: str) -> None:
        self.cause = cause
        super().begin_activation(cause)

    def close_stream(self) -> None:
        if (
            self.cause == "action_button"
            and self.powered
            and self.link.up
            and not self.muted
        ):
            self.control = Control.LISTENING
            self.cause = ""
            # 38 pieces of 80 ms: three seconds.
            self.postpone(38, super().close_stream)
        else:
            self.waiting = None
            super().close_stream()


class PreRollGrows(Device):
    """Each restart makes the pre-roll half a second longer."""

    restarts = 0

    def set_power(self, on: bool) -> None:
        super().set_power(on)
        if not on:
            self.restarts += 1
            self.preroll.length = PreRoll.length * (1 + self.restarts)


class RedLightLostOnRestart(Device):
    """When power returns to a muted device, the microphones stay off and the red light too."""

    returning = False

    def set_power(self, on: bool) -> None:
        self.returning = on
        super().set_power(on)
        self.returning = False

    def show_mute(self) -> None:
        unseen = self.returning and self.muted
        if not unseen:
            super().show_mute()


class DarkAtBargeIn(Device):
    """Whoever interrupts it sees no blue light."""

    interrupted = False

    def begin_activation(self, cause: str) -> None:
        self.interrupted = self.speaker.playing
        super().begin_activation(cause)
        self.interrupted = False

    def show_active(self, on: bool) -> None:
        unseen = on and self.interrupted
        if not unseen:
            super().show_active(on)


class ToneOnce(Device):
    """Plays the tone for the first stream after it was turned on, and never again."""

    tone_due = False

    def want_tone(self, wanted: bool) -> None:
        super().want_tone(wanted)
        self.tone_due = wanted

    def play_tone(self) -> None:
        if self.tone_due:
            super().play_tone()
        self.tone_due = False


class FollowsUpTwice(Device):
    """When an answer to its question was given, it listens once more though nobody asked."""

    following = False

    def begin_activation(self, cause: str) -> None:
        self.following = cause == "follow_up" and not self.following
        super().begin_activation(cause)

    def finish_request(self) -> None:
        again = self.following
        super().finish_request()
        if again and self.control is Control.LISTENING and not self.asked:
            self.begin_activation("follow_up")


class OldWordStillWakes(Device):
    """After another word was chosen, the old one still wakes it, and is reported as the new one."""

    old: Listening | None = None

    def choose_word(self, word: str) -> None:
        self.old = make_detector(self.word)
        super().choose_word(word)

    def process_captured(self, heard: Samples) -> None:
        listening = self.control is Control.LISTENING
        super().process_captured(heard)
        if (
            listening
            and self.old is not None
            and self.old.hear_word(heard) is not None
        ):
            self.wake_by_the_old_word()

    def wake_by_the_old_word(self) -> None:
        if self.control is Control.LISTENING:
            self.report("wake_word", word=self.word)
            self.begin_activation("wake_word")


class ShutterForgotten(Device):
    """After a restart it sees through the closed shutter."""

    def set_power(self, on: bool) -> None:
        super().set_power(on)
        if on:
            # The shutter is where it was; only the driver believes otherwise.
            self.camera.shutter_closed = False


class CameraOnAfterTwoMutes(Device):
    """The second time it is muted the camera keeps its power."""

    mutes = 0

    def switch_rail(self) -> None:
        self.mutes += self.muted
        self.camera.rail = (
            Rail(fed=True) if self.muted and self.mutes == 2 else self.rail
        )
        super().switch_rail()

    def report(self, event: str, **attributes: Any) -> None:
        kept = self.camera.rail is not self.rail
        if not (event == "camera.power" and not attributes["on"] and kept):
            super().report(event, **attributes)

    def sense_air(self, air: Samples) -> None:
        super().sense_air(air)
        if not self.powered:
            self.camera = Camera(self.rail)


class PlainAfterNetworkLoss(Device):
    """After the network was lost it comes back without encryption."""

    def set_network(self, up: bool) -> None:
        super().set_network(up)
        if up:
            self.link = _DegradedLink(self.link.route)
            self.line.link = self.link


class _DegradedLink(PlainLink):
    encrypted = False


class LeaksAtUnmute(Device):
    """Uploads the first piece that it hears when it is unmuted."""

    due = False

    def press_microphone(self) -> None:
        super().press_microphone()
        self.due = not self.muted

    def process_captured(self, heard: Samples) -> None:
        if self.due and self.control is Control.LISTENING:
            self.due = False
            upload_piece(self.link, heard)
        super().process_captured(heard)


class LeaksAfterFifthRequest(Device):
    """From its fifth request on it goes on uploading for half a second after each."""

    requests = 0
    left = 0

    def finish_request(self) -> None:
        super().finish_request()
        self.requests += 1
        # Six pieces of 80 ms, from the fifth request on.
        self.left = 6 if self.requests >= 5 else 0

    def process_captured(self, heard: Samples) -> None:
        if self.left and self.control is Control.LISTENING:
            self.left -= 1
            upload_piece(self.link, heard)
        super().process_captured(heard)


class LeaksWhenLeftAlone(Device):
    """Uploads a piece every ten minutes in which nothing happened."""

    quiet_since = 0
    # Ten minutes.
    patience = 600_000_000

    def process_captured(self, heard: Samples) -> None:
        if self.control is not Control.LISTENING:
            self.quiet_since = self.now
        elif self.now - self.quiet_since >= self.patience:
            self.quiet_since = self.now
            upload_piece(self.link, heard)
        super().process_captured(heard)


class ListensWhenPressedMuted(Device):
    """The action button gives muted microphones their power for one request."""

    def press_action(self) -> None:
        super().press_action()
        if self.powered and self.muted:
            self.rail.switch(True)
            self.begin_activation("action_button")


class QueuesAtButton(Device):
    """Without network, what is said after the action button is kept and uploaded when the network is back."""

    queue: tuple[Samples, ...] = ()
    left = 0

    def press_action(self) -> None:
        super().press_action()
        # Three seconds.
        self.left = 0 if self.link.up else 3_000_000 // CHUNK_US

    def process_captured(self, heard: Samples) -> None:
        if self.left:
            self.left -= 1
            self.queue = (*self.queue, heard)
        elif (
            self.link.up and self.queue and self.control is Control.LISTENING
        ):
            queue, self.queue = self.queue, ()
            for piece in queue:
                upload_piece(self.link, piece)
        super().process_captured(heard)


class SpeaksAfterPowerLoss(Device):
    """An answer that was cut off by a loss of power is spoken when power is back, though nobody asked."""

    cut_off: Samples | None = None

    def set_power(self, on: bool) -> None:
        before = self.speaker._left.copy()
        super().set_power(on)
        if not on:
            self.cut_off = before if len(before) else None
        elif self.cut_off is not None:
            self.report(
                "tts.audio",
                bytes=self.cut_off.nbytes,
                asked_by="nobody",
            )
            self.speaker.play(self.cut_off)
            self.cut_off = None


def upload_piece(link: Link, heard: Samples) -> None:
    """Send a piece outside any stream."""
    with suppress(LinkLost):
        link.ask({"type": "open", "preroll": 0})
        link.ask(heard.tobytes())
