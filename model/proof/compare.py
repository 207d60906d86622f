"""Which of two promises says more, over everything that could be observed at all: every event, at any time, with any attributes the vocabulary admits."""

from __future__ import annotations

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
from earwitness.model.proof.spacer import Standing, search_invariant
from earwitness.model.proof.unroll import find_violation
from earwitness.model.systems.cone import SILENT
from earwitness.model.systems.transition_system import ENVIRONMENT, PASS_TIME, System, Transition
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Attribute, vocabulary

DEPTH = 12
"""Events: a trace that separates two clauses is searched up to this length before a proof is tried, since it is mostly short."""


class Relation(Enum):
    """What a new promise is to the old one. Incomparable: each forbids something the other allows."""

    EQUAL = "equal"
    STRONGER = "stronger"
    WEAKER = "weaker"
    INCOMPARABLE = "incomparable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MonitorComparison:
    """`lost` is a trace the old promise forbids and the new one allows; `gained` the other way round."""

    relation: Relation
    lost: tuple[Observation, ...] = ()
    gained: tuple[Observation, ...] = ()


def unconstrained_system(*monitors: Monitor) -> System:
    """A system in which any event the monitors speak of happens at any time with any attributes the vocabulary admits."""
    texts = {c for m in monitors for e in (*m.updates.values(), m.verdict) for c in _texts(e)}
    known = vocabulary()
    transitions = [PASS_TIME]
    for name in sorted(texts & set(known.events) - {SILENT}):
        attributes: dict[str, Expression] = {
            a: Var(f"any.{a}", known.attributes[a].sort) for a in known.events[name].attributes
        }
        guard = conjunction(*(_admissible(attributes[a], known.attributes[a]) for a in attributes))
        transitions.append(Transition(name, ENVIRONMENT, guard=guard, emits=name, attributes=attributes))
    free = {
        f"any.{name}": (*a.choices, *sorted(texts))
        for name, a in known.attributes.items()
        if a.sort is Sort.TEXT
    }
    return System("anything", "", (), tuple(transitions), (), (), free)


def _admissible(value: Expression, attribute: Attribute) -> Expression:
    """One of the closed choices, or a size, count or instant, which are never negative."""
    if attribute.choices:
        return disjunction(*(equal(value, Const(c)) for c in attribute.choices))
    return at_most(Const(0), value) if attribute.sort is Sort.INT else TRUE


def _texts(e: Expression) -> set[str]:
    match e:
        case Const(str(value)):
            return {value}
        case Apply(_, arguments):
            return {t for a in arguments for t in _texts(a)}
    return set()


def implication_monitor(first: Monitor, second: Monitor) -> Monitor:
    """A monitor for: as long as the first held at every event, so does the second."""

    def renamed(monitor: Monitor, mark: str) -> tuple[list[Register], dict[str, Expression], Expression]:
        names = {r.name: Var(mark + r.name, r.sort) for r in monitor.registers}
        registers = [Register(mark + r.name, r.sort, r.initial) for r in monitor.registers]
        return (
            registers,
            {mark + n: substitute(e, names) for n, e in monitor.updates.items()},
            substitute(monitor.verdict, names),
        )

    ours, our_updates, our_verdict = renamed(first, "a.")
    theirs, their_updates, their_verdict = renamed(second, "b.")
    held = Var("held", Sort.BOOL)
    now = conjunction(held, our_verdict)
    return Monitor(
        (*ours, *theirs, Register(held.name, Sort.BOOL, True)),
        {**our_updates, **their_updates, held.name: now},
        implication(now, their_verdict),
        TRUE,
    )


def find_separating_trace(first: Monitor, second: Monitor, seconds: int) -> tuple[Observation, ...] | None:
    """A shortest trace that the first allows and the second forbids; () where it is proved that there is none, None where neither was found."""
    monitor = implication_monitor(first, second)
    system = unconstrained_system(first, second)
    path = find_violation(system, monitor, seconds, DEPTH).path
    if path is not None:
        return path.observations()
    standing, _ = search_invariant(encode(system, monitor), system, monitor, seconds)
    return () if standing is Standing.PROVED else None


def compare_monitors(old: Monitor, new: Monitor, seconds: int) -> MonitorComparison:
    """What the new clause is to the old one."""
    if (old.registers, old.updates, old.verdict) == (new.registers, new.updates, new.verdict):
        return MonitorComparison(Relation.EQUAL)
    lost, gained = find_separating_trace(new, old, seconds), find_separating_trace(old, new, seconds)
    if lost is None or gained is None:
        return MonitorComparison(Relation.UNKNOWN, lost or (), gained or ())
    relations = {
        (False, False): Relation.EQUAL,
        (True, False): Relation.WEAKER,
        (False, True): Relation.STRONGER,
        (True, True): Relation.INCOMPARABLE,
    }
    return MonitorComparison(relations[bool(lost), bool(gained)], lost, gained)
