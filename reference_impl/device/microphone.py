"""The microphones behind their power rail. Without power there are no frames: not silence, nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from earwitness.reference_impl.sound import Samples


@dataclass
class Rail:
    """The switched supply of microphones and camera. The button works on it directly; firmware cannot."""

    fed: bool = False

    def switch(self, on: bool) -> None:
        self.fed = on


class SoundSource(Protocol):
    """Sound that waits to be taken."""

    def read(self, samples: int) -> Samples: ...


@dataclass
class Microphones:
    """Yields what is in the air, only while its rail is fed. What is in the air comes with each call, or
    waits in a `source`."""

    rail: Rail
    source: SoundSource | None = None

    def read(self, air: Samples) -> Samples | None:
        """The samples heard, or None without power: then the source is not touched."""
        if not self.rail.fed:
            return None
        return air if self.source is None else self.source.read(len(air))
