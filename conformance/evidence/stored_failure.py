"""Stored failures, read back with all one needs to play them again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from earwitness.conformance.evidence.records import (
    FailureRecord,
    Manifest,
)
from earwitness.conformance.evidence.writer import (
    MANIFEST,
    PARTIAL,
)
from earwitness.conformance.stimuli.clips import CLIPS
from earwitness.conformance.stimuli.stimulus import (
    Say,
    Scenario,
    from_json,
)
from earwitness.model.vocabulary import nearest

SENTENCES = ".traceability.yaml"
"""Ending of the file that maps a source's sentences to the clauses of a pack."""


class FailureFileError(ValueError):
    """A file that is no stored failure."""


@dataclass(frozen=True, slots=True)
class StoredFailure:
    """A clause, the scenario that violated it, and where: `target` is empty and `packs` are none where
    nobody knows."""

    clause: str
    scenario: Scenario
    kind: str
    target: str
    seed: int
    packs: tuple[Path, ...]


def read_failure(path: Path) -> StoredFailure:
    """A failure of a bundle, or a counterexample of the model. What the file leaves open, its bundle
    says. Raises FailureFileError."""
    try:
        failure = msgspec.json.decode(path.read_bytes(), type=FailureRecord)
        scenario = tuple(from_json(dict(step)) for step in failure.scenario)
    except OSError as error:
        raise FailureFileError(
            f"{path}: cannot be read ({error.strerror}); name a file in a bundle's failures/, or a "
            "counterexample"
        ) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise FailureFileError(
            f"{path}: not a stored failure ({error})"
        ) from None
    for step in scenario:
        if isinstance(step, Say) and step.clip not in CLIPS:
            raise FailureFileError(
                f"{path}: there is no clip '{step.clip}'.{nearest(step.clip, CLIPS)}"
            )
    bundle = path.resolve().parent.parent
    manifest = _manifest_of(bundle)
    return StoredFailure(
        clause=failure.clause,
        scenario=scenario,
        kind=failure.kind,
        target=failure.target
        or (manifest.target.given if manifest is not None else ""),
        seed=failure.seed or (manifest.seed if manifest is not None else 0),
        packs=_packs_of(bundle) if manifest is not None else (),
    )


def _packs_of(bundle: Path) -> tuple[Path, ...]:
    """The packs that a bundle keeps; beside one may lie the sentences of its source."""
    kept = sorted((bundle / "packs").glob("*.yaml"))
    return tuple(path for path in kept if not path.name.endswith(SENTENCES))


def _manifest_of(bundle: Path) -> Manifest | None:
    for name in (MANIFEST, PARTIAL):
        try:
            return msgspec.json.decode(
                (bundle / name).read_bytes(), type=Manifest
            )
        except (OSError, ValueError):
            continue
    return None
