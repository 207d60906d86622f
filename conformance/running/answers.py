"""What an answer of the property's side holds: are words of the test in it?"""

from __future__ import annotations

from collections.abc import Iterable

LEAST = 8
"""Letters of a text from which it counts as words of the test; shorter ones are names of skills and days."""


def texts_in(data: object) -> Iterable[str]:
    """Every text in what was answered, names of fields included."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from (*texts_in(key), *texts_in(value))
    elif isinstance(data, list | tuple):
        for value in data:
            yield from texts_in(value)


def holds_words(data: object, spoken: Iterable[str]) -> bool:
    """Whether a text in the data holds what was said to a device, with or without its wake word."""
    told = [plain_letters(text) for text in texts_in(data)]
    wanted = [
        plain_letters(part)
        for words in spoken
        for part in (words, words.partition(",")[2])
    ]
    return any(
        known in text
        for known in wanted
        if len(known) >= LEAST
        for text in told
    )


def plain_letters(text: str) -> str:
    """The words of a text, without case, marks and spare room.

    >>> plain_letters("What is the weather, in Boston?")
    'what is the weather in boston'
    """
    return " ".join(
        "".join(c if c.isalnum() else " " for c in text.lower()).split()
    )
