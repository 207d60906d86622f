"""What a skill receives and returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Response:
    """Speech markup, and whether the skill waits for an answer."""

    markup: str
    follow_up: bool = False


Skill = Callable[[str, Mapping[str, str]], Response]
"""Intent and slots in, response out. No sound, no words, no device."""


def say(words: str) -> str:
    return f"<speak>{escape(words)}</speak>"
