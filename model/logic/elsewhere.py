"""What a formula is at events that it, or whoever watches, knows nothing of. Where it is unmoved by them,
nobody need look at them; where it is not, a log that lacks them leaves its truth open."""

from __future__ import annotations

from collections.abc import Iterable, Set

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
    Now,
    Once,
    Or,
    Previously,
    Since,
    Truth,
    direct_parts,
    event_names,
)


def negated(truth: bool | None) -> bool | None:
    """Not, of three truth values (None: not known).

    >>> negated(None) is None
    True
    """
    return None if truth is None else not truth


def all_hold(truths: Iterable[bool | None]) -> bool | None:
    """And, of three truth values: false where one is false, else not known where one is not known.

    >>> all_hold([True, None]) is None, all_hold([None, False])
    (True, False)
    """
    found = list(truths)
    if False in found:
        return False
    return None if None in found else True


def any_holds(truths: Iterable[bool | None]) -> bool | None:
    """Or, of three truth values.

    >>> any_holds([None, True]), any_holds([False, None]) is None
    (True, True)
    """
    return negated(all_hold(negated(truth) for truth in truths))


def truth_elsewhere(formula: Formula, names: Set[str]) -> bool | None:
    """The truth of a formula at an event whose name is not one of `names`; None where that depends.

    >>> truth_elsewhere(Not(Event("tone")), {"tone"})
    True
    """
    match formula:
        case Truth(value):
            return value
        case Event(name, _):
            return False if name in names else None
        case Not(operand):
            return negated(truth_elsewhere(operand, names))
        case And(left, right):
            return all_hold(
                (truth_elsewhere(left, names), truth_elsewhere(right, names))
            )
        case Or(left, right):
            return any_holds(
                (truth_elsewhere(left, names), truth_elsewhere(right, names))
            )
        case Implies(left, right):
            return any_holds(
                (
                    negated(truth_elsewhere(left, names)),
                    truth_elsewhere(right, names),
                )
            )
    return None


def is_unmoved(formula: Formula, names: Set[str]) -> bool:
    """Whether an event whose name is not one of `names` leaves the truth of the formula as it was, however
    often it comes and whenever.

    >>> is_unmoved(Once(None, Event("tone")), {"tone"})
    True
    """
    match formula:
        case Truth():
            return True
        case Compare(_, left, right):
            return (
                not _speaks_of_now((left, right))
                and event_names(formula) <= names
            )
        case Not(operand):
            return is_unmoved(operand, names)
        case And(left, right) | Or(left, right) | Implies(left, right):
            return is_unmoved(left, names) and is_unmoved(right, names)
        case (
            Once(None, _)
            | Historically(None, _)
            | Since(None, _, _)
            | Latch()
        ):
            return remembers_alike(formula, names)
    return False


def remembers_alike(formula: Formula, names: Set[str]) -> bool:
    """Whether an event whose name is not one of `names` leaves all that the formula remembers as it was.

    >>> remembers_alike(Once(None, Event("tone")), {"tone"})
    True
    >>> remembers_alike(Once(None, Not(Event("tone"))), {"tone"})  # any other event is no tone
    False
    """
    match formula:
        case Once(_, operand) | Count(_, _, operand):
            return _is_always(operand, False, names)
        case Historically(_, operand):
            return _is_always(operand, True, names)
        case Since(_, left, right):
            return _is_always(left, True, names) and _is_always(
                right, False, names
            )
        case Latch(_, _, patterns):
            return all(
                _is_always(pattern, False, names) for _, pattern in patterns
            )
        case Previously(None, operand):
            return is_unmoved(operand, names) and remembers_alike(
                operand, names
            )
        case Previously():
            return False
        case Deadline(response, _, trigger):
            return _is_always(response, False, names) and _is_always(
                trigger, False, names
            )
        case Compare():
            return event_names(formula) <= names
        case Not(operand):
            return remembers_alike(operand, names)
        case And(left, right) | Or(left, right) | Implies(left, right):
            return remembers_alike(left, names) and remembers_alike(
                right, names
            )
    return True


def _is_always(operand: Formula, truth: bool, names: Set[str]) -> bool:
    return truth_elsewhere(operand, names) is truth and remembers_alike(
        operand, names
    )


def _speaks_of_now(term: object) -> bool:
    return isinstance(term, Its | Now) or any(
        _speaks_of_now(part) for part in direct_parts(term)
    )
