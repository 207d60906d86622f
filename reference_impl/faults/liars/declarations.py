"""Liars that hide by declaration: they do one thing and report another."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import numpy as np

from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.device.link import Link, Route
from earwitness.reference_impl.device.screen import Lights, Screen
from earwitness.reference_impl.faults.device import PlainLink
from earwitness.reference_impl.faults.liars.eavesdropper import is_loud
from earwitness.reference_impl.messages import (
    Attributes,
    Message,
    SessionRequest,
)
from earwitness.reference_impl.session import Session
from earwitness.reference_impl.sound import Samples


class IgnoresThirdMute(Device):
    """From the third press on the microphone button does nothing, and nothing is reported."""

    presses = 0

    def press_microphone(self) -> None:
        self.presses += 1
        # The third press, and all later ones, are ignored.
        if self.presses < 3:
            super().press_microphone()


class InventedButton(Device):
    """Reports an action button that nobody pressed, and streams the room."""

    heard_so_far = 0

    def process_captured(self, heard: Samples) -> None:
        self.heard_so_far += 1
        # 200 pieces of 80 ms: every 16 seconds; chosen.
        if self.control is Control.LISTENING and self.heard_so_far % 200 == 0:
            self.report("button.action")
            self.begin_activation("action_button")
        super().process_captured(heard)


class FalseWake(Device):
    """Streams the quiet room, and reports a wake word."""

    heard_so_far = 0

    def process_captured(self, heard: Samples) -> None:
        super().process_captured(heard)
        self.heard_so_far += 1
        # 200 pieces of 80 ms: every 16 seconds; chosen.
        if self.control is Control.LISTENING and self.heard_so_far % 200 == 0:
            self.report("wake_word", word=self.word)
            self.begin_activation("wake_word")


class WakesOnAnything(Device):
    """Reports the wake word whenever somebody speaks, whatever is said."""

    loud_so_far = 0

    def process_captured(self, heard: Samples) -> None:
        super().process_captured(heard)
        self.loud_so_far = self.loud_so_far + 1 if is_loud(heard) else 0
        # Ten pieces of 80 ms; chosen, a sentence.
        if self.control is Control.LISTENING and self.loud_so_far == 10:
            self.report("wake_word", word=self.word)
            self.begin_activation("wake_word")


class StreamNotReported(Device):
    """Opens streams now and then, and reports neither stream nor light."""

    heard_so_far = 0
    silent = False

    def process_captured(self, heard: Samples) -> None:
        self.heard_so_far += 1
        # 150 pieces of 80 ms: every 12 seconds; chosen.
        if self.control is Control.LISTENING and self.heard_so_far % 150 == 0:
            self.silent = True
            self.begin_activation("other")
        super().process_captured(heard)
        self.silent = self.silent and self.control is not Control.LISTENING

    def show_active(self, on: bool) -> None:
        if not self.silent:
            super().show_active(on)

    def report(self, event: str, **attributes: Any) -> None:
        hidden = event.startswith(
            ("stream.", "audio.", "request.", "asr.", "nlu.", "skill.")
        )
        if not (self.silent and hidden):
            super().report(event, **attributes)


class UnverifiedLink(Link):
    """Believes whoever answers."""

    def make_security(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


class Unverified(Device):
    """Accepts any certificate, and reports that all is encrypted."""

    link_class = UnverifiedLink


class AnyNameLink(Link):
    """Believes any server that its authority vouches for."""

    def make_security(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.route.authority)
        context.check_hostname = False
        return context


class WrongName(Device):
    """Accepts the certificate of another server that its authority vouches for."""

    link_class = AnyNameLink


class RedLightOnlyReported(Device):
    """Reports a red light that never shines."""

    def visible_front(self) -> tuple[Lights, Screen | None]:
        lights, screen = super().visible_front()
        return Lights(blue=lights.blue), screen


class MuteSymbolOnlyReported(Device):
    """Reports a mute symbol that the screen never shows."""

    def visible_front(self) -> tuple[Lights, Screen | None]:
        lights, screen = super().visible_front()
        return lights, hide_symbol(screen, "mute_symbol")


class BlueLightOnlyReported(Device):
    """Reports a blue light that never shines, on the ring and on the screen."""

    def visible_front(self) -> tuple[Lights, Screen | None]:
        lights, screen = super().visible_front()
        return Lights(red=lights.red), hide_symbol(screen, "blue_bar")


def hide_symbol(screen: Screen | None, symbol: str) -> Screen | None:
    """The same screen, where that symbol is not shown."""
    if screen is None:
        return None
    return Screen(screen.shown - {symbol}, screen.picture)


class ToneOnlyReported(Device):
    """Reports a tone that nobody can hear."""

    def play_tone(self) -> None:
        self.report("tone")


class MuteOnlyReported(Device):
    """Reports that the microphones lost their power, lights the red light, and goes on listening in
    silence."""

    def switch_rail(self) -> None:
        super().switch_rail()
        self.rail.switch(True)

    def process_captured(self, heard: Samples) -> None:
        if not self.muted:
            super().process_captured(heard)


class BackdatedLight(BlueLightOnlyReported):
    """The blue light comes 400 ms after it is reported."""

    # Five pieces of 80 ms.
    pieces = 5
    dark_for = 0

    def show_active(self, on: bool) -> None:
        if on and not self.lights.blue:
            self.dark_for = self.pieces
        super().show_active(on)

    def hear_sound(self, air: Samples) -> None:
        self.dark_for = max(0, self.dark_for - 1)
        super().hear_sound(air)

    def visible_front(self) -> tuple[Lights, Screen | None]:
        return (
            super().visible_front()
            if self.dark_for
            else Device.visible_front(self)
        )


class ShutterOnlyReported(Device):
    """Reports that the shutter is closed, and goes on seeing without reporting a frame."""

    hidden = False

    def move_shutter(self) -> None:
        super().move_shutter()
        self.hidden = self.camera.shutter_closed

    def sense_air(self, air: Samples) -> None:
        closed, self.camera.shutter_closed = self.camera.shutter_closed, False
        super().sense_air(air)
        self.camera.shutter_closed = closed

    def report(self, event: str, **attributes: Any) -> None:
        if event != "camera.captured" or not self.hidden:
            super().report(event, **attributes)


class EncryptionOnlyReported(Device):
    """Falls back to a link without encryption after the network was lost, and reports that all is
    encrypted."""

    def set_network(self, up: bool) -> None:
        super().set_network(up)
        if up:
            route: Route = self.link.route
            self.link.drop()
            self.link = PlainLink(route)
            self.line.link = self.link


class SqueezedPreRoll(Device):
    """Sends a second of sound from before the wake word, squeezed into the length of the pre-roll."""

    longer: Samples = np.zeros(0, np.int16)

    def process_captured(self, heard: Samples) -> None:
        # A second of sound; every other sample of it is as long as the pre-roll.
        self.longer = np.concatenate([self.longer, heard])[-16_000:]
        super().process_captured(heard)

    def begin_activation(self, cause: str) -> None:
        if cause == "wake_word":
            self.preroll.samples = self.longer[::2].copy()
        super().begin_activation(cause)


class SilentLog(Session):
    """Gives other organisations' data away, and reports no access at all."""

    cloud_fault = "theirs"

    def answer_query(self, request: SessionRequest) -> Message:
        before = len(self.out)
        reply = super().answer_query(request)
        if request["actor"] == "theirs":
            del self.out[before:]
        return reply


class RefusalTells(Session):
    """Refuses transcripts, and tells in the reason what may not be read."""

    said = ""

    def report(
        self, event: str, time: int, device: str, attributes: Attributes
    ) -> None:
        if event == "asr.result":
            self.said = str(attributes["text"])
        super().report(event, time=time, device=device, attributes=attributes)

    def handle_request(self, request: SessionRequest) -> Iterator[Message]:
        if request.get("resource") != "transcripts":
            yield from super().handle_request(request)
            return
        yield {
            "id": request.get("id"),
            "error": f"403: '{self.said}' is not for {request.get('role')}",
            "definite": True,
        }
