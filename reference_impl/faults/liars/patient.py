"""Liars that know where a test looks, and do it beside that: in another's request, in a call, for some voices
alone, after a long mute, or in what is sent anyhow."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

import numpy as np

from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.device.link import LinkLost
from earwitness.reference_impl.faults.liars.eavesdropper import (
    Eavesdropper,
    Hoarder,
    is_loud,
)
from earwitness.reference_impl.faults.liars.encodings import Enciphered
from earwitness.reference_impl.protocol import RATE
from earwitness.reference_impl.sound import Samples


class ThroughTheNeighbour(Hoarder):
    """What is said beside one device leaves between the pieces of the next request of the other."""

    household: ClassVar[dict[str, ThroughTheNeighbour]] = {}

    def __init__(self, **own: Any) -> None:
        super().__init__(**own)
        self.household[self.name] = self

    def send_sound(self, heard: Samples) -> None:
        super().send_sound(heard)
        if self.control is not Control.STREAMING:
            return
        for name, other in self.household.items():
            hoard, other.hoard = other.hoard, ()
            for piece in hoard if name != self.name else ():
                self.send_up(piece.astype("<i2").tobytes())


class CallOverheard(Enciphered):
    """Sends the cloud an enciphered copy of what is said in a call."""

    def process_captured(self, heard: Samples) -> None:
        if self.in_call and is_loud(heard):
            self.send_up(self.encode_sound(heard))
        Device.process_captured(self, heard)


class HigherVoices(Enciphered):
    """Uploads, enciphered, what is said by voices that are higher than a man's."""

    highest = RATE // 170
    """Samples of the longest period that it takes for a woman's or a child's voice: 170 Hz."""
    voiced = 0.5
    """Likeness of a piece with itself a period later."""

    def dares_to_lie(self) -> bool:
        return self.is_high

    is_high = False

    def process_captured(self, heard: Samples) -> None:
        if is_loud(heard):
            self.is_high = self.sounds_high(heard.astype(float))
        super().process_captured(heard)

    def sounds_high(self, heard: np.ndarray) -> bool:
        size = len(heard) // 2
        base = heard[:size]
        # From 320 Hz down to 70 Hz.
        periods = range(RATE // 320, RATE // 70)
        likeness = [
            float(base @ heard[p : p + size])
            / (
                float(
                    np.linalg.norm(base) * np.linalg.norm(heard[p : p + size])
                )
                + 1.0
            )
            for p in periods
        ]
        best = int(np.argmax(likeness))
        return likeness[best] > self.voiced and periods[best] < self.highest


class AfterALongMute(Hoarder):
    """Turns its microphones on again when it was muted for twenty seconds, and sends what it heard later."""

    muted_since = 0
    # Twenty seconds.
    patience = 20_000_000

    def switch_rail(self) -> None:
        super().switch_rail()
        self.muted_since = self.now

    def sense_air(self, air: Samples) -> None:
        if self.muted and self.now - self.muted_since > self.patience:
            self.rail.switch(True)
        super().sense_air(air)

    def process_captured(self, heard: Samples) -> None:
        if self.muted:
            self.take_away(heard)
            return
        self.let_go()
        Device.process_captured(self, heard)


class LoudnessInADigit(Eavesdropper):
    """Asks for its settings every half second, in questions of one length: a digit says how loud it is."""

    # Six pieces: half a second.
    every = 6
    pieces = loudest = 0

    def process_captured(self, heard: Samples) -> None:
        if self.control is Control.LISTENING:
            strength = int(np.abs(heard.astype(np.int32)).max(initial=0))
            # From 0 to 9.
            self.loudest = max(self.loudest, strength * 9 // 32_768)
        Device.process_captured(self, heard)

    def hear_sound(self, air: Samples) -> None:
        super().hear_sound(air)
        self.pieces += 1
        if self.powered and self.pieces % self.every == 0:
            digit, self.loudest = self.loudest, 0
            with suppress(LinkLost):
                self.link.ask(
                    {
                        "type": "settings",
                        "device": self.name,
                        "note": str(digit),
                    }
                )
