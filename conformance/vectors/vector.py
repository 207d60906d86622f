"""A vector as data: kept as versioned JSON, matched against what was observed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earwitness.conformance.stimuli.stimulus import (
    Scenario,
    Stimulus,
    from_json,
    needs,
    to_json,
)
from earwitness.model.expression import Value
from earwitness.model.trace import Observation
from earwitness.policies.pack import shipped_file

FORMAT = 1
DEVICE = "device"
"""Stands for whichever device of the right kind the target has."""


class VectorError(ValueError):
    """A file that holds no vectors; the message says what is wrong."""


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
    steps from a device without power in
    its first state, and the run of the model it stands for. Without steps, nothing that can be done or seen
    from outside takes part in the run."""

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
        from_json({**to_json(s), "device": device})
        if s.device == DEVICE
        else s
        for s in stimuli
    )


def device_of(kind: str, devices: Mapping[str, str]) -> str | None:
    """A target's device of that kind ('any': the first), from its names and kinds."""
    return next(
        (d for d, known in devices.items() if kind in ("any", known)), None
    )


def _vector_json(vector: Vector) -> dict[str, Any]:
    steps = [
        {
            "stimulus": to_json(s.stimulus),
            "expect": [
                {"event": e.event, **e.attributes} for e in s.expected
            ],
        }
        for s in vector.steps
    ]
    return {
        "reaches": list(vector.reaches),
        "kind": vector.kind,
        "needs": list(vector.needs),
        "steps": steps,
        "model": list(vector.model),
    }


def written(pack: str, vectors: Sequence[Vector], source: str) -> str:
    """The text of a file of vectors; `source` is the digest of what they were derived from."""
    return (
        json.dumps(
            {
                "format": FORMAT,
                "pack": pack,
                "source": source,
                "vectors": [_vector_json(v) for v in vectors],
            },
            indent=1,
        )
        + "\n"
    )


def shipped(pack: str = "alexa-smart-properties") -> tuple[Vector, ...]:
    """The vectors that come with Earwitness."""
    return read(shipped_file(pack, "vectors.json"))


def source_of(path: Path) -> str:
    """The digest of what the file's vectors were derived from; empty where it names none."""
    try:
        return str(json.loads(path.read_text("utf-8")).get("source", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def read(path: Path) -> tuple[Vector, ...]:
    """Vectors from a file. Raises VectorError."""
    try:
        entry = json.loads(path.read_text("utf-8"))
        if entry["format"] != FORMAT:
            raise VectorError(
                f"{path}: vectors of format {entry['format']}; this version reads format {FORMAT}"
            )
        return tuple(_read_vector(v) for v in entry["vectors"])
    except OSError as error:
        raise VectorError(
            f"{path}: cannot be read ({error.strerror}); name a file that 'earwitness vectors --write' made"
        ) from None
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise (
            error
            if isinstance(error, VectorError)
            else VectorError(
                f"{path}: holds no vectors ({type(error).__name__}: {error})"
            )
        ) from None


def _read_vector(entry: Mapping[str, Any]) -> Vector:
    steps = []
    for step in entry["steps"]:
        expected = tuple(
            Expected(e["event"], {n: v for n, v in e.items() if n != "event"})
            for e in step["expect"]
        )
        steps.append(VectorStep(from_json(step["stimulus"]), expected))
    return Vector(
        reaches=tuple(entry["reaches"]),
        kind=str(entry["kind"]),
        steps=tuple(steps),
        model=tuple(entry["model"]),
    )
