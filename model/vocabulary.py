"""The event vocabulary: the one YAML file that says what can be observed, as typed data."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NewType, TypedDict

import yaml

from earwitness.model.expression import Sort

Microseconds = NewType("Microseconds", int)
SECOND = Microseconds(1_000_000)
LARGEST_INTEGER = 1 << 62
"""Beyond it sums of two values would leave the 64 bits that the columns kernel computes with."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A named value of an event; `choices` is empty unless the type is a list of names. Where the list is
    open, what is observed may be another text; promises still speak of the names alone. `noun` is what a
    sentence calls it where its meaning would not read well."""

    name: str
    sort: Sort
    meaning: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    is_open: bool = False
    noun: str = ""

    def admits(self, value: object) -> bool:
        """Whether the value can be observed."""
        return self.has_name(value) or (
            self.is_open
            and isinstance(
                value,
                str,
            )
        )

    def has_name(self, value: object) -> bool:
        """Whether a promise may compare the attribute with the value."""
        if self.sort is Sort.BOOL:
            return isinstance(value, bool)
        if self.sort is Sort.INT:
            return (
                isinstance(
                    value,
                    int,
                )
                and not isinstance(value, bool)
                and abs(value) < LARGEST_INTEGER
            )
        return isinstance(
            value,
            str,
        ) and (not self.choices or value in self.choices)

    @property
    def described(self) -> str:
        if self.choices:
            return (
                "one of "
                + ", ".join(self.choices)
                + (", or another text" if self.is_open else "")
            )
        return {
            Sort.BOOL: "true or false",
            Sort.INT: f"an integer ({self.unit})",
            Sort.TEXT: "text",
        }[self.sort]


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event with the attributes it carries. Those in `optional` came later: a source that does not
    know them need not name them, and means what `unless_named` says. `phrases` say how the event reads where
    the given attributes have the given values, as they are written in a formula."""

    name: str
    attributes: tuple[str, ...]
    meaning: str
    optional: frozenset[str] = frozenset()
    unless_named: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[frozenset[tuple[str, str]], str] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All events and attributes by name, the closed list of capabilities with what each means, and how states
    that packs often declare read in a sentence (`microphone is on`)."""

    attributes: Mapping[str, Attribute]
    events: Mapping[str, EventType]
    capabilities: Mapping[str, str]
    states: Mapping[str, str]


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean '...'?`, or nothing where no known name is close."""
    close = difflib.get_close_matches(
        name,
        list(known),
        n=1,
        # 0.6 is the library's own default: below it, names have little in common.
        cutoff=0.6,
    )
    return f" Did you mean '{close[0]}'?" if close else ""


def _read_attribute(name: str, entry: Mapping[str, Any]) -> Attribute:
    kind = entry["type"]
    if isinstance(kind, list):
        return Attribute(
            name,
            Sort.TEXT,
            entry["meaning"],
            choices=tuple(kind),
            is_open=entry.get("open") == "true",
            noun=entry.get("noun", ""),
        )
    sort = {"boolean": Sort.BOOL, "integer": Sort.INT, "text": Sort.TEXT}[
        kind
    ]
    return Attribute(
        name=name,
        sort=sort,
        meaning=entry["meaning"],
        unit=entry.get("unit", ""),
        noun=entry.get("noun", ""),
    )


def _event_type(name: str, entry: Mapping[str, Any]) -> EventType:
    optional = entry.get("optional", [])
    return EventType(
        name=name,
        attributes=(*entry["attributes"], *optional),
        meaning=entry["meaning"],
        optional=frozenset(optional),
        unless_named=entry.get("unless_named", {}),
        phrases={
            _read_conditions(text): phrase
            for text, phrase in entry.get("say", {}).items()
        },
    )


def _read_conditions(text: str) -> frozenset[tuple[str, str]]:
    """`on = true, color = red` as pairs of attribute and value."""
    pairs = (part.split("=") for part in text.split(","))
    return frozenset((name.strip(), value.strip()) for name, value in pairs)


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of this version, read once from `vocabulary.yaml`."""
    # YAML 1.1 reads a bare `on` as true; the file is plain enough for the core schema of BaseLoader.
    # libyaml, where PyYAML has it, is ten times as fast.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    source = files("earwitness.model").joinpath("vocabulary.yaml")
    raw = yaml.load(source.read_text("utf-8"), loader)
    attributes = {
        name: _read_attribute(
            name,
            entry,
        )
        for name, entry in raw["attributes"].items()
    }
    events = {
        name: _event_type(
            name,
            entry,
        )
        for name, entry in raw["events"].items()
    }
    return Vocabulary(
        attributes=attributes,
        events=events,
        capabilities=raw["capabilities"],
        states=raw["states"],
    )


LineSchema = TypedDict(
    "LineSchema",
    {
        "$schema": str,
        "type": str,
        "required": list[str],
        "properties": dict[str, object],
        "additionalProperties": bool,
    },
)
"""A JSON Schema of one object."""


def trace_line_schema() -> LineSchema:
    """JSON schema (draft 2020-12) of one line of a trace. An attribute that is absent or null is unknown."""

    def typed(attribute: Attribute) -> dict[str, object]:
        if attribute.choices and not attribute.is_open:
            return {"enum": [*attribute.choices, None]}
        kind = {
            Sort.BOOL: "boolean",
            Sort.INT: "integer",
            Sort.TEXT: "string",
        }[attribute.sort]
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
            **{
                name: typed(attribute)
                for name, attribute in known.attributes.items()
            },
        },
        "additionalProperties": False,
    }
