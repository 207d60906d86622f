"""A formula in plain English, for readers of a report."""

from __future__ import annotations

from earwitness.model.logic.formula import (
    And,
    Bound,
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
    Relation,
    Side,
    Since,
    Sum,
    Term,
    Truth,
)
from earwitness.model.vocabulary import vocabulary

_WORDS = {
    Relation.EQ: "is",
    Relation.NE: "is not",
    Relation.LT: "is less than",
    Relation.LE: "is at most",
    Relation.GT: "is more than",
    Relation.GE: "is at least",
}


def duration(microseconds: int) -> str:
    for unit, size in (("min", 60_000_000), ("s", 1_000_000), ("ms", 1_000)):
        if microseconds and microseconds % size == 0:
            return f"{microseconds // size} {unit}"
    return f"{microseconds} µs"


def _term(term: Term) -> str:
    match term:
        case Literal(value):
            return (
                {True: "yes", False: "no"}[value]
                if isinstance(value, bool)
                else duration(value)
                if isinstance(value, int)
                else value
            )
        case Now():
            return "the time now"
        case Its(attribute, _):
            return f"its {attribute.replace('_', ' ')}"
        case Last(event, attribute, _):
            return f"the {attribute.replace('_', ' ')} of the last {event}"
        case Sum(left, sign, right):
            return f"{_term(left)} {'plus' if sign > 0 else 'minus'} {_term(right)}"


def _bound(bound: Bound | None) -> str:
    if bound is None:
        return ""
    return (
        f" at most {duration(bound.duration)} ago"
        if bound.side is Side.WITHIN
        else f" at least {duration(bound.duration)} ago"
    )


def describe_formula(formula: Formula) -> str:
    """One English phrase for a formula."""
    match formula:
        case Truth(value):
            return "always" if value else "never"
        case Compare(relation, left, right):
            return f"{_term(left)} {_WORDS[relation]} {_term(right)}"
        case Event(name, conditions):
            meaning = vocabulary().events[name].meaning
            return meaning + (
                f" ({', '.join(describe_formula(c).removeprefix('its ') for c in conditions)})"
                if conditions
                else ""
            )
        case Not(operand):
            return f"it is not so that {describe_formula(operand)}"
        case And(left, right):
            return f"{describe_formula(left)}, and {describe_formula(right)}"
        case Or(left, right):
            return f"either {describe_formula(left)} or {describe_formula(right)}"
        case Implies(left, right):
            return f"whenever {describe_formula(left)}, then {describe_formula(right)}"
        case Previously(bound, operand):
            return f"at the event before{_bound(bound)}, {describe_formula(operand)}"
        case Once(bound, operand):
            return f"at some time{_bound(bound)}, {describe_formula(operand)}"
        case Historically(bound, operand):
            return f"at every time{_bound(bound)}, {describe_formula(operand)}"
        case Since(bound, left, right):
            return f"at some time{_bound(bound)} {describe_formula(right)}, and ever since {describe_formula(left)}"
        case Count(most, limit, operand):
            return f"at most {most} times within {duration(limit)}, {describe_formula(operand)}"
        case Latch(state, value, _):
            return f"{state.replace('_', ' ')} is {value.replace('_', ' ')}"
        case Deadline(response, limit, trigger):
            return f"whenever {describe_formula(trigger)}, then within {duration(limit)} {describe_formula(response)}"
