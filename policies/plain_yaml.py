"""The plain part of YAML, read by libyaml: thirty times as fast as the reader that knows places.

Whatever is not plain is left to that reader: tags, anchors, keys that are no words or are written twice,
numbers in any other form than decimal, and everything that is wrong. So no file is refused here, and none is
read differently; a test compares both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import yaml

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_WORD = re.compile(r"[A-Za-z_$(/][^\r\n]*")
"""Starts as no number, date or special value of YAML 1.2 does, except those of `_SPECIAL`."""
_SPECIAL = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", ""), None),
}
_ORDINARY = re.compile(
    "[\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*"
)
"""The two readers differ on tabs, and on what else ends a line (U+0085, U+2028)."""
_DISPUTED = re.compile(r"\n +\n|['\"]:[^ \n]")
"""A line of spaces alone, and a colon at a quote: libyaml takes some that the other refuses."""
_LOADER = getattr(yaml, "CSafeLoader", None)
"""None where PyYAML was built without libyaml."""


class NotPlain(Exception):
    """Something that the reader with places must decide."""


def read_plain(text: str, deepest: int, most_nodes: int) -> Any:
    """The content of a text that holds one plain document of that depth and size. Raises NotPlain for every
    other.

    >>> read_plain("bound: 2\\nwords: [on, off]", deepest=3, most_nodes=20)
    {'bound': 2, 'words': ['on', 'off']}
    """
    if _LOADER is None or not _ORDINARY.fullmatch(text):
        raise NotPlain
    if _DISPUTED.search(text):
        raise NotPlain
    events = islice(yaml.parse(text, _LOADER), most_nodes)
    try:
        return _read_document(events, deepest)
    except (yaml.YAMLError, StopIteration):
        raise NotPlain from None


def _read_document(events: Iterator[yaml.Event], deepest: int) -> Any:
    next(events)
    start = next(events)
    if not isinstance(start, yaml.DocumentStartEvent) or start.version:
        raise NotPlain
    content = _read_value(next(events), events, deepest)
    end = next(events)
    if not isinstance(end, yaml.DocumentEndEvent) or end.explicit:
        raise NotPlain
    if not isinstance(content, dict):
        raise NotPlain
    if not isinstance(next(events), yaml.StreamEndEvent):
        raise NotPlain
    return content


def _read_value(
    event: yaml.Event, events: Iterator[yaml.Event], deepest: int
) -> Any:
    if (
        deepest < 0
        or getattr(event, "anchor", None) is not None
        or getattr(event, "tag", None) is not None
    ):
        raise NotPlain
    match event:
        case yaml.ScalarEvent():
            return _read_scalar(event)
        case yaml.SequenceStartEvent():
            return _read_items(events, deepest - 1)
        case yaml.MappingStartEvent():
            return _read_pairs(events, deepest - 1)
    raise NotPlain


def _read_items(events: Iterator[yaml.Event], deepest: int) -> list[Any]:
    found = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        found.append(_read_value(event, events, deepest))
    return found


def _read_pairs(events: Iterator[yaml.Event], deepest: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _read_value(event, events, deepest)
        if not isinstance(key, str) or key in found:
            raise NotPlain
        found[key] = _read_value(next(events), events, deepest)
    return found


def _read_scalar(event: yaml.ScalarEvent) -> object:
    text: str = event.value
    is_quoted = not event.implicit[0]
    if is_quoted:
        return text
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _WORD.fullmatch(text):
        return text
    raise NotPlain
