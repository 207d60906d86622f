"""JSON Schemas of the protocol, generated from its types. `python -m earwitness.conformance.targets.schemas`
writes them to `conformance/schemas/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from earwitness.conformance.targets.lines import (
    known_capabilities,
    known_kinds,
)
from earwitness.conformance.targets.protocol import (
    CLOCKS,
    LATEST,
    LONGEST_TEXT,
    REQUESTS,
    ErrorReply,
    HelloOkReply,
    OkReply,
    UnsupportedReply,
)
from earwitness.model.expression import Sort
from earwitness.model.trace import Origin
from earwitness.model.vocabulary import Attribute, vocabulary

Schema = Mapping[str, object]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parents[1] / "schemas"


def protocol_schemas() -> Mapping[str, Schema]:
    """Every schema by the name of its file, without the suffix."""
    return {
        "request": request_schema(),
        "reply": reply_schema(),
        "observation": observation_schema(),
    }


def request_schema() -> Schema:
    """A line that the harness writes."""
    kinds = tuple(REQUESTS.values())
    _, components = msgspec.json.schema_components(
        kinds, ref_template="#/$defs/{name}"
    )
    for kind in kinds:
        component = components[kind.__name__]
        component["properties"] = {
            "id": {"type": "integer", "minimum": 1},
            **component["properties"],
        }
        component["required"] = ["id", *component["required"]]
    return _schema_document(
        "a request", [kind.__name__ for kind in kinds], components
    )


def reply_schema() -> Schema:
    """A line that ends a step."""
    kinds = (HelloOkReply, OkReply, UnsupportedReply, ErrorReply)
    _, components = msgspec.json.schema_components(
        kinds, ref_template="#/$defs/{name}"
    )
    closed = {
        "capability": known_capabilities(),
        "kind": known_kinds(),
        "clock": CLOCKS,
    }
    names: Mapping[str, Schema] = {
        name: {"enum": list(known)} for name, known in closed.items()
    }
    return _schema_document(
        "a reply", [kind.__name__ for kind in kinds], {**components, **names}
    )


def observation_schema() -> Schema:
    """A line that says what a device did: one shape for each event of the vocabulary. Null says *not
    known*."""
    known = vocabulary()
    components = {
        name: {
            "type": "object",
            "description": event.meaning,
            "properties": {
                "event": {"const": name},
                "time": {
                    "type": "integer",
                    "minimum": 0,
                    "exclusiveMaximum": LATEST,
                },
                "device": {"type": "string", "maxLength": LONGEST_TEXT},
                "origin": {
                    "enum": [
                        o.value for o in Origin if o is not Origin.WITNESSED
                    ]
                },
                **{
                    a: _attribute_schema(known.attributes[a])
                    for a in event.attributes
                },
            },
            "required": [
                "event",
                "time",
                "device",
                *(a for a in event.attributes if a not in event.optional),
            ],
            "additionalProperties": False,
        }
        for name, event in known.events.items()
    }
    return _schema_document("an observation", list(components), components)


def write_schemas(folder: Path = FOLDER) -> None:
    """Write every schema into the folder, one file each."""
    for name, schema in protocol_schemas().items():
        (folder / f"{name}.json").write_text(render_schema(schema), "utf-8")


def render_schema(schema: Schema) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _schema_document(
    title: str, names: list[str], components: Mapping[str, Schema]
) -> Schema:
    return {
        "$schema": DRAFT,
        "title": f"The driver protocol, version 2: {title}",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in names],
        "$defs": dict(components),
    }


def _attribute_schema(attribute: Attribute) -> Schema:
    shown: dict[str, object] = {"description": attribute.meaning}
    if attribute.choices and not attribute.is_open:
        return shown | {"enum": [*attribute.choices, None]}
    match attribute.sort:
        case Sort.BOOL:
            return shown | {"type": ["boolean", "null"]}
        case Sort.INT:
            bounds = {"exclusiveMinimum": -LATEST, "exclusiveMaximum": LATEST}
            return shown | {"type": ["integer", "null"], **bounds}
        case _:
            return shown | {
                "type": ["string", "null"],
                "maxLength": LONGEST_TEXT,
            }


if __name__ == "__main__":
    write_schemas()
