"""The reference semantics: what a formula means at a position of a finite trace. Slow, short, and the definition of all engines."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.model.expression import Value
from earwitness.model.logic.formula import (
    And,
    Bound,
    Compare,
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
    Relation,
    Side,
    Since,
    Sum,
    Term,
    Truth,
)
from earwitness.model.trace import Observation

Trace = Sequence[Observation]


def value(term: Term, trace: Trace, i: int) -> Value | None:
    """The value of a term at position i, or None where it is undefined."""
    match term:
        case Literal(constant):
            return constant
        case Now():
            return trace[i].time
        case Its(attribute, _):
            return trace[i].attributes.get(attribute)
        case Last(event, attribute, _):
            for seen in reversed(trace[: i + 1]):
                if seen.event == event:
                    return seen.time if attribute == "time" else seen.attributes.get(attribute)
            return None
        case Sum(left, sign, right):
            a, b = value(left, trace, i), value(right, trace, i)
            return None if a is None or b is None else int(a) + sign * int(b)


def _compare(relation: Relation, a: Value | None, b: Value | None) -> bool:
    if a is None or b is None:
        return False
    match relation:
        case Relation.EQ:
            return a == b
        case Relation.NE:
            return a != b
        case Relation.LT:
            return int(a) < int(b)
        case Relation.LE:
            return int(a) <= int(b)
        case Relation.GT:
            return int(a) > int(b)
        case Relation.GE:
            return int(a) >= int(b)


def _admits(bound: Bound | None, age: int) -> bool:
    return bound is None or (age <= bound.duration if bound.side is Side.WITHIN else age >= bound.duration)


def holds(formula: Formula, trace: Trace, i: int) -> bool:
    """Whether the formula is true at position i (0 is the first event)."""

    def age(j: int) -> int:
        return trace[i].time - trace[j].time

    past = range(i + 1)
    match formula:
        case Truth(constant):
            return constant
        case Compare(relation, left, right):
            return _compare(relation, value(left, trace, i), value(right, trace, i))
        case Event(name, conditions):
            return trace[i].event == name and all(holds(c, trace, i) for c in conditions)
        case Not(operand):
            return not holds(operand, trace, i)
        case And(left, right):
            return holds(left, trace, i) and holds(right, trace, i)
        case Or(left, right):
            return holds(left, trace, i) or holds(right, trace, i)
        case Implies(left, right):
            return not holds(left, trace, i) or holds(right, trace, i)
        case Previously(bound, operand):
            return i > 0 and _admits(bound, age(i - 1)) and holds(operand, trace, i - 1)
        case Once(bound, operand):
            return any(_admits(bound, age(j)) and holds(operand, trace, j) for j in past)
        case Historically(bound, operand):
            return all(holds(operand, trace, j) for j in past if _admits(bound, age(j)))
        case Since(bound, left, right):
            return any(
                _admits(bound, age(j))
                and holds(right, trace, j)
                and all(holds(left, trace, k) for k in range(j + 1, i + 1))
                for j in past
            )
        case Latch(_, wanted, patterns):
            for j in reversed(past):
                for name, pattern in patterns:
                    if holds(pattern, trace, j):
                        return name == wanted
            return False
        case Deadline(response, duration, trigger):
            return all(
                age(j) <= duration
                or any(
                    trace[k].time - trace[j].time <= duration and holds(response, trace, k)
                    for k in range(j, i + 1)
                )
                for j in past
                if holds(trigger, trace, j)
            )
