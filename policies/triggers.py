"""What exercises a promise when its author names nothing: the occasion on which it could have been broken."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.model.logic.formula import (
    And,
    Deadline,
    Event,
    Formula,
    Implies,
    Not,
    Or,
)


class NoTrigger(ValueError):
    """Nothing in the formula says when it was put to the test; the author must."""


def occasion(
    formula: Formula, opportunities: Mapping[str, Formula]
) -> Formula:
    """The left side of an implication, the trigger of a deadline, and of a prohibition `not E` the pack's
    opportunity for E.

    A prohibition is not exercised by any event at all: a log of a single `tick` must not satisfy `not
    record.found`. Raises NoTrigger where none of these applies.
    """
    match formula:
        case Implies(left, _):
            return left
        case Deadline(_, _, trigger):
            return trigger
        case And(left, right):
            first, second = (
                occasion(left, opportunities),
                occasion(right, opportunities),
            )
            return first if first == second else Or(first, second)
        case Not(Event(name, _)) if name in opportunities:
            return opportunities[name]
        case Not(Event(name, _)):
            raise NoTrigger(
                f"nothing says when '{name}' could have happened; give a trigger, "
                f"or give the pack an opportunity for '{name}'"
            )
    raise NoTrigger(
        "nothing says what exercises this formula; give a trigger"
    )
