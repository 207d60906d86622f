"""YAML in which every value knows its place, for files that people write and that may be hostile.

Most files are plain and in order, and are read fast; where one is not, or a place is asked for, the reader
that keeps places reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from earwitness.policies.plain_yaml import NotPlain, read_plain

LARGEST = 1 << 20
"""Bytes: these files are written by people."""
DEEPEST = 12
"""Levels: the deepest shipped file has 5. Refused early, because deep nesting makes a YAML reader slow."""
MOST_NODES = 50_000
"""Keys and values: the largest shipped file has about 2,500."""


class PlacedYamlError(ValueError):
    """One sentence: file:line:column and what is wrong."""


@dataclass(frozen=True)
class Document:
    """The content of one file. `place` says where a part of it is written."""

    name: str
    content: Any
    text: str

    @cached_property
    def lines(self) -> Sequence[str]:
        return self.text.split("\n")

    @cached_property
    def _placed(self) -> Any:
        """The content, each part with its line and column: read when a place is asked for."""
        return _read_with_places(self.text, self.name)

    def place(
        self, path: Sequence[str | int], line: int = 1, column: int = 1
    ) -> str:
        """`file:line:column` of the value at `path`, or of a line and column within that value's own text."""
        row, start = self._start(path)
        opening = self._opening_at(row, start)
        if opening in ("|", ">"):
            row, start = row + 1, self._indent(row + 1)
        elif opening in ("'", '"') and column > 1:
            start += 1
        return f"{self.name}:{row + line}:{start + column}"

    def _opening_at(self, row: int, start: int) -> str:
        """The character with which a value opens: it says how its text is written."""
        if row >= len(self.lines):
            return ""
        return self.lines[row][start : start + 1]

    def _start(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Row and column, from 0, of the deepest value on the path that is there."""
        node, found = self._placed, (0, 0)
        for step in path:
            if isinstance(node, dict) and step in node:
                found = node.lc.value(step)  # type: ignore[attr-defined]
            elif (
                isinstance(node, list)
                and isinstance(step, int)
                and step < len(node)
            ):
                found = node.lc.item(step)  # type: ignore[attr-defined]
            else:
                break
            node = node[step]
        return found

    def key_place(self, path: Sequence[str | int], key: str) -> str:
        """`file:line:column` of a key of the mapping at `path`."""
        node = self._placed
        for step in path:
            node = node[step]
        row, column = node.lc.key(key)
        return f"{self.name}:{row + 1}:{column + 1}"

    def _indent(self, row: int) -> int:
        text = self.lines[row] if row < len(self.lines) else ""
        return len(text) - len(text.lstrip(" "))


def read_document(raw: bytes, name: str) -> Document:
    """The one document of a file. Raises PlacedYamlError, in bounded time, for whatever is no plain YAML."""
    if len(raw) > LARGEST:
        raise PlacedYamlError(
            f"{name}: larger than {LARGEST} bytes; write a shorter file"
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlacedYamlError(
            f"{name}: not UTF-8 at byte {error.start + 1}; save the file as UTF-8"
        ) from None
    try:
        content = read_plain(text, DEEPEST, MOST_NODES)
    except NotPlain:
        content = _without_places(_read_with_places(text, name))
    return Document(name, content, text)


def _read_with_places(text: str, name: str) -> Any:
    # Imported here: most files are plain, and ruamel.yaml takes 15 ms.
    from earwitness.policies.careful_yaml import read_with_places

    return read_with_places(text, name)


def _without_places(content: Any) -> Any:
    """Plain Python values in place of those that know their line."""
    if isinstance(content, dict):
        return {
            str(key): _without_places(value) for key, value in content.items()
        }
    if isinstance(content, list):
        return [_without_places(value) for value in content]
    if isinstance(content, str):
        return str(content)
    return content
