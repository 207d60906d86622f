"""What a skill receives and returns, and how one runs: in a process of its own, over a pipe, a line of JSON
each way."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Response:
    """Speech markup, whether the skill waits for an answer, and what it wants to be told again with that
    answer."""

    markup: str
    follow_up: bool = False
    session: Mapping[str, str] = field(default_factory=dict)


Skill = Callable[[str, Mapping[str, str], Mapping[str, str]], Response]
"""Intent, slots and the session of the question before, in; response out. No sound, no words, no device, no
person."""


def say(words: str) -> str:
    escaped = escape(words)
    return f"<speak>{escaped}</speak>"


def serve_skill(answer: Skill) -> None:
    """Answer requests on standard input until it ends. What the skill prints to standard error is its
    developer's log."""
    for line in sys.stdin:
        entry = json.loads(line)
        response = answer(entry["intent"], entry["slots"], entry["session"])
        print(
            json.dumps(
                {
                    "markup": response.markup,
                    "follow_up": response.follow_up,
                    "session": dict(response.session),
                }
            ),
            flush=True,
        )
