"""The microphones behind their power rail. Without power there are no frames: not silence, nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

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


@dataclass
class Camera:
    """Yields frames from a source while its rail is fed and the shutter is open."""

    rail: Rail
    shutter_closed: bool = False
    frame: bytes = field(default=bytes(range(256)) * 16)

    def read(self) -> bytes | None:
        return None if self.shutter_closed or not self.rail.fed else self.frame
