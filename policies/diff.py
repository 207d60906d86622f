"""What a new version of a pack promises compared with the old one, clause by clause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from earwitness.model.expression import TRUE, negation
from earwitness.model.logic.monitor import Monitor, compile_formula
from earwitness.model.proof.compare import (
    MonitorComparison,
    Relation,
    compare_monitors,
)
from earwitness.policies.pack import SEVERITIES, Clause, Conjunct, Pack, Way

WORSE = frozenset({Relation.WEAKER, Relation.INCOMPARABLE})
STRENGTH_OF_NEEDS = ("driver", "stand-in", "device", "witnessed")
"""Origins from the weakest evidence that satisfies a conjunct to the strongest."""
_NAMES = {
    Way.PROVED: "to be proved",
    Way.SEARCHED: "searched",
    Way.WITNESSED: "witnessed",
    Way.AUDITED: "audited",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A clause with the relation of its new form to its old one, and why where no trace shows it."""

    clause: str
    comparison: MonitorComparison
    note: str = ""

    @property
    def relation(self) -> Relation:
        return self.comparison.relation


@dataclass(frozen=True, slots=True)
class Change:
    """What is different beside the formula. Neither `for_the_worse` nor for the better: it has to be
    looked at."""

    for_the_worse: bool
    note: str


def differences(
    old: Pack,
    new: Pack,
    # 60 s for one comparison: chosen, as for one proof.
    seconds: int = 60,
) -> Iterator[Difference]:
    """Every clause of either pack, in the old pack's order, new ones last."""
    before, after = (
        {c.id: c for c in old.clauses},
        {c.id: c for c in new.clauses},
    )
    for identity in dict.fromkeys([*before, *after]):
        if identity not in after:
            yield Difference(
                identity,
                MonitorComparison(Relation.WEAKER),
                "no longer promised",
            )
        elif identity not in before:
            yield Difference(
                identity,
                MonitorComparison(Relation.STRONGER),
                "newly promised",
            )
        else:
            yield _compare_clauses(before[identity], after[identity], seconds)


def _compare_clauses(old: Clause, new: Clause, seconds: int) -> Difference:
    if old.monitor is not None and new.monitor is not None:
        comparison = compare_monitors(old.monitor, new.monitor, seconds)
    elif (old.kind, old.transition, old.observer) == (
        new.kind,
        new.transition,
        new.observer,
    ):
        comparison = MonitorComparison(Relation.EQUAL)
    else:
        note = f"was a promise of kind {old.kind.value}, is of kind {new.kind.value}"
        return Difference(
            new.id, MonitorComparison(Relation.INCOMPARABLE), note
        )
    changes = [
        *_changes_of_clause(old, new),
        *_changes_of_conjuncts(old, new, seconds),
    ]
    relation = _with_changes(comparison.relation, changes)
    notes = "; ".join(change.note for change in changes)
    return Difference(new.id, replace(comparison, relation=relation), notes)


def _with_changes(relation: Relation, changes: list[Change]) -> Relation:
    """The relation of the formulas, corrected by what is asked around them."""
    got_worse = any(change.for_the_worse for change in changes)
    got_better = any(not change.for_the_worse for change in changes)
    if got_worse and relation in (Relation.EQUAL, Relation.STRONGER):
        is_mixed = relation is Relation.STRONGER or got_better
        return Relation.INCOMPARABLE if is_mixed else Relation.WEAKER
    if got_better and relation is Relation.EQUAL:
        return Relation.STRONGER
    return relation


def _changes_of_clause(old: Clause, new: Clause) -> Iterator[Change]:
    for way in sorted(old.ways - new.ways, key=lambda w: w.name):
        yield Change(True, f"is no longer {_NAMES[way]}")
    for way in sorted(new.ways - old.ways, key=lambda w: w.name):
        yield Change(False, f"is now {_NAMES[way]}")
    if old.capability != new.capability:
        only_some = f"applies only to devices with '{new.capability}'"
        yield Change(
            new.capability is not None,
            only_some if new.capability else "applies to every device",
        )
    if old.each != new.each:
        judged = f"is judged for each {', '.join(new.each)} instead of each {', '.join(old.each)}"
        yield Change(True, judged)
    if old.severity != new.severity:
        is_lower = SEVERITIES.index(new.severity) < SEVERITIES.index(
            old.severity
        )
        yield Change(
            is_lower, f"severity was {old.severity}, is {new.severity}"
        )


def _changes_of_conjuncts(
    old: Clause, new: Clause, seconds: int
) -> Iterator[Change]:
    """Conjuncts of the same formula, by their triggers and the evidence they ask for."""
    before = {c.formula: c for c in old.conjuncts}
    for conjunct in new.conjuncts:
        earlier = before.get(conjunct.formula)
        if earlier is not None:
            yield from _changes_of_conjunct(earlier, conjunct, seconds)
    if not {c.formula for c in new.conjuncts} & before.keys():
        yield from _changes_of_needs(
            _weakest_need(old), _weakest_need(new), new.id
        )


def _weakest_need(clause: Clause) -> str:
    needs = [c.needs.value for c in clause.conjuncts] or [clause.needs.value]
    return min(needs, key=STRENGTH_OF_NEEDS.index)


def _changes_of_conjunct(
    old: Conjunct, new: Conjunct, seconds: int
) -> Iterator[Change]:
    if old.trigger != new.trigger:
        yield from _changes_of_trigger(old, new, seconds)
    yield from _changes_of_needs(old.needs.value, new.needs.value, new.name)


def _changes_of_needs(old: str, new: str, name: str) -> Iterator[Change]:
    if old != new:
        is_weaker = STRENGTH_OF_NEEDS.index(new) < STRENGTH_OF_NEEDS.index(
            old
        )
        yield Change(
            is_weaker, f"{name} needed evidence '{old}', needs '{new}'"
        )


def _changes_of_trigger(
    old: Conjunct, new: Conjunct, seconds: int
) -> Iterator[Change]:
    """A trigger that happens more often is a weaker one: the promise counts as exercised where it was
    not put to the test."""
    found = compare_monitors(
        _never_exercised(old), _never_exercised(new), seconds
    )
    match found.relation:
        case Relation.STRONGER:
            yield Change(
                True, f"{new.name} counts as exercised more often than before"
            )
        case Relation.WEAKER:
            yield Change(
                False,
                f"{new.name} counts as exercised only where it was before, and more rarely",
            )
        case Relation.INCOMPARABLE | Relation.UNKNOWN:
            yield Change(
                True, f"{new.name} is exercised by other events than before"
            )
        case Relation.EQUAL:
            return


def _never_exercised(conjunct: Conjunct) -> Monitor:
    """The promise that the trigger never happens: it says the more, the more often the trigger does."""
    monitor = compile_formula(conjunct.trigger, conjunct.trigger)
    return replace(monitor, verdict=negation(monitor.verdict), trigger=TRUE)
