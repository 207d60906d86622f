"""A vector as data, matched against what was observed. `vector_file` keeps vectors in files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from earwitness.conformance.stimuli.stimulus import (
    Scenario,
    Stimulus,
    needs,
)
from earwitness.model.expression import Value
from earwitness.model.trace import Observation

DEVICE = "device"
"""Stands for whichever device of the right kind the target has."""


@dataclass(frozen=True)
class Expected:
    """An event that should be seen, with these attributes as far as anybody names them."""

    event: str
    attributes: Mapping[str, Value]

    def fits(self, seen: Observation) -> bool:
        return seen.event == self.event and all(
            seen.attributes.get(name, value) == value
            for name, value in self.attributes.items()
        )

    def __hash__(self) -> int:
        return hash((self.event, tuple(sorted(self.attributes.items()))))

    def __str__(self) -> str:
        said = ", ".join(f"{n} = {v}" for n, v in self.attributes.items())
        return f"{self.event}({said})" if said else self.event


@dataclass(frozen=True)
class VectorStep:
    """Something done, and what should be seen of it, in this order; other events may stand between."""

    stimulus: Stimulus
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Vector:
    """What it reaches ('transition NAME', 'clause ID'), the kind of device it needs ('any' or 'show'), its
    steps from a device without power in its first state, and the run of the model it stands for. Without
    steps, nothing that can be done or seen from outside takes part in the run."""

    reaches: tuple[str, ...]
    kind: str
    steps: tuple[VectorStep, ...]
    model: tuple[str, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """The capabilities a target must have."""
        return tuple(
            dict.fromkeys(
                n for s in self.steps if (n := needs(s.stimulus)) is not None
            )
        )

    def scenario(self, device: str) -> Scenario:
        """The stimuli for a device of the target."""
        return on_device((s.stimulus for s in self.steps), device)

    def missing(self, seen: Iterable[Observation]) -> Expected | None:
        """The first expectation that is not met, in order; None where all are."""
        rest = iter(seen)
        for step in self.steps:
            for expected in step.expected:
                if not any(expected.fits(o) for o in rest):
                    return expected
        return None


def on_device(stimuli: Iterable[Stimulus], device: str) -> Scenario:
    """The stimuli, DEVICE replaced by a device of the target."""
    return tuple(
        msgspec.structs.replace(s, device=device) if s.device == DEVICE else s
        for s in stimuli
    )


def device_of(kind: str, devices: Mapping[str, str]) -> str | None:
    """A target's device of that kind ('any': the first), from its names and kinds."""
    return next(
        (d for d, known in devices.items() if kind in ("any", known)), None
    )
