"""Honest variations of how a device sends what it may send."""

from __future__ import annotations

import random
from contextlib import suppress

import numpy as np

from earwitness.reference_impl.cloud.endpoint import EndOfSpeech
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.device.link import LinkLost
from earwitness.reference_impl.sound import Samples, split_sound
from earwitness.reference_impl.wire_sound import WireCoding


class UploadsCounted(Device):
    """Sends its streams in mu-law, each message after a number and a checksum of twelve bytes."""

    coding = WireCoding.COUNTED


class UploadsText(Device):
    """Sends its streams as JSON objects that hold a part each in base 64."""

    coding = WireCoding.TEXT


class UploadsStereo(Device):
    """Sends its streams at 48 kHz in two channels, as its converter gives them."""

    coding = WireCoding.STEREO


class BurstAtTheEnd(Device):
    """Hears by itself when a request is over, and sends all of it at once then."""

    held: tuple[Samples, ...] = ()
    end: EndOfSpeech | None = None

    def begin_activation(self, cause: str) -> None:
        self.held, self.end = (), None
        super().begin_activation(cause)

    def lose_stream(self) -> None:
        self.held, self.end = (), None
        super().lose_stream()

    def send_sound(self, heard: Samples) -> None:
        if self.end is None:
            # The first piece is the pre-roll.
            self.end = EndOfSpeech(skip=len(heard))
        self.held = (*self.held, heard)
        self.end.feed(heard.tobytes())
        if self.end.settled or self.end.over:
            self.send_all()

    def send_all(self) -> None:
        sound = np.concatenate(self.held)
        self.held, self.end = (), None
        try:
            for part in split_sound(sound):
                if self.link.ask(self.coder.encode_piece(part)).get("stop"):
                    break
            self.pending = self.link.send({"type": "end"})
        except LinkLost:
            self.lose_stream()
            return
        self.report(
            "stream.audio",
            stream=self.stream,
            bytes=sound.nbytes,
            to=self.now,
            encrypted=self.link.encrypted,
            voice=True,
            **{"from": self.now - len(sound) * 1_000_000 // 16_000},
        )
        self.control = Control.WAITING


class PaddedPolls(Device):
    """Asks for its settings every second and pads the question with up to 200 characters by chance."""

    dice = random.Random()
    # Thirteen pieces of 80 ms: about a second.
    every = 13
    pieces = 0

    def hear_sound(self, air: Samples) -> None:
        self.pieces += 1
        if self.pieces % self.every == 0 and self.powered:
            padding = " " * self.dice.randrange(200)
            with suppress(LinkLost):
                self.link.ask(
                    {"type": "settings", "device": self.name, "note": padding}
                )
        super().hear_sound(air)
