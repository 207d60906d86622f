"""A log is read whole: a line that cannot be read is kept with its number, and does not end the reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from earwitness.conformance.importers.importer import (
    OBSERVATIONS,
    Importer,
)
from earwitness.model.trace import Observation, TraceError, lines_of

MOST_BAD_LINES = 100
"""So many bad lines are named; all are counted."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no observation, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An observation and the line, counted from 1, that it was read from."""

    line: int
    seen: Observation


@dataclass(frozen=True, slots=True)
class Log:
    """What was read: observations in the order of the file, and what could not be read (`bad_lines` names the
    first of `bad_line_count`)."""

    entries: tuple[Entry, ...]
    bad_lines: tuple[BadLine, ...] = ()
    bad_line_count: int = 0


def read_log(stream: IO[bytes], importer: Importer = OBSERVATIONS) -> Log:
    """All observations of a file, as the importer reads its lines."""
    entries = []
    bad_lines = []
    read_line = importer.begin()
    for number, line in enumerate(lines_of(stream), start=1):
        if not line.strip():
            continue
        try:
            for seen in read_line(line):
                entries.append(Entry(number, seen))
        except TraceError as error:
            bad_lines.append(BadLine(number, str(error)))
    return Log(
        tuple(entries),
        tuple(bad_lines[:MOST_BAD_LINES]),
        len(bad_lines),
    )


def log_of(observations: Iterable[Observation]) -> Log:
    """A log of observations that lie in memory, numbered from 1."""
    entries = (
        Entry(number, seen)
        for number, seen in enumerate(observations, start=1)
    )
    return Log(tuple(entries))
