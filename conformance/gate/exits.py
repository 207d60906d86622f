"""The one table of exit codes. Help, documentation and tests are made from it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from enum import Enum


class Exit(Enum):
    """What a command ends with."""

    # The numbers are our own contract with scripts, in docs; 70 is EX_SOFTWARE of sysexits.h, and 130 is what
    # a shell gives for a program that SIGINT ended (128 + 2).
    SATISFIED = 0
    VIOLATED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    NOT_DRIVABLE = 4
    EVIDENCE_INVALID = 5
    STALE = 6
    BUG = 70
    INTERRUPTED = 130


MEANING = {
    Exit.SATISFIED: "satisfied",
    Exit.VIOLATED: "a required clause is violated",
    Exit.USAGE: "usage, configuration, capability or waiver file",
    Exit.INCONCLUSIVE: "inconclusive, not exercised, not observable, or on its word where a witness is "
    "asked for",
    Exit.NOT_DRIVABLE: "the target cannot be driven",
    Exit.EVIDENCE_INVALID: "the evidence is invalid: a digest, a signature, a proof or a verdict",
    Exit.STALE: "a known failure or the baseline is stale, or a waiver has expired",
    Exit.BUG: "our own bug",
    Exit.INTERRUPTED: "interrupted; the bundle is marked partial",
}

PRECEDENCE = (
    Exit.BUG,
    Exit.INTERRUPTED,
    Exit.EVIDENCE_INVALID,
    Exit.USAGE,
    Exit.NOT_DRIVABLE,
    Exit.VIOLATED,
    Exit.STALE,
    Exit.INCONCLUSIVE,
    Exit.SATISFIED,
)
"""Where several apply, the first of these is the exit code, whatever the output format."""

WIDTH = 76
"""Columns of a help text on a terminal of 80."""


def strongest(exits: Iterable[Exit]) -> Exit:
    """The exit code where several apply. Nothing at all is never green.

    >>> strongest([Exit.SATISFIED, Exit.STALE, Exit.VIOLATED])
    <Exit.VIOLATED: 1>
    >>> strongest([])
    <Exit.INCONCLUSIVE: 3>
    """
    found = set(exits)
    return next(
        (code for code in PRECEDENCE if code in found),
        Exit.INCONCLUSIVE,
    )


def describe_exits() -> str:
    """One line a code, for help texts."""
    lines = (
        textwrap.fill(
            f"{code.value:>3}  {meaning}",
            WIDTH,
            # Five columns: the code in three, and two blanks.
            subsequent_indent=" " * 5,
        )
        for code, meaning in MEANING.items()
    )
    return "\n".join(lines)


def describe_precedence() -> str:
    """The codes in the order in which they win.

    >>> describe_precedence()
    '70, 130, 5, 2, 4, 1, 6, 3, 0'
    """
    return ", ".join(str(code.value) for code in PRECEDENCE)


def exits_page() -> str:
    """The table as Markdown, in the order of precedence, for the documentation."""
    rows = (f"| {code.value} | {MEANING[code]} |" for code in PRECEDENCE)
    return "\n".join(["| code | it says |", "|---|---|", *rows])
