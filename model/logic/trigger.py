"""What exercises a formula: the events at which it has something to say."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from earwitness.model.logic.formula import (
    And,
    Compare,
    Count,
    Deadline,
    Event,
    Formula,
    Historically,
    Implies,
    Its,
    Latch,
    Not,
    Once,
    Or,
    Previously,
    Since,
    Truth,
    direct_parts,
)
from earwitness.model.vocabulary import vocabulary

NOTHING = Truth(False)
"""The trigger of a formula that says nothing of any event: it is never exercised, so never satisfied."""


def default_trigger(formula: Formula) -> Formula:
    """What exercises a formula for which nobody names a trigger: the left side of an implication, the trigger
    of a deadline, either side of a conjunction, and of all else the events it speaks of. No event exercises a
    formula that speaks of none. (A pack is stricter: there a prohibition needs a trigger or an opportunity.)

    >>> from earwitness.model.logic.parser import parse_formula
    >>> default_trigger(parse_formula("not stream.audio(encrypted = false)"))
    Event(name='stream.audio', conditions=())
    >>> default_trigger(parse_formula("1 = 1"))
    Truth(value=False)
    """
    match formula:
        case And(left, right):
            return _either_of(default_trigger(left), default_trigger(right))
        case Implies(left, right):
            return (
                left
                if needs_event(left)
                else _both_of(left, default_trigger(right))
            )
        case Deadline(response, _, trigger):
            return (
                trigger
                if needs_event(trigger)
                else _both_of(trigger, subject_of(response))
            )
    return subject_of(formula)


def subject_of(formula: Formula) -> Formula:
    """The events that a formula speaks of, whatever it says of them.

    >>> subject_of(Once(None, Not(Event("tone"))))
    Event(name='tone', conditions=())
    """
    match formula:
        case Truth():
            return NOTHING
        case Event(name, _):
            return Event(name)
        case Compare():
            terms = _terms_of(formula)
            return _events_with(
                {term.attribute for term in terms if isinstance(term, Its)}
            )
        case Latch(_, _, patterns):
            return _any_of(subject_of(pattern) for _, pattern in patterns)
        case (
            Not(operand)
            | Previously(_, operand)
            | Once(_, operand)
            | Historically(_, operand)
        ):
            return subject_of(operand)
        case Count(_, _, operand):
            return subject_of(operand)
        case (
            And(left, right)
            | Or(left, right)
            | Implies(left, right)
            | Since(_, left, right)
        ):
            return _either_of(subject_of(left), subject_of(right))
        case Deadline(response, _, trigger):
            return _either_of(subject_of(response), subject_of(trigger))


def needs_event(formula: Formula) -> bool:
    """Whether only events of some kinds can make the formula true, so that it may stand as a trigger.

    >>> needs_event(Not(Event("tone")))
    False
    """
    match formula:
        case Event():
            return True
        case Compare():
            return any(isinstance(term, Its) for term in _terms_of(formula))
        case And(left, right):
            return needs_event(left) or needs_event(right)
        case Or(left, right):
            return needs_event(left) and needs_event(right)
        case Truth(value):
            return not value
    return False


def _terms_of(term: object) -> frozenset[object]:
    return frozenset({term}).union(
        *(_terms_of(part) for part in direct_parts(term))
    )


def _events_with(attributes: set[str]) -> Formula:
    """Any event that has all the attributes."""
    if not attributes:
        return NOTHING
    events = vocabulary().events.values()
    return _any_of(
        Event(event.name)
        for event in events
        if attributes <= set(event.attributes)
    )


def _any_of(formulas: Iterable[Formula]) -> Formula:
    nothing: Formula = NOTHING
    return reduce(_either_of, formulas, nothing)


def _either_of(left: Formula, right: Formula) -> Formula:
    if left in (NOTHING, right):
        return right
    return left if right == NOTHING else Or(left, right)


def _both_of(left: Formula, right: Formula) -> Formula:
    if NOTHING in (left, right):
        return NOTHING
    return right if left == Truth(True) else And(left, right)
