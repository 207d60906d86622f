"""What one trace comes to, conjunct by conjunct: exercised how often, violated where, on whose word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import (
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice

from earwitness.conformance.gate.verdict import (
    STRONGEST_FIRST,
    reaches,
    weakest,
)
from earwitness.conformance.running.atoms import atoms, matches
from earwitness.conformance.running.instants import other_orders
from earwitness.conformance.running.missing import (
    happened_among,
    missing_events,
)
from earwitness.conformance.running.unknown import (
    Compared,
    compared_by,
    known_record,
    lacking_in,
)
from earwitness.conformance.running.watch import Margin, Watch
from earwitness.model.logic.formula import Event
from earwitness.model.logic.sliced_evidence import SlicedProvenance
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import vocabulary
from earwitness.policies.pack import Clause, Conjunct

MOST_ORDERS = 24
"""Orders of one instant that are tried before a violation counts: an instant rarely holds more than ten
events."""
MOST_EXCUSES = 40
"""Instants whose order may be changed before a clause counts as violated; an honest trace needs one or two,
one of a device that reports in batches some for each request."""


@dataclass(frozen=True, slots=True)
class ConjunctTally:
    """Of one conjunct in one trace. `origins` gives, for each event that its outcomes rest on, the weakest
    origin it came from; what did not happen has the best one, as nobody's sight is known here. `unknown`
    names what nobody said where that decides."""

    exercised: int = 0
    violated_at: int | None = None
    pending: bool = False
    origins: Mapping[str, Origin] = field(default_factory=dict)
    unknown: str = ""
    margins: tuple[Margin, ...] = ()
    missing: tuple[Event, ...] = ()
    """Where it was not exercised, the events that never came and would have to."""


BEST_SIGHT = dict.fromkeys(vocabulary().events, Origin.WITNESSED)
"""The judge knows how well a run could see; here only what was seen counts."""
Tally = Mapping[str, ConjunctTally]
"""By the name of the conjunct."""


@dataclass(frozen=True, slots=True)
class ConjunctAlone:
    """A conjunct as a clause that has no other, with what is asked of it for every trace."""

    name: str
    clause: Clause
    atoms: frozenset[Event]
    """The events a verdict on it rests on: those of its formula and of what exercises it."""
    compared: Compared


class _TheSame:
    """A clause as the object that it is: to hash what it says takes longer than what is remembered of it."""

    def __init__(self, clause: Clause) -> None:
        self.clause = clause

    def __hash__(self) -> int:
        return id(self.clause)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _TheSame) and self.clause is other.clause


def parts_of(clauses: Iterable[Clause]) -> Iterator[ConjunctAlone]:
    """The conjuncts of clauses, in their order."""
    for clause in clauses:
        yield from _parts_of_one(_TheSame(clause))


# Chosen: several times the clauses of all packs together.
@lru_cache(maxsize=1_024)
def _parts_of_one(same: _TheSame) -> tuple[ConjunctAlone, ...]:
    return tuple(
        ConjunctAlone(
            name=conjunct.name,
            clause=replace(same.clause, conjuncts=(conjunct,)),
            atoms=names_of(conjunct),
            compared=compared_by(conjunct, same.clause.each),
        )
        for conjunct in same.clause.conjuncts
    )


def settle_order(
    clauses: Sequence[Clause],
    trace: Sequence[Observation],
    tolerance: int = 0,
) -> tuple[list[Observation], Tally]:
    """The trace with its order within instants chosen so that no clause is violated by that order alone, and
    what it comes to. A violation that no order takes away is one."""
    settled = list(trace)
    found = _step_all(clauses, settled)
    for _ in range(MOST_EXCUSES):
        better = _better_order(
            clauses=clauses, trace=settled, found=found, tolerance=tolerance
        )
        if better is None:
            break
        settled, found = better
    # On whose word it rests is asked once, of the order that is kept: it costs more than to step.
    return settled, _with_grounds(clauses, settled, found)


def _better_order(
    clauses: Sequence[Clause],
    trace: Sequence[Observation],
    found: Tally,
    tolerance: int,
) -> tuple[list[Observation], Tally] | None:
    """Another order of one instant in which a conjunct is violated later or not at all, and no other one
    earlier."""
    parts = {part.name: part.clause for part in parts_of(clauses)}
    for name, tallied in found.items():
        at = tallied.violated_at
        if at is None:
            continue
        for other in islice(other_orders(trace, at, tolerance), MOST_ORDERS):
            if _is_later(_first_violation(parts[name], other), at):
                again = _step_all(clauses, other)
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
    return _with_grounds(clauses, trace, _step_all(clauses, trace))


def _with_grounds(
    clauses: Sequence[Clause], trace: Sequence[Observation], found: Tally
) -> Tally:
    """What every conjunct came to, with what that rests on."""
    worst = origins_of(clauses, trace)
    wanted = {atom for part in parts_of(clauses) for atom in part.atoms}
    happened = happened_among(wanted, trace)
    return {
        part.name: replace(
            found[part.name],
            origins=_with_violation(
                _grounds_of(part.clause, trace, worst[part.name]),
                named=worst[part.name],
                trace=trace,
                at=found[part.name].violated_at,
            ),
            missing=()
            if found[part.name].exercised
            else missing_events(part.clause.conjuncts[0].trigger, happened),
        )
        for part in parts_of(clauses)
    }


def _step_all(
    clauses: Sequence[Clause], trace: Sequence[Observation]
) -> Tally:
    """What every conjunct comes to, whoever says so."""
    watch = Watch(tuple(clauses))
    watch.feed(trace)
    lacking = lacking_in(trace)
    found: dict[str, ConjunctTally] = {}
    for part in parts_of(clauses):
        compared = part.compared.lacking_of(lacking)
        if compared:
            known = known_record(part.clause, trace, compared)
            found[part.name] = ConjunctTally(
                exercised=known.exercised,
                violated_at=known.violated_at,
                pending=known.pending,
                unknown=known.unknown,
            )
        else:
            record = watch.conjunct_records[part.name]
            found[part.name] = ConjunctTally(
                exercised=record.exercised,
                violated_at=record.violated_at,
                pending=record.pending,
                margins=record.margins,
            )
    return found


def _grounds_of(
    part: Clause, trace: Sequence[Observation], worst: Mapping[str, Origin]
) -> Mapping[str, Origin]:
    """What the outcomes of a conjunct rest on. The weakest of all events that it names is never better than
    that, and much sooner known: it is refined only where it falls short of what the pack asks for."""
    (conjunct,) = part.conjuncts
    if all(reaches(origin, conjunct.needs) for origin in worst.values()):
        return worst
    provenance = SlicedProvenance(
        formula=conjunct.formula,
        trigger=conjunct.trigger,
        each=part.each,
        sight=BEST_SIGHT,
    )
    joined: dict[str, Origin] = {}
    for seen in trace:
        for _, support in provenance.feed(seen):
            for name, origin in support.items():
                if origin is not None:
                    known = joined.get(name, Origin.WITNESSED)
                    joined[name] = weakest((known, origin)) or origin
    return joined


def _with_violation(
    grounds: Mapping[str, Origin],
    *,
    named: Container[str],
    trace: Sequence[Observation],
    at: int | None,
) -> Mapping[str, Origin]:
    """A violation also rests on the event at which it shows, which need not be one that exercises."""
    if at is None or trace[at].event not in named:
        return grounds
    seen = trace[at]
    known = grounds.get(seen.event, Origin.WITNESSED)
    return {
        **grounds,
        seen.event: max(known, seen.origin, key=STRONGEST_FIRST.index),
    }


def names_of(conjunct: Conjunct) -> frozenset[Event]:
    """The events a verdict on the conjunct rests on: those of its formula and of what exercises it."""
    return atoms(conjunct.formula) | atoms(conjunct.trigger)


def origins_of(
    clauses: Iterable[Clause], trace: Iterable[Observation]
) -> dict[str, dict[str, Origin]]:
    """For each conjunct the weakest origin of each event that it names, the best one where it did not
    happen."""
    named = {part.name: part.atoms for part in parts_of(clauses)}
    by_event: dict[str, set[Event]] = defaultdict(set)
    for atom in frozenset().union(*named.values()):
        by_event[atom.name].add(atom)
    worst: dict[Event, Origin] = dict.fromkeys(
        frozenset().union(*named.values()), Origin.WITNESSED
    )
    for seen in trace:
        for atom in by_event.get(seen.event, ()):
            # Only what is weaker than what is known can replace it.
            is_weaker = not reaches(seen.origin, worst[atom])
            if is_weaker and matches(atom, seen):
                worst[atom] = seen.origin
    result: dict[str, dict[str, Origin]] = {}
    for name, wanted in named.items():
        of_names: dict[str, list[Origin]] = defaultdict(list)
        for atom in wanted:
            of_names[atom.name].append(worst[atom])
        result[name] = {
            event: weakest(origins) or Origin.WITNESSED
            for event, origins in of_names.items()
        }
    return result


def _first_violation(
    part: Clause, trace: Sequence[Observation]
) -> int | None:
    (found,) = _step_all((part,), trace).values()
    return found.violated_at
