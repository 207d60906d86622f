"""What one trace comes to, conjunct by conjunct: exercised how often, violated where, on whose word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from earwitness.conformance.gate.verdict import weakest
from earwitness.conformance.running.atoms import atoms, matches
from earwitness.conformance.running.instants import other_orders
from earwitness.conformance.running.watch import Watch
from earwitness.model.logic.formula import Event
from earwitness.model.trace import Observation, Origin
from earwitness.policies.pack import Clause, Conjunct

MOST_ORDERS = 24
"""Orders of one instant that are tried before a violation counts: an instant rarely holds more than ten
events."""
MOST_EXCUSES = 12
"""Instants whose order may be changed before a clause counts as violated; an honest trace needs one or
two."""


@dataclass(frozen=True, slots=True)
class ConjunctTally:
    """Of one conjunct in one trace. `origins` gives, for each event it names that happened, the weakest
    origin it came from."""

    exercised: int = 0
    violated_at: int | None = None
    pending: bool = False
    origins: Mapping[Event, Origin] = field(default_factory=dict)


Tally = Mapping[str, ConjunctTally]
"""By the name of the conjunct."""


def settle_order(
    clauses: Sequence[Clause],
    trace: Sequence[Observation],
    tolerance: int = 0,
) -> tuple[list[Observation], Tally]:
    """The trace with its order within instants chosen so that no clause is violated by that order alone, and
    what it comes to. A
    violation that no order takes away is one."""
    settled = list(trace)
    found = tally(clauses, settled)
    for _ in range(MOST_EXCUSES):
        better = _better_order(clauses, settled, found, tolerance)
        if better is None:
            break
        settled, found = better
    return settled, found


def _better_order(
    clauses: Sequence[Clause],
    trace: Sequence[Observation],
    found: Tally,
    tolerance: int,
) -> tuple[list[Observation], Tally] | None:
    """Another order of one instant in which a conjunct is violated later or not at all, and no other one
    earlier."""
    parts = dict(parts_of(clauses))
    for name, tallied in found.items():
        at = tallied.violated_at
        if at is None:
            continue
        for other in islice(other_orders(trace, at, tolerance), MOST_ORDERS):
            if _is_later(_first_violation(parts[name], other), at):
                again = tally(clauses, other)
                if _is_better(again, found):
                    return other, again
    return None


def _is_later(one: int | None, other: int | None) -> bool:
    return other is not None and (one is None or one > other)


def _is_better(one: Tally, other: Tally) -> bool:
    """Whether some conjunct is violated later, or no longer, and none earlier."""
    pairs = [
        (one[name].violated_at, other[name].violated_at) for name in other
    ]
    return any(_is_later(a, b) for a, b in pairs) and not any(
        _is_later(b, a) for a, b in pairs
    )


def tally(clauses: Sequence[Clause], trace: Sequence[Observation]) -> Tally:
    """Step every conjunct over one trace, in the order it has."""
    watch = Watch(tuple(clauses))
    watch.feed(trace)
    origins = origins_of(clauses, trace)
    return {
        name: ConjunctTally(
            exercised=record.exercised,
            violated_at=record.violated_at,
            pending=record.pending,
            origins=origins[name],
        )
        for name, record in watch.conjunct_records.items()
    }


def parts_of(clauses: Iterable[Clause]) -> Iterator[tuple[str, Clause]]:
    """Each conjunct by its name, as a clause that has no other."""
    for clause in clauses:
        for conjunct in clause.conjuncts:
            yield conjunct.name, replace(clause, conjuncts=(conjunct,))


def names_of(conjunct: Conjunct) -> frozenset[Event]:
    """The events a verdict on the conjunct rests on: those of its formula and of what exercises it."""
    return atoms(conjunct.formula) | atoms(conjunct.trigger)


def origins_of(
    clauses: Iterable[Clause], trace: Iterable[Observation]
) -> dict[str, dict[Event, Origin]]:
    """For each conjunct the weakest origin of each event that it names and that happened."""
    named = {
        c.name: names_of(c) for clause in clauses for c in clause.conjuncts
    }
    by_event: dict[str, set[Event]] = defaultdict(set)
    for atom in frozenset().union(*named.values()):
        by_event[atom.name].add(atom)
    seen_from: dict[Event, set[Origin]] = defaultdict(set)
    for seen in trace:
        for atom in by_event.get(seen.event, ()):
            if matches(atom, seen):
                seen_from[atom].add(seen.origin)
    worst = {atom: weakest(origins) for atom, origins in seen_from.items()}
    return {
        name: {
            atom: origin
            for atom in wanted
            if (origin := worst.get(atom)) is not None
        }
        for name, wanted in named.items()
    }


def _first_violation(
    part: Clause, trace: Sequence[Observation]
) -> int | None:
    watch = Watch((part,))
    watch.feed(trace)
    (record,) = watch.conjunct_records.values()
    return record.violated_at
