"""A formula in plain English, for readers of a report. Events read as the vocabulary says them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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
from earwitness.model.vocabulary import vocabulary

SIZES = {
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "min": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
}
"""Microseconds in each unit that a duration is said in; words take a plural s, symbols do not."""
AMOUNTS = {
    Comparator.EQ: "is",
    Comparator.NE: "is not",
    Comparator.LT: "is less than",
    Comparator.LE: "is at most",
    Comparator.GT: "is more than",
    Comparator.GE: "is at least",
}
INSTANTS = {
    Comparator.EQ: "exactly",
    Comparator.NE: "not exactly",
    Comparator.LT: "earlier than",
    Comparator.LE: "no later than",
    Comparator.GT: "later than",
    Comparator.GE: "no earlier than",
}
VERB = re.compile(r"\b(is|are|was|were|has|have|can|will)\b")
"""Behind it a sentence takes its `not`."""


def describe_formula(formula: Formula) -> str:
    """One English sentence for a formula, without its full stop.

    >>> from earwitness.model.logic.parser import parse_formula
    >>> describe_formula(parse_formula("tone implies once within 2 s wake_word"))
    'whenever the short audible tone is played, at some time in the last 2 s the device hears a wake word'
    """
    match formula:
        case Truth(value):
            return "this holds in any case" if value else "this never holds"
        case Compare():
            return _describe_compare(formula)
        case Event():
            return _describe_event(formula)
        case Not(operand):
            return _describe_contrary(operand)
        case And():
            return _describe_all(_flatten_chain(formula, And))
        case Or():
            return _describe_any(_flatten_chain(formula, Or))
        case Implies(left, right):
            return f"whenever {describe_formula(left)}, {describe_formula(right)}"
        case Previously(bound, operand):
            return f"right before this{_say_bound(bound)}, {describe_formula(operand)}"
        case Once(bound, operand):
            return f"{_at_some_time(bound)} {describe_formula(operand)}"
        case Historically(bound, Not(operand)):
            return f"{_at_no_time(bound)} {describe_formula(operand)}"
        case Historically(bound, operand):
            return f"{_at_every_time(bound)} {describe_formula(operand)}"
        case Since(bound, Not(left), right):
            began = describe_formula(right)
            return (
                f"{_at_some_time(bound)} {began},"
                f" and never since {describe_formula(left)}"
            )
        case Since(bound, left, right):
            began = describe_formula(right)
            return (
                f"{_at_some_time(bound)} {began},"
                f" and ever since {describe_formula(left)}"
            )
        case Count(most, limit, operand):
            often = f"at most {_say_times(most)}"
            return f"in any {describe_duration(limit)}, {often} {describe_formula(operand)}"
        case Latch(state, value, _):
            usual = f"the {_split_name(state)} is {_split_name(value)}"
            return vocabulary().states.get(
                f"{state} is {value}",
                usual,
            )
        case Deadline(response, limit, trigger):
            after = f"within {describe_duration(limit)} after {describe_formula(trigger)}"
            return f"{after}, {describe_formula(response)}"


def describe_duration(microseconds: int) -> str:
    """A duration in its largest whole unit.

    >>> describe_duration(100_000), describe_duration(7_200_000_000), describe_duration(1)
    ('100 ms', '2 hours', '1 µs')
    """
    for unit, size in SIZES.items():
        if microseconds and microseconds % size == 0:
            amount = microseconds // size
            plural = "s" if amount > 1 and unit in ("day", "hour") else ""
            return f"{amount} {unit}{plural}"
    return f"{microseconds} µs"


# Joining sentences


def _flatten_chain(
    formula: Formula, kind: type[And] | type[Or]
) -> Iterator[Formula]:
    """The parts of a chain of one operator, in order."""
    if isinstance(formula, And | Or) and isinstance(formula, kind):
        yield from _flatten_chain(formula.left, kind)
        yield from _flatten_chain(formula.right, kind)
    else:
        yield formula


def _describe_all(parts: Iterator[Formula]) -> str:
    first, *rest = parts
    if not any(
        isinstance(part, Implies | Deadline) for part in (first, *rest)
    ):
        joint = (
            " while "
            if isinstance(
                first,
                Event,
            )
            and all(map(_is_state, rest))
            else " and "
        )
        return (
            describe_formula(first)
            + joint
            + " and ".join(
                map(
                    describe_formula,
                    rest,
                )
            )
        )
    return "; ".join(map(describe_formula, (first, *rest)))


def _is_state(formula: Formula) -> bool:
    return isinstance(
        formula,
        Latch,
    ) or (isinstance(formula, Not) and isinstance(formula.operand, Latch))


def _describe_any(alternatives: Iterator[Formula]) -> str:
    parts = _same_term_together(list(alternatives))
    if len(parts) <= 2:
        return " or ".join(parts)
    # Two commas and an "or" are read at a glance; longer parts need numbers to be told apart.
    return "one of these: " + "; ".join(
        f"({number}) {part}"
        for number, part in enumerate(
            parts,
            start=1,
        )
    )


def _same_term_together(alternatives: Sequence[Formula]) -> list[str]:
    """`its x = a or its x = b` as `its x is one of a, b`."""
    values: dict[Term, list[str]] = {}
    sentences: list[str | Term] = []
    for part in alternatives:
        match part:
            case Compare(Comparator.EQ, left, Literal(str(value))):
                if left not in values:
                    sentences.append(left)
                values.setdefault(left, []).append(_split_name(value))
            case _:
                sentences.append(describe_formula(part))
    return [
        part
        if isinstance(
            part,
            str,
        )
        else _one_of(part, values[part])
        for part in sentences
    ]


def _one_of(term: Term, values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"{_describe_term(term)} is {values[0]}"
    return f"{_describe_term(term)} is one of {', '.join(values)}"


def _describe_contrary(operand: Formula) -> str:
    match operand:
        case Event():
            return f"it never happens that {describe_formula(operand)}"
        case Compare() | Latch():
            return _with_not(describe_formula(operand))
        case Or():
            parts = _same_term_together(list(_flatten_chain(operand, Or)))
            return "none of these: " + "; ".join(parts)
        case Once(bound, inner):
            return f"{_at_no_time(bound)} {describe_formula(inner)}"
    return f"it is not so that {describe_formula(operand)}"


def _with_not(sentence: str) -> str:
    if VERB.search(sentence):
        return VERB.sub(r"\1 not", sentence, count=1)
    return f"it is not so that {sentence}"


# Time


def _say_bound(bound: Bound | None) -> str:
    if bound is None:
        return ""
    most = "at most" if bound.side is Side.WITHIN else "at least"
    return f", {most} {describe_duration(bound.duration)} ago"


def _at_some_time(bound: Bound | None) -> str:
    if bound is None:
        return "at some time before or now"
    length = describe_duration(bound.duration)
    return (
        f"at some time in the last {length}"
        if bound.side is Side.WITHIN
        else f"at some time {length} ago or longer,"
    )


def _at_no_time(bound: Bound | None) -> str:
    return (
        _at_some_time(bound)
        .replace("at some time", "at no time")
        .replace("before or now", "before or now")
    )


def _at_every_time(bound: Bound | None) -> str:
    return (
        _at_some_time(bound)
        .replace("at some time before or now", "always until now")
        .replace("some time", "every time")
    )


def _say_times(amount: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(amount, f"{amount} times")


# Atoms


def _split_name(name: str) -> str:
    return name.replace("_", " ")


def _describe_event(event: Event) -> str:
    """The phrase with the most of the event's conditions; what is left is added in brackets."""
    kind = vocabulary().events[event.name]
    conditions = {
        _condition_key(condition): condition for condition in event.conditions
    }
    fitting = [given for given in kind.phrases if given <= conditions.keys()]
    best = max(fitting, key=len, default=frozenset())
    sentence = kind.phrases.get(best, kind.meaning)
    left = [
        describe_formula(condition)
        for key, condition in conditions.items()
        if key not in best
    ]
    return f"{sentence} ({', '.join(left)})" if left else sentence


def _condition_key(condition: Compare) -> tuple[str, str]:
    """A condition as the vocabulary writes it, or what no phrase has."""
    match condition:
        case Compare(Comparator.EQ, Its(attribute, _), Literal(bool(value))):
            return attribute, str(value).lower()
        case Compare(Comparator.EQ, Its(attribute, _), Literal(str(value))):
            return attribute, value
    return str(condition), ""


def _describe_compare(formula: Compare) -> str:
    match formula:
        case Compare(
            relation, (Its() | Last()) as term, Literal(bool(value))
        ):
            return _describe_flag(term, value is (relation is Comparator.EQ))
        case Compare(
            Comparator.EQ, Its(attribute, _), Last(event, other, _)
        ) if attribute == other:
            return f"{_noun_of(attribute)} is the same as {_last_time(event)}"
        case Compare(relation, left, right) if _is_instant(left):
            return f"{_describe_when(left)} {INSTANTS[relation]} {_describe_moment(right)}"
        case Compare(relation, left, Literal(int(value))):
            return f"{_describe_term(left)} {AMOUNTS[relation]} {_describe_amount(left, value)}"
        case Compare(relation, left, right):
            return f"{_describe_term(left)} {AMOUNTS[relation]} {_describe_term(right)}"


def _meaning_of(attribute: str) -> str:
    return vocabulary().attributes[attribute].meaning


def _describe_flag(term: Its | Last, wanted: bool) -> str:
    """A yes or no, by the sentence that stands behind `whether` in the vocabulary."""
    meaning = _meaning_of(term.attribute)
    sentence = (
        meaning.removeprefix("whether ")
        if meaning.startswith("whether ")
        else f"it is {term.attribute}"
    )
    sentence = sentence if wanted else _with_not(sentence)
    if isinstance(term, Last):
        return f"{_last_time(term.event)}, {sentence}"
    return sentence


def _last_time(event: str) -> str:
    return f"the last time that {vocabulary().events[event].meaning}"


def _is_instant(term: Term) -> bool:
    match term:
        case Now():
            return True
        case Its(attribute, _) | Last(_, attribute, _):
            return attribute == "time" or _meaning_of(attribute).startswith(
                "when "
            )
        case Sum(left, _, right):
            return _is_instant(left) is not _is_instant(right)
    return False


def _describe_when(term: Term) -> str:
    """An instant as the subject of a sentence: what happened then."""
    match term:
        case Its(attribute, _):
            return _meaning_of(attribute).removeprefix("when ")
        case Now():
            return "this happens"
    return f"{_describe_moment(term)} is"


def _describe_moment(term: Term) -> str:
    """An instant that something is compared with."""
    match term:
        case Now():
            return "now"
        case Its(attribute, _):
            return _meaning_of(attribute)
        case Last(event, "time", _):
            return _last_time(event)
        case Last(event, attribute, _):
            return f"{_meaning_of(attribute)}, {_last_time(event)}"
        case Sum(
            Sum(left, sign, Literal(int(first))), again, Literal(int(second))
        ) if sign == again:
            return _describe_moment(
                Sum(
                    left,
                    sign,
                    Literal(first + second),
                )
            )
        case Sum(left, sign, Literal(int(value))):
            side = "after" if sign > 0 else "before"
            return (
                f"{describe_duration(value)} {side} {_describe_moment(left)}"
            )
    return _describe_term(term)


def _describe_term(term: Term) -> str:
    match term:
        case Literal(bool(value)):
            return "yes" if value else "no"
        case Literal(value):
            return _split_name(str(value))
        case Now():
            return "the time now"
        case Its(attribute, _):
            return _noun_of(attribute)
        case Last(event, "time", _):
            return _last_time(event)
        case Last(event, attribute, _):
            return f"{_noun_of(attribute)}, {_last_time(event)}"
        case Sum(left, sign, right):
            return f"{_describe_term(left)} {'plus' if sign > 0 else 'minus'} {_describe_term(right)}"


def _noun_of(attribute: str) -> str:
    """What the vocabulary means by the attribute, so that a verb can follow."""
    meaning = _meaning_of(attribute)
    first, _, rest = meaning.partition(" ")
    if first in ("what", "who", "whom", "the"):
        return meaning
    if meaning.startswith("how many "):
        return "the number of " + meaning.removeprefix(
            "how many "
        ).removesuffix(" there were")
    if first in ("when", "whether", "how", "away"):
        return f"its {_split_name(attribute)}"
    return f"the {rest}" if first in ("a", "an") else f"the {meaning}"


def _describe_amount(term: Term, value: int) -> str:
    """A number with the unit of what it is compared with."""
    unit = ""
    if (
        isinstance(term, Its | Last)
        and term.attribute in vocabulary().attributes
    ):
        unit = vocabulary().attributes[term.attribute].unit
    if unit == "us" or (isinstance(term, Last) and term.attribute == "time"):
        return describe_duration(value)
    return str(value) if unit in ("", "count") else f"{value} {unit}"
