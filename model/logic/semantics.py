"""The reference semantics: what a formula means at a position of a finite trace. Slow, short, and the
definition of all engines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from earwitness.model.expression import Value
from earwitness.model.logic.formula import (
    And,
    Bound,
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
    Now,
    Once,
    Or,
    Previously,
    Side,
    Since,
    Sum,
    Term,
    Truth,
)
from earwitness.model.trace import Observation

Trace = Sequence[Observation]


def holds(formula: Formula, trace: Trace, i: int) -> bool:
    """Whether the formula is true at position i (0 is the first event).

    >>> from earwitness.model.logic.parser import parse_formula
    >>> trace = [Observation(0, "d1", "wake_word"), Observation(2_000_000, "d1", "tone")]
    >>> holds(parse_formula("tone implies once within 2 s wake_word"), trace, 1)
    True
    """
    match formula:
        case Truth(constant):
            return constant
        case Compare(relation, left, right):
            return values_compare(
                relation, value_of(left, trace, i), value_of(right, trace, i)
            )
        case Event(name, conditions):
            return trace[i].event == name and all(
                holds(c, trace, i) for c in conditions
            )
        case Not(operand):
            return not holds(operand, trace, i)
        case And(left, right):
            return holds(left, trace, i) and holds(right, trace, i)
        case Or(left, right):
            return holds(left, trace, i) or holds(right, trace, i)
        case Implies(left, right):
            return not holds(left, trace, i) or holds(right, trace, i)
        case Previously(bound, operand):
            return (
                i > 0
                and is_within(bound, age(trace, i - 1, i))
                and holds(operand, trace, i - 1)
            )
        case Once(bound, operand):
            return any(
                holds(operand, trace, j) for j in positions(bound, trace, i)
            )
        case Historically(bound, operand):
            return all(
                holds(operand, trace, j) for j in positions(bound, trace, i)
            )
        case Since():
            return _held_since(formula, trace, i)
        case Count(most, duration, operand):
            recent = positions(Bound(Side.WITHIN, duration), trace, i)
            return sum(holds(operand, trace, j) for j in recent) <= most
        case Latch():
            return _latched_value(formula, trace, i) == formula.value
        case Deadline():
            return all(
                is_in_time(formula=formula, trace=trace, j=j, i=i)
                for j in range(i + 1)
            )


def age(trace: Trace, j: int, i: int) -> int:
    """How long before position i position j was, in microseconds.

    >>> age(LOG, 0, 1)  # from the wake word to the tone
    1000000
    """
    return trace[i].time - trace[j].time


def is_within(bound: Bound | None, elapsed: int) -> bool:
    """Whether something so long ago is inside the bound.

    >>> is_within(Bound(Side.WITHIN, 2), 3), is_within(Bound(Side.FOR, 2), 3), is_within(None, 3)
    (False, True, True)
    """
    if bound is None:
        return True
    if bound.side is Side.WITHIN:
        return elapsed <= bound.duration
    return elapsed >= bound.duration


def positions(bound: Bound | None, trace: Trace, i: int) -> list[int]:
    """The positions up to i that the bound admits, seen from i.

    >>> positions(Bound(Side.WITHIN, 2 * SECOND), LOG, 1), positions(Bound(Side.WITHIN, 2 * SECOND), LOG, 2)
    ([0, 1], [2])
    """
    return [j for j in range(i + 1) if is_within(bound, age(trace, j, i))]


def _held_since(formula: Since, trace: Trace, i: int) -> bool:
    return any(
        holds(formula.right, trace, j)
        and all(holds(formula.left, trace, k) for k in range(j + 1, i + 1))
        for j in positions(formula.bound, trace, i)
    )


def _latched_value(formula: Latch, trace: Trace, i: int) -> str | None:
    for j in reversed(range(i + 1)):
        for value, pattern in formula.patterns:
            if holds(pattern, trace, j):
                return value
    return None


def is_in_time(formula: Deadline, trace: Trace, j: int, i: int) -> bool:
    """Whether a trigger at j, if there is one, is answered or still has time at i.

    >>> answer = parse_formula("tone within 2 s after wake_word")
    >>> is_in_time(answer, LOG, 0, 2)  # the first tone came in time
    True
    """
    if (
        not holds(formula.trigger, trace, j)
        or age(trace, j, i) <= formula.duration
    ):
        return True
    return any(
        holds(formula.response, trace, k)
        for k in range(j, i + 1)
        if age(trace, j, k) <= formula.duration
    )


def value_of(term: Term, trace: Trace, i: int) -> Value | None:
    """The value of a term at position i, or None where it is undefined.

    >>> value_of(parse_formula("last tone.time < now").left, LOG, 2)
    9000000
    >>> value_of(parse_formula("its bytes < 5").left, LOG, 2) is None
    True
    """
    match term:
        case Literal(constant):
            return constant
        case Now():
            return trace[i].time
        case Its(attribute, _):
            return trace[i].attributes.get(attribute)
        case Last(event, attribute, _):
            return _latest_value(
                event=event, attribute=attribute, trace=trace, i=i
            )
        case Sum(left, sign, right):
            a = value_of(left, trace, i)
            b = value_of(right, trace, i)
            return None if a is None or b is None else int(a) + sign * int(b)


def _latest_value(
    event: str, attribute: str, trace: Trace, i: int
) -> Value | None:
    for seen in reversed(trace[: i + 1]):
        if seen.event == event:
            return (
                seen.time
                if attribute == "time"
                else seen.attributes.get(attribute)
            )
    return None


def values_compare(
    relation: Comparator, a: Value | None, b: Value | None
) -> bool:
    """Whether two values stand in the relation; not where one is undefined.

    >>> values_compare(Comparator.LT, 1, 2), values_compare(Comparator.LT, None, 2)
    (True, False)
    """
    return a is not None and b is not None and COMPARE[relation](a, b)


COMPARE: dict[Comparator, Callable[[Value, Value], bool]] = {
    Comparator.EQ: lambda a, b: a == b,
    Comparator.NE: lambda a, b: a != b,
    Comparator.LT: lambda a, b: int(a) < int(b),
    Comparator.LE: lambda a, b: int(a) <= int(b),
    Comparator.GT: lambda a, b: int(a) > int(b),
    Comparator.GE: lambda a, b: int(a) >= int(b),
}
