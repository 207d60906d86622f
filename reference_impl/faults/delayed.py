"""For faults of timing: something is done some pieces of sound later than it should be."""

from __future__ import annotations

from collections.abc import Callable

from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.sound import Samples


class Delayed(Device):
    """Does one thing later, unless power is lost before."""

    waiting: tuple[int, Callable[[], None]] | None = None

    def postpone(self, pieces: int, action: Callable[[], None]) -> None:
        """Do it when so many pieces of 80 ms were heard; what was postponed before is left out."""
        self.waiting = (pieces, action)

    def hear_sound(self, air: Samples) -> None:
        if self.waiting is not None:
            self.wait_on(*self.waiting)
        super().hear_sound(air)

    def wait_on(self, pieces: int, action: Callable[[], None]) -> None:
        self.waiting = (pieces - 1, action) if pieces > 1 else None
        if self.waiting is None:
            action()

    def set_power(self, on: bool) -> None:
        self.waiting = None
        super().set_power(on)
