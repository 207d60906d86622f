"""Verdicts: what is said of a promise, on what evidence, and what that comes to for a whole run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from earwitness.conformance.gate.exits import Exit as Exit
from earwitness.model.trace import Origin


class Verdict(Enum):
    """Of one clause or conjunct. Only SATISFIED is good. ON_ITS_WORD: exercised and not violated, but the
    pack asks for a witness and part of it rests on less. NOT_OBSERVABLE: nobody in this run could see an
    event that it needs. NOT_APPLICABLE: the target cannot do what the promise is about; green only with a
    reason in a capability file."""

    VIOLATED = "violated"
    SATISFIED = "satisfied"
    ON_ITS_WORD = "on its word"
    NOT_OBSERVABLE = "not observable"
    NOT_EXERCISED = "not exercised"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"


WORST_FIRST = (
    Verdict.VIOLATED,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_OBSERVABLE,
    Verdict.NOT_EXERCISED,
    Verdict.ON_ITS_WORD,
    Verdict.SATISFIED,
    Verdict.NOT_APPLICABLE,
)
"""A clause is worth what the worst of its conjuncts is worth."""

STRONGEST_FIRST = (
    Origin.WITNESSED,
    Origin.DEVICE,
    Origin.STAND_IN,
    Origin.DRIVER,
)

WORDS = {
    Origin.WITNESSED: "witnessed",
    Origin.DEVICE: "the device's word",
    Origin.STAND_IN: "a stand-in's word",
    Origin.DRIVER: "the driver's word",
}
"""How reports say an origin."""


def weakest(origins: Iterable[Origin]) -> Origin | None:
    """The weakest of some origins; None of none.

    >>> weakest([Origin.WITNESSED, Origin.DEVICE])
    <Origin.DEVICE: 'device'>
    """
    return max(origins, key=STRONGEST_FIRST.index, default=None)


def strongest_evidence(origins: Iterable[Origin]) -> Origin | None:
    """The strongest of some origins; None of none."""
    return min(origins, key=STRONGEST_FIRST.index, default=None)


def reaches(evidence: Origin, needs: Origin) -> bool:
    """Whether evidence is at least as strong as what is asked for."""
    return STRONGEST_FIRST.index(evidence) <= STRONGEST_FIRST.index(needs)


@dataclass(frozen=True, slots=True)
class ConjunctResult:
    """What is said of one conjunct of a clause. `evidence` is the weakest origin of all that the verdict
    rests on (None where it was not exercised); `origins` gives it event by event, for words such as "sound:
    witnessed; light: the device's word"."""

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
    """What is said of one promise. `known` says how, in words: 'witnessed', "the device's word", 'in 4
    runs' in which it was exercised."""

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
    """False where the target cannot do what it is about and a capability file gives the reason."""
    proved: str = ""
    """What the proof over the model came to, in a column of its own: never a reason for the verdict."""
    conjuncts: tuple[ConjunctResult, ...] = ()
    pack: str = ""
    pack_version: int = 0
    revision: str = ""
    """Of the clause, made from what it promises: by which promise this verdict was come to."""
    runs: tuple[int, ...] = ()
    """Numbers of the runs that exercised it."""

    @property
    def evidence(self) -> Origin | None:
        """The weakest evidence of its conjuncts, None where one has none; where it is violated the strongest
        of those that are: one is enough."""
        if self.verdict is Verdict.VIOLATED:
            return strongest_evidence(
                c.evidence
                for c in self.conjuncts
                if c.verdict is Verdict.VIOLATED and c.evidence is not None
            )
        found = [c.evidence for c in self.conjuncts]
        return (
            weakest(o for o in found if o is not None)
            if found and None not in found
            else None
        )


def gate(results: tuple[ClauseResult, ...], expected: frozenset[str]) -> Exit:
    """The exit code of a run. Every clause that was loaded must be among the results, each required one must
    be satisfied at the evidence its pack asks for, and none satisfied is never green."""
    names = sorted(result.id for result in results)
    if names != sorted(expected):
        return Exit.INCONCLUSIVE
    if any(r.verdict is Verdict.VIOLATED for r in results):
        return Exit.VIOLATED
    required = {r.verdict for r in results if r.required}
    if required == {Verdict.SATISFIED}:
        return Exit.SATISFIED
    return Exit.INCONCLUSIVE


def headline(results: Iterable[ClauseResult]) -> str:
    """How many clauses are what, evidence apart.

    >>> headline([])
    'nothing was judged'
    """
    counts = Counter(_kind_of(result) for result in results)
    order = [
        *(verdict.value for verdict in WORST_FIRST[:5]),
        *(f"satisfied, {words}" for words in WORDS.values()),
        Verdict.SATISFIED.value,
        Verdict.NOT_APPLICABLE.value,
    ]
    shown = [f"{counts[kind]} {kind}" for kind in order if counts[kind]]
    return ", ".join(shown) or "nothing was judged"


def _kind_of(result: ClauseResult) -> str:
    if result.verdict is not Verdict.SATISFIED or result.evidence is None:
        return result.verdict.value
    return f"satisfied, {WORDS[result.evidence]}"
