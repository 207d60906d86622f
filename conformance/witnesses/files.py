"""The harness reads what the implementation left on disk: is any sound or any discarded text of the test
in it?"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz

from earwitness.conformance.stimuli.clips import ClipError, decode
from earwitness.conformance.witnesses.heard_sound import Air, unwrapped

LARGEST = 256 << 20
"""Bytes read of one file; a larger one is reported as not searched."""
LIKE = 70
"""Similarity, of 100, from which a stored text counts as another hypothesis for what was said."""
TEXT_RUN, WORD_RUN = re.compile(rb"[A-Za-z' ]{12,400}"), re.compile(rb"[A-Za-z' ]{4,400}")
"""In files that are no database: what may be a sentence, and what may be a word of one."""


@dataclass(frozen=True, slots=True)
class Find:
    """Something of the test in a store."""

    store: str
    category: str
    acted_on: bool


@dataclass(frozen=True, slots=True)
class Search:
    """What was found, how many files were read, those that could not be, and every text in them."""

    finds: tuple[Find, ...]
    files: int
    unread: tuple[str, ...]
    texts: frozenset[str] = frozenset()


def search(
    paths: Iterable[str], airs: Iterable[Air], acted_on: frozenset[str], calls: Iterable[Air] = ()
) -> Search:
    """Search all files below the paths for sound from the airs and for texts like those acted on. `calls`
    hold what was said during calls, which the airs hold too."""
    finds: list[Find] = []
    unread: list[str] = []
    texts: set[str] = set()
    count = 0
    airs, calls = list(airs), [air for air in calls if air.pieces]
    for root in map(Path, paths):
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if not path.is_file() or path.is_symlink():
                continue
            name = str(path.relative_to(root)) if path != root else path.name
            try:
                if path.stat().st_size > LARGEST:
                    raise OSError("larger than 256 MiB")
                data = path.read_bytes()
            except OSError as error:
                unread.append(f"{name}: {error}")
                continue
            count += 1
            if _holds_sound(path, data, airs):
                finds.append(Find(name, "recording", False))
                if calls and _holds_sound(path, data, calls):
                    finds.append(Find(name, "call_audio", False))
            texts.update(_texts(path, data, WORD_RUN))
            finds += [
                Find(name, *kind)
                for kind in sorted(set(_texts_found(_texts(path, data, TEXT_RUN), acted_on)))
            ]
    return Search(tuple(finds), count, tuple(unread), frozenset(texts))


def _holds_sound(path: Path, data: bytes, airs: list[Air]) -> bool:
    blobs = list(unwrapped(data))
    if any(air.holds_any_of(blob) for air in airs for blob in blobs):
        return True
    try:
        decoded = decode(path)
    except ClipError:
        return False
    return any(air.holds_any_of(decoded.tobytes()) or air.correlates(decoded) for air in airs)


def _texts_found(texts: Iterable[str], acted_on: frozenset[str]) -> Iterator[tuple[str, bool]]:
    for text in texts:
        if text in acted_on:
            yield "transcript", True
        elif any(fuzz.ratio(text, known) >= LIKE for known in acted_on):
            yield "hypothesis", False


def _texts(path: Path, data: bytes, run_of_letters: re.Pattern[bytes]) -> Iterator[str]:
    if data.startswith(b"SQLite format 3\0"):
        database = sqlite3.connect(":memory:")
        try:
            # A copy: reading never writes, and a path into a cell cannot be opened. 1 says: no log beside it.
            database.deserialize(data[:18] + b"\x01\x01" + data[20:])
            for (table,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                quoted = '"' + table.replace('"', '""') + '"'
                for row in database.execute(f"SELECT * FROM {quoted}"):
                    yield from (value.strip().lower() for value in row if isinstance(value, str))
        except sqlite3.Error:
            pass
        finally:
            database.close()
        return
    for blob in unwrapped(data):
        for run in run_of_letters.finditer(blob):
            yield run.group().decode().strip().lower()
