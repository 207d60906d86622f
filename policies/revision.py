"""The revision of a clause: a name made from all that decides whether it is kept, so that nobody can forget
to change it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

LENGTH = 8
"""Hexadecimal digits: enough to tell the revisions of one clause apart."""
WORDING = frozenset({"id", "title", "source", "ways"})
"""What may be put better, or be traced again, while the promise stays the same."""


def revision_of(
    clause: Mapping[str, object],
    parameters: Mapping[str, int],
    states: Mapping[str, Mapping[str, str]],
    opportunities: Mapping[str, str],
) -> str:
    """The revision of a clause as its pack has it, with the bounds, states and opportunities of the pack.

    >>> mute = {"formula": "light within $cut after mute", "severity": "high", "title": "It shows"}
    >>> first = revision_of(mute, {"cut": 100_000}, {}, {})
    >>> first == revision_of({**mute, "title": "The light shows it"}, {"cut": 100_000}, {}, {})
    True
    >>> first == revision_of(mute, {"cut": 200_000}, {}, {})
    False
    """
    promise = _without_wording(clause)
    written = json.dumps(promise, sort_keys=True)
    used_states = {
        name: _plain(patterns)
        for name, patterns in states.items()
        if re.search(rf"\b{re.escape(name)} is\b", written)
    }
    used_events = {
        event: _plain(when)
        for event, when in opportunities.items()
        if event in written
    }
    texts = json.dumps([promise, used_states, used_events], sort_keys=True)
    bounds = {
        name: value
        for name, value in parameters.items()
        if re.search(rf"\${re.escape(name)}\b", texts)
    }
    whole = json.dumps([texts, bounds], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:LENGTH]


def _without_wording(item: Mapping[str, object]) -> dict[str, object]:
    return dict(_parts_of(item))


def _parts_of(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if name == "conjuncts":
            yield name, [_without_wording(part) for part in value]
        elif name not in WORDING:
            yield name, _plain(value)


def _plain(value: Any) -> Any:
    """Texts without the breaks and blanks of their file."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return " ".join(value.split()) if isinstance(value, str) else value
