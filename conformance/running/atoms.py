"""The events a formula speaks of, and whether an observation is one of them: what the evidence of a verdict
is counted over."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from earwitness.model.logic.formula import (
    And,
    Comparator,
    Compare,
    Count,
    Deadline,
    Event,
    Formula,
    Historically,
    Implies,
    Its,
    Last,
    Latch,
    Literal,
    Not,
    Once,
    Or,
    Previously,
    Since,
    Sum,
    Term,
)
from earwitness.model.trace import Observation


@cache
def atoms(formula: Formula) -> frozenset[Event]:
    """Every event that the formula names, with the conditions on it."""
    return frozenset(_events_in(formula))


def _events_in(formula: Formula) -> Iterator[Event]:
    match formula:
        case Event():
            yield formula
            for condition in formula.conditions:
                yield from _events_in(condition)
        case (
            Not(operand)
            | Previously(_, operand)
            | Once(_, operand)
            | Historically(_, operand)
        ):
            yield from _events_in(operand)
        case Count(_, _, operand):
            yield from _events_in(operand)
        case (
            And(left, right)
            | Or(left, right)
            | Implies(left, right)
            | Since(_, left, right)
        ):
            yield from _events_in(left)
            yield from _events_in(right)
        case Latch(_, _, patterns):
            for _, pattern in patterns:
                yield from _events_in(pattern)
        case Deadline(response, _, trigger):
            yield from _events_in(response)
            yield from _events_in(trigger)
        case Compare(_, left_term, right_term):
            yield from _events_in_term(left_term)
            yield from _events_in_term(right_term)


def _events_in_term(term: Term) -> Iterator[Event]:
    match term:
        case Last(event, _, _):
            yield Event(event)
        case Sum(left, _, right):
            yield from _events_in_term(left)
            yield from _events_in_term(right)


@cache
def owed_events(formula: Formula) -> frozenset[str]:
    """The names of events whose coming would have kept the formula from being violated, but for those that
    would only have ended what was on before: an excuse is the target's to give."""
    return frozenset(_owed_in(formula, owed=True))


def _owed_in(formula: Formula, *, owed: bool) -> Iterator[str]:
    match formula:
        case Event(name, _) if owed:
            yield name
        case Not(operand) | Count(_, _, operand):
            yield from _owed_in(operand, owed=not owed)
        case (
            Previously(_, operand)
            | Once(_, operand)
            | Historically(_, operand)
            | Since(_, _, operand)
        ):
            yield from _owed_in(operand, owed=owed)
        case And(left, right) | Or(left, right):
            yield from _owed_in(left, owed=owed)
            yield from _owed_in(right, owed=owed)
        case Implies(left, right):
            yield from _owed_in(left, owed=not owed)
            yield from _owed_in(right, owed=owed)
        case Latch(_, _, patterns):
            for _, pattern in patterns:
                yield from (atom.name for atom in atoms(pattern))
        case Deadline(response, _, trigger):
            yield from _owed_in(response, owed=owed)
            yield from _owed_in(trigger, owed=not owed)


def matches(atom: Event, seen: Observation) -> bool:
    """Whether the observation may be the event: same name, and no condition on its own attributes rules it
    out. What the conditions compare with anything but a constant is left open, which can only make the
    evidence weaker."""
    return atom.name == seen.event and all(
        _admits_event(condition, seen) for condition in atom.conditions
    )


def _admits_event(condition: Compare, seen: Observation) -> bool:
    match condition:
        case Compare(Comparator.EQ, Its(name, _), Literal(value)):
            return seen.attributes.get(name, value) == value
        case Compare(Comparator.NE, Its(name, _), Literal(value)):
            return (
                name not in seen.attributes or seen.attributes[name] != value
            )
    return True


@cache
def attributes_of(formula: Formula) -> frozenset[str]:
    """Every attribute that the formula compares."""
    return frozenset(_attributes_in(formula))


def _attributes_in(formula: Formula | Term) -> Iterator[str]:
    match formula:
        case Its(name, _) | Last(_, name, _):
            yield name
        case Compare(_, left, right) | Sum(left, _, right):
            yield from _attributes_in(left)
            yield from _attributes_in(right)
        case Event(_, conditions):
            for condition in conditions:
                yield from _attributes_in(condition)
        case (
            Not(operand)
            | Previously(_, operand)
            | Once(_, operand)
            | Historically(_, operand)
        ):
            yield from _attributes_in(operand)
        case Count(_, _, operand):
            yield from _attributes_in(operand)
        case (
            And(left, right)
            | Or(left, right)
            | Implies(left, right)
            | Since(_, left, right)
        ):
            yield from _attributes_in(left)
            yield from _attributes_in(right)
        case Latch(_, _, patterns):
            for _, pattern in patterns:
                yield from _attributes_in(pattern)
        case Deadline(response, _, trigger):
            yield from _attributes_in(response)
            yield from _attributes_in(trigger)
