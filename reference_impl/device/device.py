"""The device's firmware: what it does with each 80 ms of sound and each press of a button.

The clock is virtual: it advances by what the microphones could have heard, so a run is the same each time.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from earwitness.reference_impl.calls.identity import Identity
from earwitness.reference_impl.calls.line import Line
from earwitness.reference_impl.device.answer import CloudAnswer, read_answer
from earwitness.reference_impl.device.buffer import PreRoll
from earwitness.reference_impl.device.camera import Camera
from earwitness.reference_impl.device.kinds import Control, DeviceKind
from earwitness.reference_impl.device.link import (
    Link,
    LinkLost,
    Pending,
    Route,
)
from earwitness.reference_impl.device.memory import Memory
from earwitness.reference_impl.device.microphone import Microphones, Rail
from earwitness.reference_impl.device.screen import Lights, Screen
from earwitness.reference_impl.device.speaker import TONE, Speaker
from earwitness.reference_impl.device.wake import (
    Listening,
    make_detector,
)
from earwitness.reference_impl.messages import WAKE_WORDS
from earwitness.reference_impl.protocol import CHUNK_US, Report
from earwitness.reference_impl.sound import Samples
from earwitness.reference_impl.wire_sound import WireCoding, make_coder

SWITCHING_US = 20_000
"""From the button to the rail, and from the rail to each light."""


class Device:
    """One device. Every public method is something that happens to it; everything it does is reported."""

    link_class, preroll_class, memory_class, line_class = (
        Link,
        PreRoll,
        Memory,
        Line,
    )
    coding = WireCoding.SAMPLES

    def __init__(
        self,
        name: str,
        kind: DeviceKind,
        route: Route,
        folder: Path,
        report: Report,
        identity: Identity,
    ) -> None:
        self.name, self.kind, self._report = name, kind, report
        self.now = 0
        self.control = Control.IDLE
        self.rail = Rail()
        self.microphone, self.camera = (
            Microphones(self.rail),
            Camera(self.rail),
        )
        self.word = "alexa"
        self.preroll, self.wake, self.memory = (
            self.preroll_class(),
            self.listening(),
            self.memory_class(folder),
        )
        self.link = self.link_class(route)
        self.coder = make_coder(self.coding)
        self.folder = folder
        self.speaker, self.lights, self.screen = (
            Speaker(),
            Lights(),
            Screen() if kind.screen else None,
        )
        self.muted = self.powered = self.tone_wanted = False
        self.asked = False
        """Whether it will listen for an answer when it has spoken."""
        self.caption = ""
        """What it says, or said last, in letters."""
        self.stream = 0
        self.pending: Pending | None = None
        self.line = self.line_class(
            name,
            identity,
            self.link,
        )
        self.in_call = False
        self.action_enabled = True

    # What happens to the device

    def set_power(self, on: bool) -> None:
        if on == self.powered:
            return
        if not on:
            self.collect()
        self.powered = on
        if not on:
            self.link.drop()
            self.rail.switch(False)
            self.preroll, self.wake = self.preroll_class(), self.listening()
            self.speaker.stop()
            self.asked = False
            self.lights = Lights()
            if self.screen is not None:
                self.screen.clear()
            self.control = Control.IDLE
            self.report("power", on=False, kind=self.kind.name)
            self.end_call()
            return
        self.report("power", on=True, kind=self.kind.name)
        self.muted = self.memory.muted()
        self.report("setting.wake_word", word=self.wake.word)
        self.switch_rail()

    def press_microphone(self) -> None:
        if self.powered:
            self.report("button.microphone")
            self.muted = not self.muted
            # Kept first: power may go at any moment, and the mute must survive it.
            kept = self.memory.keep_mute(self.muted)
            self.switch_rail()
            if kept:
                self.report(
                    "record.write",
                    store="device",
                    category="setting",
                    acted_on=False,
                )

    def press_action(self) -> None:
        if self.powered:
            self.report("button.action")
            if self.control is Control.LISTENING and self.action_enabled:
                self.begin_activation("action_button")

    def move_shutter(self) -> None:
        if self.kind.camera:
            self.camera.shutter_closed = not self.camera.shutter_closed
            self.report("shutter", closed=self.camera.shutter_closed)

    def set_network(self, up: bool) -> None:
        self.link.up = up
        self.report("network", on=up)
        if not up:
            self.lose_stream()
            self.link.drop()
            self.forget_question()
            self.end_call()

    def fetch_settings(self) -> None:
        """Ask the cloud how the organisation set this device. Without network the old settings stand."""
        with suppress(LinkLost):
            settings = self.link.ask(
                {"type": "settings", "device": self.name}
            )
            tone, word = settings.get("tone"), settings.get("word")
            if isinstance(tone, bool) and tone is not self.tone_wanted:
                self.want_tone(tone)
            if word in WAKE_WORDS and word != self.word:
                self.choose_word(word)

    def choose_word(self, word: str) -> None:
        """Listen for another of the four words."""
        self.word = word
        self.wake = self.listening()
        self.report("setting.wake_word", word=word)

    def listening(self) -> Listening:
        """What listens for the chosen word."""
        return make_detector(self.word)

    def want_tone(self, wanted: bool) -> None:
        self.tone_wanted = wanted
        self.report("setting.tone", on=wanted)

    def call(self, leg: str) -> None:
        """A call begins, from here or from elsewhere: tell it and show it, since what is heard leaves from
        now on. The line is dialled by whoever knows the other end."""
        self.in_call = True
        self.report("call.start", leg=leg)
        self.show_active(True)

    def takes_call(self, answered: bool) -> bool:
        """Somebody calls this device: whether it is there, free and answered by the person beside it."""
        reachable = self.powered and self.link.up
        return reachable and not self.line.busy and answered

    def end_call(self) -> None:
        """Hang up, if there is a call, or what is left of one that broke."""
        if not self.in_call:
            return
        self.line.hang_up()
        self.in_call = False
        self.report("call.end")
        if (
            self.control not in (Control.STREAMING, Control.WAITING)
            and not self.asked
        ):
            self.show_active(False)

    def hear_sound(self, air: Samples) -> None:
        """One chunk of what is in the air around the device."""
        self.now += CHUNK_US
        if self.powered:
            self.sense_air(air)
        self.speaker.advance()

    # What the firmware does

    def sense_air(self, air: Samples) -> None:
        """What the powered device does with one piece: hear it, see, and listen for an answer once the
        question is over."""
        over = self.asked and not self.speaker.playing
        heard = self.microphone.read(air)
        if heard is not None:
            self.process_captured(heard)
            self.talk(heard)
        frame = self.camera.read() if self.kind.camera else None
        if frame is not None:
            self.report("camera.captured", bytes=frame.nbytes)
        if self.screen is not None:
            # In a call one sees oneself.
            self.screen.picture = frame if self.line.busy else None
        if over and self.asked:
            self.begin_activation("follow_up")

    def talk(self, heard: Samples) -> None:
        """In a call, what is heard goes to the other end."""
        if self.line.lost:
            self.end_call()
        sent = self.line.send_sound(heard)
        if sent is not None and sent.leg == "device":
            self.report(
                "call.media",
                leg="device",
                bytes=sent.bytes,
                encrypted=sent.encrypted,
                end_to_end=sent.end_to_end,
            )

    def switch_rail(self) -> None:
        """The button's own circuit: rail first, then the lights that show it."""
        self.now += SWITCHING_US
        self.rail.switch(not self.muted)
        self.report("microphone.power", on=not self.muted)
        if self.kind.camera:
            self.report("camera.power", on=not self.muted)
        self.show_mute()
        if self.muted:
            self.preroll.take()
            self.lose_stream()
            self.forget_question()
            self.control = Control.MUTED
        else:
            self.control = Control.LISTENING

    def show_mute(self) -> None:
        self.now += SWITCHING_US
        self.lights.red = self.muted
        self.report(
            "light",
            color="red",
            on=self.muted,
        )
        self.show("mute_symbol", self.muted)

    def show(self, symbol: str, on: bool) -> None:
        """Show a symbol on the screen, or take it away, where there is a screen."""
        if self.screen is not None:
            self.screen.show(symbol, on)
            self.report(
                "screen",
                symbol=symbol,
                on=on,
            )

    def process_captured(self, heard: Samples) -> None:
        if self.control is Control.STREAMING:
            self.report(
                "audio.captured",
                bytes=heard.nbytes,
                buffered=0,
            )
            self.send_sound(heard)
        elif self.control is Control.WAITING:
            self.report(
                "audio.captured",
                bytes=heard.nbytes,
                buffered=0,
            )
            self.finish_request()
        else:
            self.preroll.push(heard)
            self.report(
                "audio.captured",
                bytes=heard.nbytes,
                buffered=self.preroll.microseconds,
            )
            word = self.wake.hear_word(heard)
            if word is not None:
                self.report("wake_word", word=word)
                self.begin_activation("wake_word")

    def begin_activation(self, cause: str) -> None:
        """Fall silent, show it, then open the stream and send the pre-roll."""
        self.speaker.stop()
        self.caption = ""
        self.asked = False
        self.show_active(True)
        if self.tone_wanted:
            self.play_tone()
        held = self.preroll.take()
        if cause == "follow_up":
            held = held[:0]
        self.stream += 1
        begin = self.now - len(held) * 1_000_000 // 16_000
        self.coder = make_coder(self.coding)
        try:
            self.link.ask(
                {
                    "type": "open",
                    "device": self.name,
                    "cause": cause,
                    "preroll": len(held),
                    "coding": self.coding.value,
                }
            )
        except LinkLost:
            self.show_active(False)
            return
        self.control = Control.STREAMING
        self.report(
            "stream.open", stream=self.stream, cause=cause, **{"from": begin}
        )
        if len(held):
            self.send_sound(held)

    def play_tone(self) -> None:
        self.speaker.play(TONE)
        self.report("tone")

    def show_active(self, on: bool) -> None:
        """The blue light, and the bar on a screen: never off while a call goes on."""
        lit = on or self.in_call
        if lit != self.lights.blue:
            self.lights.blue = lit
            self.report(
                "light",
                color="blue",
                on=lit,
            )
            self.show("blue_bar", lit)

    def send_sound(self, heard: Samples) -> None:
        try:
            reply = self.link.ask(self.coder.encode_piece(heard))
        except LinkLost:
            self.lose_stream()
            return
        begin = self.now - len(heard) * 1_000_000 // 16_000
        self.report(
            "stream.audio",
            stream=self.stream,
            bytes=heard.nbytes,
            to=self.now,
            encrypted=self.link.encrypted,
            voice=True,
            **{"from": begin},
        )
        if reply.get("stop"):
            # The answer is prepared while the device goes on listening for one piece more.
            with suppress(LinkLost):
                self.pending = self.link.send({"type": "end"})
            self.control = Control.WAITING

    def collect(self) -> CloudAnswer | None:
        """The answer of the cloud, if one was asked for and comes: what happened there is reported,
        whatever becomes of it here."""
        pending, self.pending = self.pending, None
        if pending is None:
            return None
        try:
            answer = read_answer(self.link.answer(pending))
        except (LinkLost, ValueError):
            return None
        for event, attributes in answer.events:
            self.report(event, **attributes)
        return answer

    def finish_request(self) -> None:
        """Take the answer, close the stream, speak, and listen again afterwards if the skill asked
        something."""
        answer = self.collect()
        if answer is None:
            self.lose_stream()
            return
        self.report("request.processed", stream=self.stream)
        self.close_stream()
        if len(answer.speech):
            self.report(
                "tts.audio", bytes=answer.speech.nbytes, asked_by="self"
            )
            self.speaker.play(answer.speech)
        self.caption = answer.caption
        if not answer.follow_up:
            self.show_active(False)
        elif self.speaker.playing:
            self.asked = True
        else:
            self.begin_activation("follow_up")

    def forget_question(self) -> None:
        """No longer listen for an answer."""
        if self.asked:
            self.asked = False
            self.show_active(False)

    def close_stream(self) -> None:
        self.report("stream.close", stream=self.stream)
        self.control = Control.LISTENING
        self.preroll.take()
        self.wake.forget_sound()

    def lose_stream(self) -> None:
        """Drop an open stream and what was on its way."""
        if self.control in (Control.STREAMING, Control.WAITING):
            self.collect()
            self.link.drop()
            self.close_stream()
            self.show_active(False)

    def visible_front(self) -> tuple[Lights, Screen | None]:
        """What a person sees of it."""
        return self.lights, self.screen

    def report(self, event: str, **attributes: Any) -> None:
        self._report(
            event,
            self.now,
            self.name,
            attributes,
        )
