"""Texts of strangers, made safe for a terminal, a log and a page."""

from __future__ import annotations

import unicodedata

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that steer instead of showing: control (escape sequences), format (bidirectional marks,
zero width), surrogates, private use, unassigned, line and paragraph ends."""


# 300 characters: chosen, three lines of a wide terminal.
def printable(text: str, longest: int = 300) -> str:
    r"""The text with everything that steers a terminal or turns the line around written as \u....; cut after
    `longest` characters.

    >>> printable("red \x1b[31m")
    'red \\u001b[31m'
    """
    shown = text if len(text) <= longest else text[:longest] + " …"
    return "".join(_show_character(character) for character in shown)


def _show_character(character: str) -> str:
    if unicodedata.category(character) not in HIDDEN:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
