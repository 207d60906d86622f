"""What a new version of a pack promises compared with the old one, clause by clause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from earwitness.model.proof.compare import MonitorComparison, Relation, compare_monitors
from earwitness.policies.pack import Clause, Pack, Way

WORSE = frozenset({Relation.WEAKER, Relation.INCOMPARABLE})


@dataclass(frozen=True, slots=True)
class Difference:
    """A clause with the relation of its new form to its old one, and why where no trace shows it."""

    clause: str
    comparison: MonitorComparison
    note: str = ""

    @property
    def relation(self) -> Relation:
        return self.comparison.relation


def differences(old: Pack, new: Pack, seconds: int = 60) -> Iterator[Difference]:
    """Every clause of either pack, in the old pack's order, new ones last."""
    before, after = {c.id: c for c in old.clauses}, {c.id: c for c in new.clauses}
    for identity in dict.fromkeys([*before, *after]):
        if identity not in after:
            yield Difference(identity, MonitorComparison(Relation.WEAKER), "no longer promised")
        elif identity not in before:
            yield Difference(identity, MonitorComparison(Relation.STRONGER), "newly promised")
        else:
            yield _difference(before[identity], after[identity], seconds)


def _difference(old: Clause, new: Clause, seconds: int) -> Difference:
    if old.monitor is not None and new.monitor is not None:
        comparison = compare_monitors(old.monitor, new.monitor, seconds)
    elif (old.kind, old.transition, old.observer) == (new.kind, new.transition, new.observer):
        comparison = MonitorComparison(Relation.EQUAL)
    else:
        return Difference(
            new.id,
            MonitorComparison(Relation.INCOMPARABLE),
            f"was a promise of kind {old.kind.value}, is of kind {new.kind.value}",
        )
    notes = list(_conditions(old, new))
    if comparison.relation in (Relation.EQUAL, Relation.STRONGER) and any(worse for worse, _ in notes):
        relation = Relation.WEAKER if comparison.relation is Relation.EQUAL else Relation.INCOMPARABLE
        comparison = MonitorComparison(relation, comparison.lost, comparison.gained)
    elif comparison.relation is Relation.EQUAL and notes:
        comparison = MonitorComparison(Relation.STRONGER)
    return Difference(new.id, comparison, "; ".join(note for _, note in notes))


def _conditions(old: Clause, new: Clause) -> Iterator[tuple[bool, str]]:
    """Changes beside the formula: (whether for the worse, what)."""
    for way in sorted(old.ways - new.ways, key=lambda w: w.name):
        yield True, f"is no longer {_NAMES[way]}"
    for way in sorted(new.ways - old.ways, key=lambda w: w.name):
        yield False, f"is now {_NAMES[way]}"
    if old.capability != new.capability:
        applies = (
            f"applies only to devices with '{new.capability}'"
            if new.capability
            else "applies to every device"
        )
        yield new.capability is not None, applies
    if old.each != new.each:
        yield True, f"is judged for each {', '.join(new.each)} instead of each {', '.join(old.each)}"


_NAMES = {
    Way.PROVED: "to be proved",
    Way.SEARCHED: "searched",
    Way.WITNESSED: "witnessed",
    Way.AUDITED: "audited",
}
