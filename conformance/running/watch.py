"""All clauses of the packs, watching one trace, in one step an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from earwitness.model.logic.joint_program import (
    JointSlices,
    SameMonitors,
    joint_program,
)
from earwitness.model.logic.monitor import Monitor
from earwitness.model.trace import Observation, Origin
from earwitness.policies.pack import Clause


@dataclass(frozen=True, slots=True)
class Margin:
    """How close a deadline came to its bound: the longest that an answer took, in microseconds (-1: none
    came)."""

    bound: int
    longest: int


@dataclass
class Record:
    """What one conjunct, or one clause, has come to: where it was violated first, how often exercised,
    whether a witnessed event exercised it, whether a deadline is open. A clause is exercised as often as the
    conjunct that was exercised least: one part does not speak for the others."""

    exercised: int = 0
    witnessed: bool = False
    violated_at: int | None = None
    pending: bool = False
    margins: tuple[Margin, ...] = ()


@dataclass
class Watch:
    """Feed it observations in the order of each device. It keeps the trace once, and of the outcomes the
    counts."""

    clauses: tuple[Clause, ...]
    trace: list[Observation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._counted = -1
        self._conjunct_records: dict[str, Record] = {}
        self._clause_records: dict[str, Record] = {}
        self._groups = [
            _Group(each, monitors)
            for each, monitors in _monitors_by_slices(self.clauses).items()
        ]

    def feed(self, observations: Iterable[Observation]) -> None:
        """Step all clauses by each observation."""
        trace = self.trace
        feeds = [group.feed for group in self._groups]
        for seen in observations:
            for feed in feeds:
                feed(seen, len(trace))
            trace.append(seen)

    @property
    def conjunct_records(self) -> Mapping[str, Record]:
        """What each conjunct has come to, by its name."""
        self._sum_up()
        return self._conjunct_records

    @property
    def records(self) -> Mapping[str, Record]:
        """What each clause with a formula has come to, by its id."""
        self._sum_up()
        return self._clause_records

    def _sum_up(self) -> None:
        """Sum up what was seen since the records were last asked for."""
        if self._counted == len(self.trace):
            return
        self._counted = len(self.trace)
        found = {
            name: record
            for group in self._groups
            for name, record in group.records().items()
        }
        self._conjunct_records = found
        self._clause_records = {
            clause.id: _join_records(
                [found[conjunct.name] for conjunct in clause.conjuncts]
            )
            for clause in self.clauses
            if clause.conjuncts
        }

    @property
    def violated(self) -> tuple[str, ...]:
        """The clauses of which a conjunct is violated."""
        return tuple(
            identity
            for identity, record in self.records.items()
            if record.violated_at is not None
        )


def _monitors_by_slices(
    clauses: Iterable[Clause],
) -> dict[tuple[str, ...], dict[str, Monitor]]:
    groups: dict[tuple[str, ...], dict[str, Monitor]] = {}
    for clause in clauses:
        monitors = groups.setdefault(clause.each, {})
        monitors.update(
            {conjunct.name: conjunct.monitor for conjunct in clause.conjuncts}
        )
    return groups


class _Group:
    """The conjuncts with the same slices."""

    def __init__(
        self, each: tuple[str, ...], monitors: Mapping[str, Monitor]
    ) -> None:
        self.monitors = monitors
        self.slices = JointSlices(joint_program(SameMonitors(monitors)), each)
        self.is_of_devices = len(each) == 1
        self.exercised: dict[int, int] = {}
        self.witnessed: Counter[int] = Counter()
        self.first_violations: dict[int, int] = {}
        self.violated = 0

    def feed(self, seen: Observation, position: int) -> None:
        if self.is_of_devices:
            exercised, broken = self.slices.feed_device(seen)
            if exercised:
                self.count(exercised, seen)
            if broken & ~self.violated:
                self.note_violation(broken, position)
            return
        for _, exercised, broken in self.slices.feed(seen, self.violated):
            self.count(exercised, seen)
            self.note_violation(broken, position)

    def count(self, exercised: int, seen: Observation) -> None:
        if exercised:
            self.exercised[exercised] = self.exercised.get(exercised, 0) + 1
            if seen.origin is Origin.WITNESSED:
                self.witnessed[exercised] += 1

    def note_violation(self, broken: int, position: int) -> None:
        """The first of each conjunct."""
        fresh = broken & ~self.violated
        if fresh:
            # Several slices may be broken by one event.
            known = self.first_violations.get(position, 0)
            self.first_violations[position] = known | fresh
            self.violated |= fresh

    def records(self) -> dict[str, Record]:
        pending = self.slices.pending()
        longest = self.slices.longest_waits()
        return {
            name: Record(
                exercised=_count_of_bit(self.exercised, bit),
                witnessed=_count_of_bit(self.witnessed, bit) > 0,
                violated_at=next(
                    (
                        at
                        for at, bits in self.first_violations.items()
                        if bits >> bit & 1
                    ),
                    None,
                ),
                pending=bool(pending >> bit & 1),
                margins=tuple(
                    Margin(wait.deadline.duration, longest[bit][number])
                    for number, wait in enumerate(monitor.waits)
                ),
            )
            for bit, (name, monitor) in enumerate(self.monitors.items())
        }


def _count_of_bit(masks: Mapping[int, int], bit: int) -> int:
    return sum(count for mask, count in masks.items() if mask >> bit & 1)


def _join_records(records: list[Record]) -> Record:
    violations = [
        record.violated_at
        for record in records
        if record.violated_at is not None
    ]
    return Record(
        exercised=min(record.exercised for record in records),
        witnessed=all(record.witnessed for record in records),
        violated_at=min(violations, default=None),
        pending=any(record.pending for record in records),
        margins=tuple(
            margin for record in records for margin in record.margins
        ),
    )
