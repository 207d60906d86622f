"""What may be shown and what may be kept: texts made safe to print, and words replaced by digests."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable

from earwitness.model.expression import Value
from earwitness.model.trace import (
    Observation,
    observation_to_json,
)

CONTENT = ("words", "text")
"""Attributes that hold what was said."""
SHORTEST_PHRASE = 6
"""Characters: a shorter one would be found by chance in names and paths."""
UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that a terminal or a page would act on instead of showing: control, format (bidi,
zero width), surrogates, ..."""


def safe_text(text: str, keep: str = "") -> str:
    r"""The text with every character that would act instead of show written as \uXXXX.

    >>> safe_text("a\x1b[31mb")
    'a\\u001b[31mb'
    """
    return "".join(
        char if _is_safe(char) or char in keep else _escape_char(char)
        for char in text
    )


def _is_safe(char: str) -> bool:
    return unicodedata.category(char) not in UNSAFE


def _escape_char(char: str) -> str:
    return f"\\u{ord(char):04x}"


class Redactor:
    """Replaces words by digests under a key that is thrown away after the run: equal words stay equal,
    and no word can be guessed."""

    def __init__(self, key: bytes, phrases: Iterable[str] = ()) -> None:
        self._key = key
        wanted = sorted(
            {p for p in phrases if len(p) >= SHORTEST_PHRASE},
            key=len,
            reverse=True,
        )
        self._spoken = (
            re.compile("|".join(map(_loose_pattern, wanted)), re.IGNORECASE)
            if wanted
            else None
        )

    def digest(self, text: str) -> str:
        """Stands for the text in this run alone."""
        return (
            "redacted:"
            + hmac.new(
                self._key,
                text.encode("utf-8", "surrogatepass"),
                hashlib.sha256,
            ).hexdigest()[:16]
        )

    def text(self, text: str) -> str:
        """The text with every phrase of the test replaced, whatever its case and punctuation."""
        if self._spoken is None:
            return text
        return self._spoken.sub(
            lambda found: self.digest(found.group().casefold()),
            text,
        )

    def observation(self, seen: Observation) -> dict[str, Value]:
        """The observation as JSON, without content."""
        entry = observation_to_json(seen)
        for name, value in entry.items():
            if isinstance(value, str):
                entry[name] = (
                    self.digest(value)
                    if name in CONTENT
                    else self.text(value)
                )
        return entry


def _loose_pattern(phrase: str) -> str:
    """A pattern for the words of a phrase with anything but letters and digits between them."""
    return r"\W+".join(re.escape(word) for word in phrase.split())
