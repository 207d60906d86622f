"""Which of two promises says more, over everything that could be observed at all: every event, at any
time, with any attributes the vocabulary admits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from earwitness.model.expression import (
    TRUE,
    Apply,
    Const,
    Expression,
    Sort,
    Var,
    at_most,
    conjunction,
    disjunction,
    equal,
    implication,
    substitute,
)
from earwitness.model.logic.monitor import Monitor, Register
from earwitness.model.proof.encoding import encode
from earwitness.model.proof.proof import Standing
from earwitness.model.proof.spacer import search_invariant
from earwitness.model.proof.unroll import find_violation
from earwitness.model.systems.cone import SILENT
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    PASS_TIME,
    System,
    Transition,
)
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Attribute, vocabulary

LONGEST_TRACE = 12
"""Events: a trace that separates two clauses is searched up to this length before a proof is tried. Of
the shipped clauses, none needs more than 5 to be violated."""


class Relation(Enum):
    """What a new promise is to the old one. Incomparable: each forbids something the other allows."""

    EQUAL = "equal"
    STRONGER = "stronger"
    WEAKER = "weaker"
    INCOMPARABLE = "incomparable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MonitorComparison:
    """`lost` is a trace the old promise forbids and the new one allows; `gained` the other way round.

    >>> compare_monitors(KEPT_PROMISE, KEPT_PROMISE, seconds=10)
    MonitorComparison(relation=<Relation.EQUAL: 'equal'>, lost=(), gained=())
    """

    relation: Relation
    lost: tuple[Observation, ...] = ()
    gained: tuple[Observation, ...] = ()


def unconstrained_system(*monitors: Monitor) -> System:
    """A system in which any event the monitors speak of happens at any time with any attributes the
    vocabulary admits.

    >>> [transition.name for transition in unconstrained_system(KEPT_PROMISE).transitions]
    ['pass_time', 'audio.captured', 'microphone.power']
    """
    texts = {
        text
        for m in monitors
        for e in (*m.updates.values(), m.verdict, m.trigger)
        for text in _texts_in(e)
    }
    known = vocabulary()
    events = sorted(texts & set(known.events) - {SILENT})
    free = {
        f"any.{name}": (*attribute.choices, *sorted(texts))
        for name, attribute in known.attributes.items()
        if attribute.sort is Sort.TEXT
    }
    return System(
        name="anything",
        control="",
        variables=(),
        transitions=(PASS_TIME, *(_any_event(name) for name in events)),
        limits=(),
        free=free,
    )


def _any_event(event: str) -> Transition:
    """The event with any attributes."""
    known = vocabulary().attributes
    attributes = {
        name: Var(f"any.{name}", known[name].sort)
        for name in vocabulary().events[event].attributes
    }
    guard = conjunction(
        *(
            _admit_value(value, known[name])
            for name, value in attributes.items()
        )
    )
    return Transition(
        event, ENVIRONMENT, guard=guard, emits=event, attributes=attributes
    )


def _admit_value(value: Expression, attribute: Attribute) -> Expression:
    """One of the closed choices, or a size, count or instant, which are never negative."""
    if attribute.choices:
        return disjunction(
            *(equal(value, Const(choice)) for choice in attribute.choices)
        )
    return at_most(Const(0), value) if attribute.sort is Sort.INT else TRUE


def _texts_in(e: Expression) -> set[str]:
    match e:
        case Const(str(value)):
            return {value}
        case Apply(_, arguments):
            return {
                text for argument in arguments for text in _texts_in(argument)
            }
    return set()


def implication_monitor(first: Monitor, second: Monitor) -> Monitor:
    """A monitor for: as long as the first held at every event, so does the second.

    >>> both = implication_monitor(KEPT_PROMISE, BROKEN_PROMISE)
    >>> [register.name for register in both.registers]
    ['a.r0', 'held']
    """
    ours, theirs = renamed_monitor(first, "a."), renamed_monitor(second, "b.")
    held = Var("held", Sort.BOOL)
    so_far = conjunction(held, ours.verdict)
    return Monitor(
        registers=(
            *ours.registers,
            *theirs.registers,
            Register(held.name, Sort.BOOL, True),
        ),
        updates={**ours.updates, **theirs.updates, held.name: so_far},
        verdict=implication(so_far, theirs.verdict),
        trigger=TRUE,
    )


def renamed_monitor(monitor: Monitor, mark: str) -> Monitor:
    """The same monitor with other names for its registers.

    >>> list(renamed_monitor(KEPT_PROMISE, "old.").registers) != list(KEPT_PROMISE.registers)
    True
    """
    names: Mapping[str, Expression] = {
        r.name: Var(mark + r.name, r.sort) for r in monitor.registers
    }
    return Monitor(
        registers=tuple(
            Register(mark + r.name, r.sort, r.initial)
            for r in monitor.registers
        ),
        updates={
            mark + name: substitute(e, names)
            for name, e in monitor.updates.items()
        },
        verdict=substitute(monitor.verdict, names),
        trigger=substitute(monitor.trigger, names),
        pending=substitute(monitor.pending, names),
    )


def find_trace_violating(
    monitor: Monitor, seconds: int
) -> tuple[Observation, ...] | None:
    """A shortest trace of anything at all that the monitor forbids; () where it is proved that there is
    none, None where neither was found.

    >>> [seen.event for seen in find_trace_violating(BROKEN_PROMISE, seconds=10)]
    ['microphone.power']
    """
    system = unconstrained_system(monitor)
    run = find_violation(
        system=system, promise=monitor, seconds=seconds, deepest=LONGEST_TRACE
    ).run
    if run is not None:
        return run.observations()
    answer = search_invariant(
        problem=encode(system, monitor),
        system=system,
        promise=monitor,
        seconds=seconds,
    )
    return () if answer.standing is Standing.PROVED else None


def find_separating_trace(
    first: Monitor, second: Monitor, seconds: int
) -> tuple[Observation, ...] | None:
    """A shortest trace that the first allows and the second forbids; () where it is proved that there
    is none, None where neither was found.

    >>> [seen.event for seen in find_separating_trace(BROKEN_PROMISE, KEPT_PROMISE, seconds=10)]
    ['audio.captured']
    """
    return find_trace_violating(implication_monitor(first, second), seconds)


def compare_monitors(
    old: Monitor, new: Monitor, seconds: int
) -> MonitorComparison:
    """What the new clause is to the old one.

    >>> compare_monitors(KEPT_PROMISE, KEPT_PROMISE, seconds=10).relation.value
    'equal'
    """
    if (old.registers, old.updates, old.verdict) == (
        new.registers,
        new.updates,
        new.verdict,
    ):
        return MonitorComparison(Relation.EQUAL)
    lost = find_separating_trace(new, old, seconds)
    gained = find_separating_trace(old, new, seconds)
    if lost is None or gained is None:
        return MonitorComparison(Relation.UNKNOWN, lost or (), gained or ())
    return MonitorComparison(
        RELATIONS[bool(lost), bool(gained)], lost, gained
    )


RELATIONS = {
    (False, False): Relation.EQUAL,
    (True, False): Relation.WEAKER,
    (False, True): Relation.STRONGER,
    (True, True): Relation.INCOMPARABLE,
}
"""By whether something is lost, and whether something is gained."""
