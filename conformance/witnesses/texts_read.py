"""What words are in a text, remembered until more is spoken: devices send the same short texts again."""

from __future__ import annotations

from dataclasses import dataclass, field

from earwitness.conformance.witnesses.exchanged_letters import exchange_back
from earwitness.conformance.witnesses.spoken_words import (
    SpokenWords,
    WordsFound,
)

LONGEST_KNOWN, MOST_KNOWN = 1 << 12, 1 << 11
"""Characters of a text of which it is remembered what is in it, and how many such texts: eight megabytes."""


@dataclass(frozen=True, slots=True)
class WordsInText:
    """Words as they are, and words of which every letter stands for another."""

    plain: tuple[WordsFound, ...]
    exchanged: tuple[WordsFound, ...]


@dataclass(slots=True)
class TextsRead:
    """Finds spoken words in texts."""

    words: SpokenWords
    known: dict[tuple[str, bool], WordsInText] = field(default_factory=dict)
    size: int = 0
    """Of what had been spoken when this was found."""

    def read(self, text: str, *, pieced_together: bool) -> WordsInText:
        """What is in a text; of one that was put together of pieces, no more than whole phrases."""
        if self.size != self.words.size:
            self.size = self.words.size
            self.known.clear()
        key = text, pieced_together
        if key in self.known:
            return self.known[key]
        find = self.words.find_same if pieced_together else self.words.find
        found = WordsInText(
            plain=tuple(find(text)),
            exchanged=tuple(find(exchange_back(text, self.words.phrases))),
        )
        if len(text) <= LONGEST_KNOWN and len(self.known) < MOST_KNOWN:
            self.known[key] = found
        return found
