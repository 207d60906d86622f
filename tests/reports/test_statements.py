"""Statements of in-toto, read by the library of in-toto."""

from __future__ import annotations

import json

import pytest
from bundles import (
    clause,
    read,
    write_bundle,
)
from google.protobuf.json_format import ParseDict, ParseError
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from rendering import judged, render


def test_a_test_result_is_passed_only_where_all_is_witnessed(
    tmp_path, red, green
):
    assert (
        json.loads(render("test-result", red))["predicate"]["result"]
        == "FAILED"
    )
    predicate = json.loads(render("test-result", green))["predicate"]
    assert predicate["result"] == "WARNED" and predicate["warnedTests"] == [
        "LED-1"
    ]
    results = (clause("MIC-1", severity="critical"), clause("LED-1"))
    whole = judged(read(write_bundle(tmp_path / "out", clauses=results)))
    assert (
        json.loads(render("test-result", whole))["predicate"]["result"]
        == "PASSED"
    )


@pytest.mark.parametrize("name", ["attestation", "test-result"])
def test_a_statement_is_read_by_the_library_of_in_toto(
    name, red, green, hostile
):
    for one in (red, green, hostile):
        read_statement(json.loads(render(name, one)))
    document = json.loads(render(name, red))
    with pytest.raises(ParseError):
        read_statement({**document, "surprise": 1})
    with pytest.raises(ValueError, match="At least one subject"):
        read_statement({**document, "subject": []})


def read_statement(document):
    """Raises ParseError for a field that in-toto does not know, ValueError for what it does not admit."""
    parsed = ParseDict(document, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()


def test_a_test_result_is_read_by_the_library_of_in_toto(red, green, hostile):
    for one in (red, green, hostile):
        predicate = json.loads(render("test-result", one))["predicate"]
        parsed = ParseDict(predicate, test_result_pb2.TestResult())
        assert parsed.result in ("FAILED", "WARNED", "PASSED")
        tests = (
            *parsed.passed_tests,
            *parsed.warned_tests,
            *parsed.failed_tests,
        )
        assert sorted(tests) == ["LED-1", "MIC-1"]
    with pytest.raises(ParseError):
        ParseDict({**predicate, "outcome": 1}, test_result_pb2.TestResult())


@pytest.mark.parametrize("name", ["attestation", "test-result"])
def test_a_statement_names_the_bundle_by_its_digest(name, red):
    document = json.loads(render(name, red))
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["subject"][0]["digest"]["sha256"] == red.bundle.digest
