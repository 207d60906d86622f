"""All words that were ever spoken in a check, and where they, or words very like them, lie in a text.

Words count in any case, with or without punctuation, run together, backwards, or each among other words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from rapidfuzz import fuzz, process

NOT_A_LETTER = re.compile(r"[^a-z0-9]+")
SEGMENT = re.compile(r"[a-z0-9][a-z0-9' ]{10,398}[a-z0-9]")
"""A stretch of words without anything between them: what may be one hypothesis. Longer ones are looked
through for the words alone."""
WORD_A_LINE = re.compile(r"(?:^[a-z0-9']+\r?\n){3,}", re.MULTILINE)
"""Three or more lines with a word each."""
SHORTEST_PHRASE = 8
"""Letters. Eight given ones follow each other by chance once in 10^11 places of text made of letters
alone."""
TELLING_WORD = 5
"""Letters of the longest word of a phrase: `what is the` may stand in any text."""
FEWEST_WORDS = 4
"""Words of a phrase that may have others between them; fewer are met in any long text."""
WIDEST_GAP = 6
"""Other words between two of a phrase: names of fields, instants, numbers of a line for each."""
LIKE = 70.0
"""Likeness, of 100 (Indel, as of rapidfuzz), from which a segment is another hypothesis for what was said.
Measured on 2026-11-26: see `tests/witnesses/test_reader.py`, in which licences, random letters and lists
of words stay below."""
FEWEST_LIKE_WORDS = 3
"""Words of a segment that may be a hypothesis."""
MOST_SEGMENTS = 200_000
"""Segments of one text that are compared; the rest is not read. Chosen, not measured."""
MOST_TIMES = 1_000
"""How often one phrase is told of one text."""
FOUND = "|"
"""Stands where a phrase was found; no letter, so that nothing is found across it."""


class WordsKind(Enum):
    SAME = "same"
    """The words that were spoken or acted on, or a part of them."""
    LIKE = "like"
    """Other words, very like them."""


@dataclass(frozen=True, slots=True)
class WordsFound:
    """Words in a text: which phrase they are or are like, how they stand there, and whether they are the
    same."""

    phrase: str
    text: str
    kind: WordsKind
    manner: str = "as spoken"


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, in lower case and without punctuation: 'What's the weather?' is whats, the,
    weather."""
    return tuple(
        NOT_A_LETTER.sub(
            " ", text.lower().replace("'", "").replace("\u2019", "")
        ).split()
    )


class SpokenWords:
    """The phrases to look for. `wake_words` may stand before any of them."""

    def __init__(self, wake_words: Iterable[str] = ()) -> None:
        self._wake_words = {
            word for wake in wake_words for word in words_of(wake)
        }
        self._phrases: dict[tuple[str, ...], None] = {}

    def add(self, text: str) -> None:
        """Words were spoken, or acted on."""
        bare = self.without_wake_word(words_of(text))
        long_enough = sum(map(len, bare)) >= SHORTEST_PHRASE
        if long_enough and max(map(len, bare)) >= TELLING_WORD:
            self._phrases.setdefault(bare)

    def add_wake_word(self, wake: str) -> None:
        self._wake_words.update(words_of(wake))

    def without_wake_word(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The words after the wake word, if they begin with one."""
        while words and words[0] in self._wake_words:
            words = words[1:]
        return words

    @property
    def size(self) -> int:
        """Grows with whatever is added."""
        return len(self._phrases) + len(self._wake_words)

    @property
    def phrases(self) -> tuple[tuple[str, ...], ...]:
        """All phrases that are looked for, each as its words."""
        return tuple(self._phrases)

    def same(self, one: str, other: str) -> bool:
        """Whether two texts are the same words but for case, punctuation and the wake word."""
        return self.without_wake_word(
            words_of(one)
        ) == self.without_wake_word(words_of(other))

    def find(self, text: str) -> list[WordsFound]:
        """All phrases that are in a text, and segments that are like one. Each is given once for each
        place of a segment, or once."""
        if not self._phrases:
            return []
        lowered = text.lower()
        return [
            *self._same_words(lowered),
            *self._find_similar(self._split_segments(lowered)),
            *self._find_similar(
                self._split_segments(lowered[::-1]), "backwards"
            ),
            # Windows overlap: the first says enough.
            *islice(
                self._find_similar(
                    self._windows_of(lowered), "a word a line"
                ),
                1,
            ),
        ]

    def find_same(self, text: str) -> list[WordsFound]:
        """All phrases that are in a text, and not what is like them: for texts that were put together of
        pieces, whose seams make sentences that nobody said."""
        return list(self._same_words(text.lower())) if self._phrases else []

    def _same_words(self, lowered: str) -> Iterator[WordsFound]:
        words = words_of(lowered)
        together, backwards = "".join(words), "".join(words)[::-1]
        places: dict[str, list[int]] = {}
        for number, word in enumerate(words):
            places.setdefault(word, []).append(number)
        # The longest first: a phrase that is a part of one that was found is not meant.
        for phrase in sorted(
            self._phrases, key=lambda phrase: -sum(map(len, phrase))
        ):
            spoken, run, from_last = (
                " ".join(phrase),
                "".join(phrase),
                "".join(reversed(phrase)),
            )
            if run not in together and is_scattered(phrase, places):
                yield WordsFound(
                    phrase=spoken,
                    text=spoken,
                    kind=WordsKind.SAME,
                    manner="among other words",
                )
            found = {
                "as spoken": together.count(run),
                "backwards": backwards.count(run),
            }
            together, backwards = (
                together.replace(run, FOUND),
                backwards.replace(run, FOUND),
            )
            found["from the last word"] = together.count(from_last)
            for manner, count in found.items():
                yield from [
                    WordsFound(
                        phrase=spoken,
                        text=spoken,
                        kind=WordsKind.SAME,
                        manner=manner,
                    )
                ] * min(count, MOST_TIMES)

    def _find_similar(
        self, segments: list[str], manner: str = "as spoken"
    ) -> Iterator[WordsFound]:
        """Segments that are like a phrase, and are not it."""
        if not segments:
            return
        phrases = [" ".join(phrase) for phrase in self._phrases]
        # 4,096 at a time: chosen, so that the table of likenesses stays small.
        for first in range(0, len(segments), 4_096):
            batch = segments[first : first + 4_096]
            scores = process.cdist(
                batch, phrases, scorer=fuzz.ratio, score_cutoff=LIKE
            )
            best = scores.argmax(axis=1)
            for number, segment in enumerate(batch):
                if scores[number, best[number]] > 0:
                    yield WordsFound(
                        phrase=phrases[best[number]],
                        text=segment,
                        kind=WordsKind.LIKE,
                        manner=manner,
                    )

    def _split_segments(self, lowered: str) -> list[str]:
        found = []
        for match in SEGMENT.finditer(lowered):
            words = self.without_wake_word(words_of(match.group()))
            if len(words) >= FEWEST_LIKE_WORDS and not self._is_known(words):
                found.append(" ".join(words))
            if len(found) >= MOST_SEGMENTS:
                break
        return found

    def _windows_of(self, lowered: str) -> list[str]:
        """Of words that stand on lines of their own, as many in a row as a phrase has, give or take one. What
        was spoken itself is taken out before, so that nothing straddles it."""
        lengths = sorted(
            {
                len(phrase) + more
                for phrase in self._phrases
                for more in (-1, 0, 1)
            }
        )
        found: list[str] = []
        for column in WORD_A_LINE.finditer(lowered):
            for words in self._without_phrases(column.group().split()):
                found += [
                    " ".join(words[first : first + length])
                    for length in lengths
                    if length >= FEWEST_LIKE_WORDS
                    for first in range(len(words) - length + 1)
                    if not self._is_known(words[first : first + length])
                ]
            if len(found) >= MOST_SEGMENTS:
                break
        return found[:MOST_SEGMENTS]

    def _without_phrases(self, words: list[str]) -> Iterator[tuple[str, ...]]:
        """The words between the phrases in a list of words."""
        begun = at = 0
        while at < len(words):
            phrase = next(
                (
                    p
                    for p in self._phrases
                    if tuple(words[at : at + len(p)]) == p
                ),
                (),
            )
            if phrase:
                yield tuple(words[begun:at])
                begun = at + len(phrase)
            at += max(1, len(phrase))
        yield tuple(words[begun:])

    def _is_known(self, words: tuple[str, ...]) -> bool:
        """Whether words are a phrase, are part of one, or contain one."""
        run = "".join(words)
        return any(
            run in "".join(phrase) or "".join(phrase) in run
            for phrase in self._phrases
        )


def is_scattered(
    phrase: tuple[str, ...], places: dict[str, list[int]]
) -> bool:
    """Whether the words of a phrase follow each other with at most `WIDEST_GAP` others between two."""
    if len(phrase) < FEWEST_WORDS or not all(
        word in places for word in phrase
    ):
        return False
    for at in places[phrase[0]][:10_000]:
        for word in phrase[1:]:
            later = places[word]
            number = bisect_right(later, at)
            if number == len(later) or later[number] - at > WIDEST_GAP + 1:
                break
            at = later[number]
        else:
            return True
    return False
