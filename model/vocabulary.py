"""The event vocabulary: the one YAML file that says what can be observed, as typed data."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NewType

import yaml

from earwitness.model.expression import Sort

Microseconds = NewType("Microseconds", int)
LARGEST_INTEGER = 1 << 62
"""Beyond it sums of two values would leave the 64 bits that the columns kernel computes with."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A named value of an event; `choices` is empty unless the type is a closed list of names."""

    name: str
    sort: Sort
    meaning: str
    unit: str = ""
    choices: tuple[str, ...] = ()

    def admits(self, value: object) -> bool:
        if self.sort is Sort.BOOL:
            return isinstance(value, bool)
        if self.sort is Sort.INT:
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_INTEGER
        return isinstance(value, str) and (not self.choices or value in self.choices)

    @property
    def described(self) -> str:
        if self.choices:
            return "one of " + ", ".join(self.choices)
        return {Sort.BOOL: "true or false", Sort.INT: f"an integer ({self.unit})", Sort.TEXT: "text"}[
            self.sort
        ]


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event with the attributes it carries."""

    name: str
    attributes: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All events and attributes by name, and the closed list of capabilities with what each means."""

    attributes: Mapping[str, Attribute]
    events: Mapping[str, EventType]
    capabilities: Mapping[str, str]


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean '...'?`, or nothing where no known name is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


def _attribute(name: str, entry: Mapping[str, Any]) -> Attribute:
    kind = entry["type"]
    if isinstance(kind, list):
        return Attribute(name, Sort.TEXT, entry["meaning"], choices=tuple(kind))
    sort = {"boolean": Sort.BOOL, "integer": Sort.INT, "text": Sort.TEXT}[kind]
    return Attribute(name, sort, entry["meaning"], entry.get("unit", ""))


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of this version, read once from `vocabulary.yaml`."""
    # YAML 1.1 reads a bare `on` as true; the file is plain enough for the core schema of BaseLoader.
    raw = yaml.load(
        files("earwitness.model").joinpath("vocabulary.yaml").read_text("utf-8"), Loader=yaml.BaseLoader
    )
    attributes = {name: _attribute(name, entry) for name, entry in raw["attributes"].items()}
    events = {
        name: EventType(name, tuple(entry["attributes"] or ()), entry["meaning"])
        for name, entry in raw["events"].items()
    }
    return Vocabulary(attributes, events, raw["capabilities"])


def trace_line_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of one line of a trace. An attribute that is absent or null is unknown."""

    def typed(attribute: Attribute) -> dict[str, Any]:
        if attribute.choices:
            return {"enum": [*attribute.choices, None]}
        kind = {Sort.BOOL: "boolean", Sort.INT: "integer", Sort.TEXT: "string"}[attribute.sort]
        return {"type": [kind, "null"]}

    known = vocabulary()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["time", "device", "event"],
        "properties": {
            "time": {"type": "integer", "minimum": 0},
            "device": {"type": "string"},
            "event": {"enum": list(known.events)},
            "origin": {"enum": ["witnessed", "device", "stand-in", "driver"]},
            **{name: typed(attribute) for name, attribute in known.attributes.items()},
        },
        "additionalProperties": False,
    }
