"""JSON Schemas of the files of a bundle and of a scenario, made from their declarations. `python -m
earwitness.conformance.evidence.schemas` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from earwitness.conformance.evidence.records import (
    EarlierCheck,
    FailureRecord,
    Manifest,
    ProofRecord,
    Results,
    StepsRecord,
)
from earwitness.conformance.refinement.device_runs import DeviceRunRecord
from earwitness.conformance.stimuli.stimulus import Scenario
from earwitness.model.vocabulary import trace_line_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def bundle_schemas() -> Mapping[str, Mapping[str, object]]:
    """The schema of each file of a bundle, and of a scenario, by the name under which it is published."""
    line = trace_line_schema()
    run = {
        "run": {
            "type": "integer",
            "minimum": 0,
            "description": "the number of the run in results.json",
        }
    }
    return {
        "bundle-manifest": make_schema("manifest.json", Manifest),
        "bundle-results": make_schema("results.json", Results),
        "bundle-failure": make_schema("failures/CLAUSE.json", FailureRecord),
        "bundle-proofs": make_schema("proofs.json", dict[str, ProofRecord]),
        "bundle-observation": {
            **line,
            "title": "one line of observations.jsonl",
            "required": ["run", *line["required"]],
            "properties": {**run, **line["properties"]},
        },
        "bundle-refinement": make_schema(
            "one line of refinement.jsonl", DeviceRunRecord
        ),
        "bundle-earlier": make_schema(
            "earlier.json", tuple[EarlierCheck, ...]
        ),
        "bundle-steps": make_schema("one line of steps.jsonl", StepsRecord),
        "scenario": make_schema("the stimuli of a scenario", Scenario),
    }


def make_schema(title: str, kind: Any) -> Mapping[str, object]:
    """The schema of a declaration, under a title."""
    return {
        "$schema": DIALECT,
        "title": title,
        **_with_flat_texts(msgspec.json.schema(kind)),
    }


def _with_flat_texts(part: Any) -> Any:
    """The schema with every description in one line, so that wrapping a docstring changes no published
    file."""
    if isinstance(part, dict):
        flat = {name: _with_flat_texts(value) for name, value in part.items()}
        if isinstance(flat.get("description"), str):
            flat["description"] = " ".join(flat["description"].split())
        return flat
    return (
        [_with_flat_texts(value) for value in part]
        if isinstance(part, list)
        else part
    )


def schema_text(schema: Mapping[str, object]) -> str:
    """As it is kept in a file."""
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def schema_folder() -> Path:
    """Where the published schemas lie."""
    return Path(str(files("earwitness.conformance").joinpath("schemas")))


def write_bundle_schemas(folder: Path) -> None:
    """Write each schema to its file."""
    folder.mkdir(exist_ok=True)
    for name, schema in bundle_schemas().items():
        (folder / f"{name}.schema.json").write_text(
            schema_text(schema), "utf-8"
        )


if __name__ == "__main__":
    write_bundle_schemas(schema_folder())
