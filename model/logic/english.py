"""A formula in plain English, for readers of a report. Events read as the vocabulary says them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from earwitness.model.logic.english_atoms import (
    describe_atom,
    describe_comparison,
    describe_term,
    split_name,
)
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
    Latch,
    Literal,
    Not,
    Once,
    Or,
    Previously,
    Side,
    Since,
    Term,
    Truth,
)
from earwitness.model.logic.wording import (
    describe_duration,
    enumerate_parts,
    negate_sentence,
    put_in_past,
    say_that_none,
    say_times,
)
from earwitness.model.vocabulary import vocabulary

WHERE_KNOWN = "where both are known"
"""What `not a != b` says beside `a = b`."""
Say = Callable[[Formula], str]


def describe_formula(formula: Formula) -> str:
    """One English sentence for a formula, without its full stop.

    >>> from earwitness.model.logic.parser import parse_formula
    >>> describe_formula(parse_formula("tone implies once within 2 s wake_word"))
    'whenever the short audible tone is played, in the last 2 s the device heard a wake word'
    """
    match formula:
        case Truth(value):
            return "this holds in any case" if value else "this never holds"
        case Compare():
            return describe_comparison(formula)
        case Event():
            return describe_atom(formula)
        case Not(operand):
            return _describe_contrary(operand)
        case And():
            return _describe_all(
                _flatten_chain(formula, And), describe_formula
            )
        case Or():
            return _describe_any(
                _flatten_chain(formula, Or), describe_formula
            )
        case Implies(left, right):
            occasion = describe_formula(left)
            then = ", then" if _needs_then(occasion) else ","
            return f"whenever {occasion}{then} {describe_formula(right)}"
        case Latch(state, value, _):
            usual = f"the {split_name(state)} is {split_name(value)}"
            return vocabulary().states.get(f"{state} is {value}", usual)
        case Deadline(response, limit, trigger):
            after = f"within {describe_duration(limit)} after {describe_formula(trigger)}"
            return f"{after}, {describe_formula(response)}"
        case Count(most, limit, operand):
            often = f"at most {say_times(most)}"
            return f"in any {describe_duration(limit)}, {often} {describe_formula(operand)}"
        case _:
            return _describe_past(formula)


def _needs_then(occasion: str) -> bool:
    """Whether a reader would not see where the occasion ends."""
    return (
        "," in occasion or " or " in occasion or occasion.count(" and ") > 1
    )


def _describe_past(formula: Formula) -> str:
    """What was so before, or always."""
    match formula:
        case Previously(None, (Event() | Latch() | Not(Latch())) as operand):
            return f"{_in_past(operand)} just before"
        case Previously(bound, operand):
            return f"before this{_say_bound(bound)}, {_in_past(operand)}"
        case Once(bound, operand):
            return f"{_at_some_time(bound)} {_in_past(operand)}"
        case Historically(bound, Not(operand)):
            return f"{_at_no_time(bound)} {describe_formula(operand)}"
        case Historically(bound, operand):
            return f"{_at_every_time(bound)} {describe_formula(operand)}"
        case Since(bound, Not(Or() as left), right):
            chain = _flatten_chain(left, Or)
            listed = enumerate_parts([_in_past(part) for part in chain])
            return f"since {_say_began(bound, right)} " + listed.replace(
                "one of these:", "none of these happened:", 1
            )
        case Since(bound, Not(left), right):
            return f"{say_that_none(_in_past(left))} since {_say_began(bound, right)}"
        case Since(bound, left, right):
            return f"{_say_began(bound, right)}, and ever since {describe_formula(left)}"
    raise TypeError(f"{type(formula).__name__} is no kind of formula")


def _say_began(bound: Bound | None, formula: Formula) -> str:
    return f"{_in_past(formula)}{_say_bound(bound)}"


def _in_past(formula: Formula) -> str:
    """The sentence about an earlier instant."""
    match formula:
        case Event() | Latch() | Not(Latch()):
            return put_in_past(describe_formula(formula))
        case And():
            return _describe_all(_flatten_chain(formula, And), _in_past)
        case Or():
            return _describe_any(_flatten_chain(formula, Or), _in_past)
    return describe_formula(formula)


def _flatten_chain(
    formula: Formula, kind: type[And] | type[Or]
) -> Iterator[Formula]:
    """The parts of a chain of one operator, in order."""
    if isinstance(formula, And | Or) and isinstance(formula, kind):
        yield from _flatten_chain(formula.left, kind)
        yield from _flatten_chain(formula.right, kind)
    else:
        yield formula


def _describe_all(parts: Iterator[Formula], say: Say) -> str:
    first, *rest = parts
    said = [say(part) for part in rest]
    if any(isinstance(part, Implies | Deadline) for part in (first, *rest)):
        return "; ".join([say(first), *said])
    joint = " and "
    if all(_is_state(part) for part in rest):
        if isinstance(first, Event):
            joint = " while "
        elif isinstance(first, Or):
            joint = ", each while "
    return say(first) + joint + " and ".join(said)


def _is_state(formula: Formula) -> bool:
    return isinstance(formula, Latch) or (
        isinstance(formula, Not) and isinstance(formula.operand, Latch)
    )


def _describe_any(alternatives: Iterator[Formula], say: Say) -> str:
    parts = list(alternatives)
    sentences = _same_term_together(parts, "one", say)
    if len(sentences) <= 2 and not any(
        " and " in s or " or " in s or "(1)" in s for s in sentences
    ):
        return " or ".join(sentences)
    # Two commas and an "or" are read at a glance; longer parts need numbers to be told apart.
    return enumerate_parts(sentences) if len(sentences) > 1 else sentences[0]


def _same_term_together(
    alternatives: Sequence[Formula], quantity: str, say: Say
) -> list[str]:
    """`its x = a or its x = b` as `its x is one of a, b`; `none of` where they are denied."""
    values: dict[Term, list[str]] = {}
    sentences: list[str | Term] = []
    for part in alternatives:
        match part:
            case Compare(Comparator.EQ, left, Literal(str(value))):
                if left not in values:
                    sentences.append(left)
                values.setdefault(left, []).append(split_name(value))
            case _:
                sentences.append(say(part))
    return [
        part
        if isinstance(part, str)
        else _list_values(part, values[part], quantity)
        for part in sentences
    ]


def _list_values(term: Term, values: Sequence[str], quantity: str) -> str:
    if len(values) == 1:
        wanted = "is not" if quantity == "none" else "is"
        return f"{describe_term(term)} {wanted} {values[0]}"
    return f"{describe_term(term)} is {quantity} of {', '.join(values)}"


def _describe_contrary(operand: Formula) -> str:
    match operand:
        case Event():
            return say_that_none(describe_formula(operand))
        case Compare(Comparator.NE, left, right):
            alike = Compare(Comparator.EQ, left, right)
            return f"{describe_formula(alike)}, {_where_known(right)}"
        case Compare() | Latch():
            return negate_sentence(describe_formula(operand))
        case Or():
            return " and ".join(
                _same_term_together(
                    list(_flatten_chain(operand, Or)),
                    "none",
                    _describe_contrary,
                )
            )
        case Once(bound, inner):
            return f"{_at_no_time(bound)} {_in_past(inner)}"
    return f"it is not so that {describe_formula(operand)}"


def _where_known(other: Term) -> str:
    return "where it is known" if isinstance(other, Literal) else WHERE_KNOWN


def _say_bound(bound: Bound | None) -> str:
    if bound is None:
        return ""
    most = "at most" if bound.side is Side.WITHIN else "at least"
    return f", {most} {describe_duration(bound.duration)} ago"


def _at_some_time(bound: Bound | None) -> str:
    if bound is None:
        return "at some time"
    length = describe_duration(bound.duration)
    return (
        f"in the last {length}"
        if bound.side is Side.WITHIN
        else f"at some time {length} ago or longer,"
    )


def _at_no_time(bound: Bound | None) -> str:
    if bound is None:
        return "at no time"
    length = describe_duration(bound.duration)
    return (
        f"at no time in the last {length}"
        if bound.side is Side.WITHIN
        else f"at no time {length} ago or longer,"
    )


def _at_every_time(bound: Bound | None) -> str:
    if bound is None:
        return "always until now"
    length = describe_duration(bound.duration)
    return (
        f"at every time in the last {length}"
        if bound.side is Side.WITHIN
        else f"at every time {length} ago or longer,"
    )
