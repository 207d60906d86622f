"""YAML in which every value knows its place, for files that people write and that may be hostile.

ruamel.yaml reads YAML 1.2, in which `on`, `off` and `yes` are words, refuses a key that is written twice,
and keeps the line and
column of every key and value. A PyYAML loader with as much would be ours to keep. Left to do here: no
aliases (a few lines could
stand for gigabytes), no tags, and a limit on depth, all decided on the stream of events before anything is
built.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    NodeEvent,
)

LARGEST = 1 << 20
"""Bytes: these files are written by people."""
DEEPEST = 12
"""Levels: the deepest shipped file has 5. Refused early, because deep nesting makes a YAML reader slow."""
MOST_NODES = 50_000
"""Keys and values: the largest shipped file has about 2,500."""


class PlacedYamlError(ValueError):
    """One sentence: file:line:column and what is wrong."""


@dataclass(frozen=True, slots=True)
class Document:
    """The content of one file. `place` says where a part of it is written."""

    name: str
    content: Any
    lines: Sequence[str]

    def place(
        self, path: Sequence[str | int], line: int = 1, column: int = 1
    ) -> str:
        """`file:line:column` of the value at `path`, or of a line and column within that value's own text."""
        row, start = self._start(path)
        opening = (
            self.lines[row][start : start + 1]
            if row < len(self.lines)
            else ""
        )
        if opening in ("|", ">"):
            return f"{self.name}:{row + 1 + line}:{self._indent(row + 1) + column}"
        quote = 1 if opening in ("'", '"') and column > 1 else 0
        return f"{self.name}:{row + line}:{start + column + quote}"

    def _start(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Row and column, from 0, of the deepest value on the path that is there."""
        node, found = self.content, (0, 0)
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
        node = self.content
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
        _refuse_tricks(text, name)
        content = YAML(typ="rt", pure=True).load(text)
    except UnicodeDecodeError as error:
        raise PlacedYamlError(
            f"{name}: not UTF-8 at byte {error.start + 1}; save the file as UTF-8"
        ) from None
    except MarkedYAMLError as error:
        raise PlacedYamlError(_sentence(error, name)) from None
    except (YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, PlacedYamlError):
            raise
        raise PlacedYamlError(
            f"{name}: not YAML ({str(error).splitlines()[0]})"
        ) from None
    document = Document(name, content, text.split("\n"))
    _refuse_other_keys(document, content, ())
    return document


def _refuse_tricks(text: str, name: str) -> None:
    depth = 0
    for number, event in enumerate(YAML(typ="rt", pure=True).parse(text)):
        place = f"{name}:{event.start_mark.line + 1}:{event.start_mark.column + 1}"
        if isinstance(event, AliasEvent):
            raise PlacedYamlError(
                f"{place}: aliases are not used here; write the value out"
            )
        tag = (
            getattr(event, "tag", None)
            if isinstance(event, NodeEvent)
            else None
        )
        if tag:
            raise PlacedYamlError(
                f"{place}: tags are not used here; leave out '{tag}'"
            )
        if isinstance(event, CollectionStartEvent):
            depth += 1
        if isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST or number > MOST_NODES:
            raise PlacedYamlError(
                f"{place}: nested too deeply or too long; nothing here needs that"
            )


def _refuse_other_keys(
    document: Document, node: Any, path: tuple[str | int, ...]
) -> None:
    """A key must be a word: a number, a list or `true` as a key is a slip."""
    for key, value in _items(node):
        if isinstance(node, dict) and not isinstance(key, str):
            raise PlacedYamlError(
                f"{document.key_place(path, key)}: a key must be a word"
            )
        _refuse_other_keys(document, value, (*path, key))


def _items(node: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(node, dict):
        return node.items()
    return enumerate(node) if isinstance(node, list) else ()


def _sentence(error: MarkedYAMLError, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    row, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = str(error.problem).splitlines()[0]
    if problem.startswith("found duplicate key"):
        problem = f"key {problem.split()[3]} is written twice"
    return f"{name}:{row}:{column}: {problem}"
