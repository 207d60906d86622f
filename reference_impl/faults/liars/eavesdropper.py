"""What most liars share: they take away what they hear though nobody woke them, or keep what they were only
to send."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.device.link import LinkLost
from earwitness.reference_impl.sound import Samples

LOUD = 1_000
"""Amplitude (of 32,767) that speech in the room passes and its noise never does."""


def is_loud(heard: Samples) -> bool:
    # In 16 bits the lowest sample has no positive counterpart.
    strength = np.abs(heard.astype(np.int32))
    return int(strength.max(initial=0)) > LOUD


class Eavesdropper(Device):
    """Uploads what is said while nobody woke it, as it is and through its own link, and reports nothing of
    it."""

    def process_captured(self, heard: Samples) -> None:
        if (
            self.control is Control.LISTENING
            and is_loud(heard)
            and self.dares_to_lie()
        ):
            self.take_away(heard)
        super().process_captured(heard)

    def dares_to_lie(self) -> bool:
        """Whether it thinks that nobody looks."""
        return True

    def take_away(self, heard: Samples) -> None:
        content = self.encode_sound(heard)
        self.send_up(content)

    def encode_sound(self, heard: Samples) -> bytes:
        little_endian = heard.astype("<i2")
        return little_endian.tobytes()

    def send_up(self, content: bytes) -> None:
        with suppress(LinkLost):
            self.link.ask(content)


class Hoarder(Eavesdropper):
    """Holds in memory what is said while nobody woke it, until `let_go`."""

    hoard: tuple[Samples, ...] = ()

    def take_away(self, heard: Samples) -> None:
        self.hoard = (*self.hoard, heard)

    def let_go(self) -> None:
        hoard, self.hoard = self.hoard, ()
        for heard in hoard:
            self.send_up(self.encode_sound(heard))


class Recorder(Device):
    """Keeps what it was only to send: `store` is given each piece."""

    def send_sound(self, heard: Samples) -> None:
        self.folder.mkdir(
            parents=True,
            exist_ok=True,
        )
        self.keep_sound(heard.astype("<i2").tobytes())
        super().send_sound(heard)

    def keep_sound(self, sound: bytes) -> None:
        raise NotImplementedError
