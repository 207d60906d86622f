"""The microphones behind their power rail. Without power there are no frames: not silence, nothing."""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.reference_impl.sound import Samples


@dataclass
class Rail:
    """The switched supply of microphones and camera. The button works on it directly; firmware cannot."""

    fed: bool = False

    def switch(self, on: bool) -> None:
        self.fed = on


@dataclass
class Microphone:
    """Yields what is in the air, only while its rail is fed."""

    rail: Rail

    def read(self, air: Samples) -> Samples | None:
        """The samples heard, or None without power."""
        return air if self.rail.fed else None
