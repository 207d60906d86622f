"""Words in which every letter stands for another, always the same: found by where letters come again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from earwitness.conformance.witnesses.spoken_words import words_of

FEWEST_REPEATS = 7
"""Letters of a phrase that stood in it before. Each agrees by chance once in 15 times, as letters of a
language are not equally frequent: seven once in 10^8, and the lengths of the words must agree too."""
MOST_WORDS = 100_000
"""Words of one text that are looked through; the rest is not."""


def exchange_back(text: str, phrases: Iterable[tuple[str, ...]]) -> str:
    """The text with its letters exchanged back, where one of the phrases is in it with letters exchanged;
    empty where none is.

    >>> exchange_back("jung vf gur jrngure va obfgba", [tuple("what is the weather in boston".split())])
    'what is the weather in boston'
    """
    words = words_of(text)[:MOST_WORDS]
    lengths = np.array([len(word) for word in words], np.int32)
    for phrase in phrases:
        for place in _places_by_lengths(phrase, lengths):
            found = words[place : place + len(phrase)]
            letters = _letters_for("".join(found), "".join(phrase))
            if letters:
                return "".join(letters.get(c, c) for c in text.lower())
    return ""


def _places_by_lengths(
    phrase: tuple[str, ...], lengths: np.ndarray
) -> Iterator[int]:
    """Where as many words as a phrase has are as long as its words."""
    places = len(lengths) - len(phrase) + 1
    if places <= 0 or _count_repeats("".join(phrase)) < FEWEST_REPEATS:
        return
    fit = np.ones(places, np.bool_)
    for number, word in enumerate(phrase):
        here = lengths[number : number + places]
        fit &= here == len(word)
    fitting = np.nonzero(fit)[0]
    yield from fitting.tolist()


def _count_repeats(letters: str) -> int:
    """How many letters were there before."""
    return len(letters) - len(set(letters))


def _letters_for(found: str, spoken: str) -> Mapping[str, str]:
    """Which letter each stands for; nothing where they do not stand one for one, or each for itself."""
    pairs = dict(zip(found, spoken, strict=True))
    is_one_for_one = len(set(pairs.values())) == len(pairs) and all(
        pairs[one] == other for one, other in zip(found, spoken, strict=True)
    )
    return pairs if is_one_for_one and found != spoken else {}
