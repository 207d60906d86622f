"""Files that a target keeps outside the folders it names, as a sealed cell shows them. What lies in them is
read like all else; who names no folder that it uses has not said where it keeps things."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from earwitness.conformance.running.moment import Finding

UNDECLARED_STORE = "undeclared store"
"""The kind of a finding: files that change with use, in no folder that the target names."""
USED = 2
"""Contents after the first word from which a file counts as one that changes with use: what is made once,
such as compiled code, is none."""
MOST_NAMED = 5
"""Files that a sentence names."""


@dataclass
class UndeclaredStores:
    """`folders` are those that the target names, as it knows them itself."""

    folders: tuple[PurePosixPath, ...]
    _contents: Counter[str] = field(default_factory=Counter)
    _named_is_used: bool = False

    def note_changed(self, name: str) -> None:
        """A file has another content than when it was last looked at, or is new; named as the target knows
        it."""
        if self._is_named(name):
            self._named_is_used = True
        else:
            self._contents[name] += 1

    def findings(self) -> Iterator[Finding]:
        """What forbids a green only where none of the folders it names holds anything: beside those, a log or
        a cache may lie elsewhere."""
        used = [
            name for name, number in self._contents.items() if number >= USED
        ]
        if not used:
            return
        blocking = not self._named_is_used
        folders = (
            "the folders that it names"
            if self.folders
            else "any folder that it names"
        )
        empty = (
            ", in which there is nothing,"
            if self.folders and blocking
            else ""
        )
        more = (
            f" and {len(used) - MOST_NAMED} more"
            if len(used) > MOST_NAMED
            else ""
        )
        text = (
            f"files outside {folders}{empty} change with use:"
            f" {', '.join(used[:MOST_NAMED])}{more}"
        )
        yield Finding(UNDECLARED_STORE, text, blocking=blocking)

    def _is_named(self, name: str) -> bool:
        path = PurePosixPath(name)
        return any(path.is_relative_to(folder) for folder in self.folders)


def named_folders(
    folders: Iterable[str], root: str
) -> tuple[PurePosixPath, ...]:
    """Folders as a target knows them, from how they are found below the `root` of its cell. It begins in our
    own working folder, so what it names without a leading slash lies there."""
    return tuple(
        PurePosixPath(
            os.path.normpath(folder.removeprefix(root) or "/")
            if folder.startswith(root)
            else os.path.abspath(folder)
        )
        for folder in folders
    )
