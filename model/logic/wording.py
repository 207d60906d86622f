"""Turning one English sentence into another: its past, its contrary, a list. The sentences are those of the
vocabulary: short, in the present, with a verb that the tables here have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_lowercase

SIZES = {
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "min": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
}
"""Microseconds in each unit that a duration is said in; words take a plural s, symbols do not."""
PAST = {
    "is": "was",
    "are": "were",
    "has": "had",
    "gains": "gained",
    "gain": "gained",
    "loses": "lost",
    "lose": "lost",
    "begins": "began",
    "ends": "ended",
    "moves": "moved",
    "closes": "closed",
    "opens": "opened",
    "changes": "changed",
    "comes": "came",
    "goes": "went",
    "appears": "appeared",
    "leaves": "left",
    "speaks": "spoke",
    "hears": "heard",
    "chooses": "chose",
    "receives": "received",
    "answers": "answered",
    "asks": "asked",
    "gets": "got",
    "turns": "turned",
    "starts": "started",
    "stops": "stopped",
    "behaves": "behaved",
    "says": "said",
    "falls": "fell",
    "disappears": "disappeared",
    "connects": "connected",
    "passes": "passed",
    "happens": "happened",
    "hold": "held",
    "carry": "carried",
    "listens": "listened",
}
"""The verbs of the vocabulary; its test names one that is missing."""
AND_VERBS = re.compile(r" (or|and) (" + "|".join(PAST) + r")\b")
"""A second verb of one subject: `gains or loses`."""
BEING = ("is", "are", "was", "were", "has", "had")
FIRST_VERB = re.compile(r"\b(" + "|".join([*PAST, *PAST.values()]) + r")\b")
VERB = re.compile(r"\b(is|are|was|were|has|have|had|can|will)\b")
"""Behind it a sentence takes its `not`."""
PLAIN_VERB = re.compile(r"\b(hold|carry)\b")
"""Before it a sentence takes its `do not`."""


def put_in_past(sentence: str) -> str:
    """The sentence about an earlier instant.

    >>> put_in_past("the device gains or loses power")
    'the device gained or lost power'
    """
    words = sentence.split(" ")
    for number, text in enumerate(words):
        if text in PAST:
            words[number] = PAST[text]
            break
    first = " ".join(words)
    return AND_VERBS.sub(lambda m: f" {m[1]} {PAST[m[2]]}", first)


def negate_sentence(sentence: str) -> str:
    """The contrary.

    >>> negate_sentence("the words hold the wake word"), negate_sentence("the camera is on")
    ('the words do not hold the wake word', 'the camera is not on')
    >>> negate_sentence("a stream is open")
    'no stream is open'
    """
    first, _, rest = sentence.partition(" ")
    if first in ("a", "an"):
        return f"no {rest}"
    if VERB.search(sentence):
        return VERB.sub(r"\1 not", sentence, count=1)
    if PLAIN_VERB.search(sentence):
        return PLAIN_VERB.sub(r"do not \1", sentence, count=1)
    return f"it is not so that {sentence}"


def say_that_none(sentence: str) -> str:
    """That nothing of the kind happens.

    >>> say_that_none("a recording is stored"), say_that_none("something is stored")
    ('no recording is stored', 'nothing is stored')
    >>> say_that_none("the device hears a wake word")
    'the device never hears a wake word'
    """
    first, _, rest = sentence.partition(" ")
    starts = {
        "a": "no",
        "an": "no",
        "something": "nothing",
        "somebody": "nobody",
    }
    if first in starts:
        return f"{starts[first]} {rest}"
    if first in ("sound", "content"):
        return f"no {sentence}"
    verb = FIRST_VERB.search(sentence)
    if verb is None:
        return f"it never happens that {sentence}"
    never = f"{verb[0]} never" if verb[0] in BEING else f"never {verb[0]}"
    return sentence[: verb.start()] + never + sentence[verb.end() :]


def enumerate_parts(parts: Sequence[str]) -> str:
    """Alternatives that are told apart by numbers, or by letters where one of them has numbers.

    >>> enumerate_parts(["it rains", "it snows"])
    'one of these: (1) it rains; (2) it snows'
    """
    has_numbers = any("(1) " in part for part in parts)
    numbers = [str(number) for number in range(1, len(parts) + 1)]
    labels = list(ascii_lowercase) if has_numbers else numbers
    return "one of these: " + "; ".join(
        f"({label}) {part}"
        for label, part in zip(
            labels if len(parts) <= len(labels) else numbers,
            parts,
            strict=False,
        )
    )


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


def say_amount(amount: int, noun: str) -> str:
    """So many of something.

    >>> say_amount(1, "clause"), say_amount(0, "clause")
    ('1 clause', '0 clauses')
    """
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def say_times(amount: int) -> str:
    """How often, in words.

    >>> say_times(1), say_times(7)
    ('once', '7 times')
    """
    return {0: "never", 1: "once", 2: "twice"}.get(amount, f"{amount} times")
