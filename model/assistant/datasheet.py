"""The bounds of the promises, which the model may use to the full. Microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Bounds:
    """One field for each parameter of a pack; the defaults are those of the clause catalogue, since the white paper gives none."""

    preroll: int = 500_000
    indicator: int = 200_000
    cut: int = 100_000
    activation: int = 2_000_000
    turn: int = 30_000_000
    close: int = 2_000_000
    follow_up: int = 8_000_000

    @classmethod
    def of(cls, parameters: Mapping[str, int]) -> Bounds:
        """The bounds a pack promises; defaults where it is silent."""
        return cls(**{f.name: parameters[f.name] for f in fields(cls) if f.name in parameters})
