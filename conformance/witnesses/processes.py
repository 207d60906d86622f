"""Which processes run, and which of them hold a file open: who holds the microphone is a second witness of
who listens."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROCESSES = Path("/proc")
LONGEST_COMMAND = 4_096
"""Bytes of a command line; the kernel's own page of it."""


@dataclass(frozen=True, slots=True)
class ProcessSeen:
    """A process while it was looked at."""

    number: int
    parent: int
    command: str


def processes_below(root: int) -> list[ProcessSeen]:
    """A process and all it has started, as far as they are not orphans: those are the cell's to find."""
    everyone = list(_all_processes())
    below = {root}
    # Parents may be listed after their children, so go on until nothing is added.
    while True:
        more = {
            process.number for process in everyone if process.parent in below
        } - below
        if not more:
            return [
                process for process in everyone if process.number in below
            ]
        below |= more


def holders_of(
    path: Path, except_for: Iterable[int] = ()
) -> list[ProcessSeen]:
    """The processes that hold a file or pipe open. Those of other users are seen by the superuser alone."""
    try:
        wanted = path.stat()
    except OSError:
        return []
    spared = set(except_for)
    return [
        process
        for process in _all_processes()
        if process.number not in spared
        and _holds_open(process.number, (wanted.st_dev, wanted.st_ino))
    ]


def _all_processes() -> Iterator[ProcessSeen]:
    for folder in PROCESSES.iterdir():
        if not folder.name.isdecimal():
            continue
        # A process may end while it is looked at.
        with suppress(OSError, IndexError, ValueError):
            command = (
                (folder / "cmdline")
                .read_bytes()[:LONGEST_COMMAND]
                .replace(b"\0", b" ")
                .strip()
            )
            # The name before the parent's number stands in brackets and may hold anything.
            fields = (
                (folder / "stat").read_bytes().rpartition(b")")[2].split()
            )
            yield ProcessSeen(
                int(folder.name),
                int(fields[1]),
                command.decode("utf-8", "replace"),
            )


def _holds_open(number: int, wanted: tuple[int, int]) -> bool:
    with suppress(OSError):
        for descriptor in os.scandir(PROCESSES / str(number) / "fd"):
            with suppress(OSError):
                status = os.stat(descriptor.path)
                if (status.st_dev, status.st_ino) == wanted:
                    return True
    return False
