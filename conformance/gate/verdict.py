"""Verdicts: what is said of a clause, and how it is known. Kept apart: proved, witnessed, searched, declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from earwitness.conformance.gate.exits import Exit as Exit
from earwitness.model.trace import Origin


class Verdict(Enum):
    """Of one clause or conjunct. Only SATISFIED is good. ON_ITS_WORD: exercised and not violated, but the pack asks for a witness and
    part of it rests on less. NOT_OBSERVABLE: nobody in this run could see an event that it needs. NOT_APPLICABLE needs a reason."""

    VIOLATED = "violated"
    SATISFIED = "satisfied"
    ON_ITS_WORD = "on its word"
    NOT_OBSERVABLE = "not observable"
    NOT_EXERCISED = "not exercised"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class ConjunctResult:
    """What is said of one conjunct of a clause. `evidence` is the weakest origin of all that the verdict rests on (None where it was
    not exercised); `origins` gives it event by event, for words such as "sound: witnessed; light: the device's word"."""

    name: str
    english: str
    verdict: Verdict
    needs: Origin
    evidence: Origin | None = None
    exercised: int = 0
    origins: Mapping[str, Origin] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """`known` says how: any of 'proved', 'witnessed', 'searched N', 'declared'."""

    id: str
    title: str
    severity: str
    source: tuple[str, ...]
    english: str
    verdict: Verdict
    known: tuple[str, ...]
    reason: str = ""
    exercised: int = 0
    required: bool = True
    failure: int | None = None
    """Index into the bundle's failures."""
    proved: str = ""
    """What the proof over the model came to, in a column of its own: never a reason for the verdict."""
    conjuncts: tuple[ConjunctResult, ...] = ()


def gate(results: tuple[ClauseResult, ...], expected: frozenset[str]) -> Exit:
    """The exit code of a run. Every clause that was loaded must stand in the results, and none satisfied is never green."""
    if expected != {r.id for r in results} or len(expected) != len(results):
        return Exit.INCONCLUSIVE
    if any(r.verdict is Verdict.VIOLATED for r in results):
        return Exit.VIOLATED
    required = [r for r in results if r.required and r.verdict is not Verdict.NOT_APPLICABLE]
    if not any(r.verdict is Verdict.SATISFIED for r in required):
        return Exit.INCONCLUSIVE
    return Exit.SATISFIED if all(r.verdict is Verdict.SATISFIED for r in required) else Exit.INCONCLUSIVE
