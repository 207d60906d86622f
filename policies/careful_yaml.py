"""YAML read with the line and column of every key and value, and refused where it tries tricks.

ruamel.yaml reads YAML 1.2, in which `on`, `off` and `yes` are words, and refuses a key that is written twice.
A PyYAML loader with as much would be ours to keep. Left to do here: no aliases (a few lines could stand for
gigabytes), no tags, and a limit on depth, all decided on the stream of events before anything is built.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    NodeEvent,
)

from earwitness.policies.placed_yaml import (
    DEEPEST,
    MOST_NODES,
    PlacedYamlError,
)


def read_with_places(text: str, name: str) -> Any:
    """The content of a text. Raises PlacedYamlError, in bounded time, for whatever is no plain YAML."""
    try:
        _refuse_tricks(text, name)
        content = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        raise PlacedYamlError(_say_error(error, name)) from None
    except (YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, PlacedYamlError):
            raise
        raise PlacedYamlError(
            f"{name}: not YAML ({str(error).splitlines()[0]})"
        ) from None
    _refuse_other_keys(content, name)
    return content


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


def _refuse_other_keys(node: Any, name: str) -> None:
    """A key must be a word: a number, a list or `true` as a key is a slip."""
    for key, value in _items_of(node):
        if isinstance(node, dict) and not isinstance(key, str):
            row, column = node.lc.key(key)  # type: ignore[attr-defined]
            raise PlacedYamlError(
                f"{name}:{row + 1}:{column + 1}: a key must be a word"
            )
        _refuse_other_keys(value, name)


def _items_of(node: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(node, dict):
        return node.items()
    return enumerate(node) if isinstance(node, list) else ()


def _say_error(error: MarkedYAMLError, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    row, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = str(error.problem).splitlines()[0]
    if problem.startswith("found duplicate key"):
        problem = f"key {problem.split()[3]} is written twice"
    return f"{name}:{row}:{column}: {problem}"
