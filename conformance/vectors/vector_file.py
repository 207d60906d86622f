"""Files of vectors: versioned JSON, one declaration; `conformance/schemas/vectors.schema.json` is made of
it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from earwitness.conformance.evidence.schemas import make_schema
from earwitness.conformance.stimuli.stimulus import Stimulus
from earwitness.conformance.vectors.vector import (
    Expected,
    Vector,
    VectorStep,
)
from earwitness.model.expression import Value
from earwitness.policies.pack import shipped_file


class VectorError(ValueError):
    """A file that holds no vectors; the message says what is wrong."""


class VectorRecord(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What every part of the file has in common: named fields, and no others."""


class StepRecord(VectorRecord, frozen=True, kw_only=True):
    """Something done, and the events that should be seen of it, in this order: each with its name and those
    of its attributes that count."""

    stimulus: Stimulus
    expect: tuple[Mapping[str, Value], ...]


class VectorEntry(VectorRecord, frozen=True, kw_only=True):
    """One vector. `needs` are the capabilities a target must have for it."""

    reaches: tuple[str, ...]
    kind: str
    needs: tuple[str, ...]
    steps: tuple[StepRecord, ...]
    model: tuple[str, ...]


class VectorFile(VectorRecord, frozen=True, kw_only=True):
    """All vectors of a pack. `source` is the digest of what they were derived from: model and clauses."""

    format: Literal[1]
    pack: str
    source: str
    vectors: tuple[VectorEntry, ...]


def vectors_schema() -> Mapping[str, object]:
    """The schema of such a file."""
    return make_schema("vectors.json", VectorFile)


def render_vectors(pack: str, vectors: Sequence[Vector], source: str) -> str:
    """The text of a file of vectors; `source` is the digest of what they were derived from."""
    content = VectorFile(
        format=1,
        pack=pack,
        source=source,
        vectors=tuple(map(_entry_of, vectors)),
    )
    return json.dumps(msgspec.to_builtins(content), indent=1) + "\n"


def vectors_of_pack(
    pack: str = "alexa-smart-properties",
) -> tuple[Vector, ...]:
    """The vectors that come with Earwitness."""
    return read_vectors(shipped_file(pack, "vectors.json"))


def source_of(path: Path) -> str:
    """The digest of what the file's vectors were derived from; empty where it names none."""
    try:
        return _read_file(path).source
    except VectorError:
        return ""


def read_vectors(path: Path) -> tuple[Vector, ...]:
    """Vectors from a file. Raises VectorError."""
    return tuple(map(_vector_of, _read_file(path).vectors))


def _read_file(path: Path) -> VectorFile:
    try:
        return msgspec.json.decode(path.read_bytes(), type=VectorFile)
    except OSError as error:
        raise VectorError(
            f"{path}: cannot be read ({error.strerror}); name a file that 'earwitness vectors --write' made"
        ) from None
    except (ValueError, RecursionError) as error:
        raise VectorError(f"{path}: holds no vectors ({error})") from None


def _entry_of(vector: Vector) -> VectorEntry:
    steps = [
        StepRecord(
            stimulus=step.stimulus,
            expect=tuple(
                {"event": e.event, **e.attributes} for e in step.expected
            ),
        )
        for step in vector.steps
    ]
    return VectorEntry(
        reaches=vector.reaches,
        kind=vector.kind,
        needs=vector.needs,
        steps=tuple(steps),
        model=vector.model,
    )


def _vector_of(entry: VectorEntry) -> Vector:
    steps = [
        VectorStep(step.stimulus, tuple(map(_expected_of, step.expect)))
        for step in entry.steps
    ]
    return Vector(
        reaches=entry.reaches,
        kind=entry.kind,
        steps=tuple(steps),
        model=entry.model,
    )


def _expected_of(entry: Mapping[str, Value]) -> Expected:
    attributes = {n: v for n, v in entry.items() if n != "event"}
    return Expected(str(entry.get("event", "")), attributes)
