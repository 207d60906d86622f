"""Events, comparisons and terms of a formula in plain English; events read as the vocabulary says them."""

from __future__ import annotations

from earwitness.model.logic.formula import (
    Comparator,
    Compare,
    Event,
    Its,
    Last,
    Literal,
    Now,
    Sum,
    Term,
)
from earwitness.model.logic.wording import (
    describe_duration,
    negate_sentence,
    put_in_past,
)
from earwitness.model.vocabulary import vocabulary

AMOUNTS = {
    Comparator.EQ: "is",
    Comparator.NE: "is not",
    Comparator.LT: "is less than",
    Comparator.LE: "is at most",
    Comparator.GT: "is more than",
    Comparator.GE: "is at least",
}
SAMENESS = {
    Comparator.EQ: "is the same as",
    Comparator.NE: "is not the same as",
    Comparator.LT: "is less than what it was",
    Comparator.LE: "is at most what it was",
    Comparator.GT: "is more than what it was",
    Comparator.GE: "is at least what it was",
}
"""An attribute beside itself at an earlier event."""
INSTANTS = {
    Comparator.EQ: "exactly",
    Comparator.NE: "not exactly",
    Comparator.LT: "earlier than",
    Comparator.LE: "no later than",
    Comparator.GT: "later than",
    Comparator.GE: "no earlier than",
}


def split_name(name: str) -> str:
    """A name as words.

    >>> split_name("mute_symbol")
    'mute symbol'
    """
    return name.replace("_", " ")


def describe_atom(event: Event) -> str:
    """The phrase with the most of the event's conditions; what is left is added in brackets.

    >>> describe_atom(parse_formula("microphone.power(on = false)"))
    'the microphones lose power'
    >>> describe_atom(parse_formula("stream.audio(voice = true, bytes > 0)"))
    'sound from the microphone is sent (the size of the content is more than 0 byte)'
    """
    kind = vocabulary().events[event.name]
    conditions = {
        _condition_key(condition): condition for condition in event.conditions
    }
    fitting = [given for given in kind.phrases if given <= conditions.keys()]
    best = max(fitting, key=len, default=frozenset())
    sentence = kind.phrases.get(best, _plain_meaning(kind.meaning))
    left = [
        describe_comparison(condition)
        for key, condition in conditions.items()
        if key not in best
    ]
    return f"{sentence} ({', '.join(left)})" if left else sentence


def _plain_meaning(meaning: str) -> str:
    """Without what stands in brackets for those who write targets."""
    return meaning.partition(" (")[0]


def _condition_key(condition: Compare) -> tuple[str, str]:
    """A condition as the vocabulary writes it, or what no phrase has."""
    match condition:
        case Compare(Comparator.EQ, Its(attribute, _), Literal(bool(value))):
            return attribute, str(value).lower()
        case Compare(Comparator.EQ, Its(attribute, _), Literal(str(value))):
            return attribute, value
    return str(condition), ""


def describe_comparison(formula: Compare) -> str:
    """A comparison as a sentence.

    >>> describe_comparison(parse_formula("its buffered <= 500 ms"))
    'the sound held in the volatile buffer is at most 500 ms'
    """
    match formula:
        case Compare(
            relation, (Its() | Last()) as term, Literal(bool(value))
        ):
            return _describe_flag(term, value is (relation is Comparator.EQ))
        case Compare(relation, left, right) if _is_instant(left):
            return f"{_describe_when(left)} {INSTANTS[relation]} {_describe_moment(right)}"
        case Compare(relation, Its(attribute, _), Last(event, other, _)) if (
            attribute == other
        ):
            return f"{_noun_of(attribute)} {SAMENESS[relation]} {_last_time(event)}"
        case Compare(relation, left, Literal(int(value))):
            return f"{describe_term(left)} {AMOUNTS[relation]} {_describe_amount(left, value)}"
        case Compare(relation, left, right):
            return f"{describe_term(left)} {AMOUNTS[relation]} {describe_term(right)}"


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
    sentence = sentence if wanted else negate_sentence(sentence)
    if isinstance(term, Last):
        return f"{_last_time(term.event)}, {put_in_past(sentence)}"
    return sentence


def _last_time(event: str) -> str:
    meaning = _plain_meaning(vocabulary().events[event].meaning)
    return f"the last time that {put_in_past(meaning)}"


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
            return (
                f"{put_in_past(_meaning_of(attribute))}, {_last_time(event)}"
            )
        case Sum(
            Sum(left, sign, Literal(int(first))), again, Literal(int(second))
        ) if sign == again:
            return _describe_moment(Sum(left, sign, Literal(first + second)))
        case Sum(left, sign, Literal(int(value))):
            side = "after" if sign > 0 else "before"
            moment = _describe_moment(left).removeprefix("when ")
            return f"{describe_duration(value)} {side} {moment}"
    return describe_term(term)


def describe_term(term: Term) -> str:
    """What is compared, as a noun phrase.

    >>> describe_term(parse_formula("last stream.open.time < now").left)
    'the last time that a stream to the cloud opened'
    """
    match term:
        case Literal(bool(value)):
            return "yes" if value else "no"
        case Literal(value):
            return split_name(str(value))
        case Now():
            return "the time now"
        case Its(attribute, _):
            return _noun_of(attribute)
        case Last(event, "time", _):
            return _last_time(event)
        case Last(event, attribute, _):
            return f"{_noun_of(attribute)} as of {_last_time(event)}"
        case Sum(left, sign, right):
            return f"{describe_term(left)} {'plus' if sign > 0 else 'minus'} {describe_term(right)}"


def _noun_of(attribute: str) -> str:
    """What the vocabulary means by the attribute, so that a verb can follow."""
    noun = vocabulary().attributes[attribute].noun
    if noun:
        return noun
    meaning = _meaning_of(attribute)
    first, _, rest = meaning.partition(" ")
    if first in ("what", "who", "whom", "the"):
        return meaning
    if meaning.startswith("how many "):
        return "the number of " + meaning.removeprefix(
            "how many "
        ).removesuffix(" there were")
    if first in ("when", "whether", "how", "away"):
        return f"its {split_name(attribute)}"
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
