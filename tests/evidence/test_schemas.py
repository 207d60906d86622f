"""The published schemas are those of the declarations, and say yes to a real bundle and no to a changed
one."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
from bundles import violated_bundle
from jsonschema import Draft202012Validator

from earwitness.conformance.evidence.schemas import (
    bundle_schemas,
    schema_folder,
    schema_text,
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return violated_bundle(tmp_path_factory.mktemp("schemas") / "out")


@pytest.mark.parametrize("name", bundle_schemas())
def test_a_published_schema_is_that_of_the_declaration(name):
    """Otherwise: python -m earwitness.conformance.evidence.schemas"""
    published = schema_folder() / f"{name}.schema.json"
    assert published.read_text() == schema_text(bundle_schemas()[name])
    Draft202012Validator.check_schema(bundle_schemas()[name])


@pytest.mark.parametrize(
    "make",
    [Draft202012Validator, jsonschema_rs.Draft202012Validator],
    ids=["Python", "Rust"],
)
@pytest.mark.parametrize(
    ("name", "file", "spoilt"),
    [
        ("bundle-manifest", "manifest.json", {"state": "green"}),
        ("bundle-results", "results.json", {"exit": "0"}),
        ("bundle-failure", "failures/MIC-1.json", {"clause": 1}),
        ("bundle-proofs", "proofs.json", {"MIC-1": {"standing": 1}}),
        ("bundle-observation", "observations.jsonl", {"event": "no.such"}),
    ],
)
def test_a_schema_admits_a_bundle_and_refuses_a_changed_one(
    bundle, make, name, file, spoilt
):
    published = schema_folder() / f"{name}.schema.json"
    validator = make(json.loads(published.read_text()))
    text = (bundle / file).read_text()
    entries = (
        [json.loads(line) for line in text.splitlines()]
        if file.endswith("l")
        else [json.loads(text)]
    )
    assert all(validator.is_valid(entry) for entry in entries)
    assert not validator.is_valid({**entries[0], **spoilt})
    assert not validator.is_valid({**entries[0], "surprise": 1})
