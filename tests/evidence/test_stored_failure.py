"""A failure file alone knows its target, its seed and its packs."""

from __future__ import annotations

import json

import pytest
from bundles import violated_bundle

from earwitness.conformance.evidence.stored_failure import (
    FailureFileError,
    read_failure,
)


@pytest.fixture
def folder(tmp_path):
    return violated_bundle(tmp_path / "out")


def test_a_failure_of_a_bundle_knows_all_it_needs(folder):
    (folder / "packs" / "small.traceability.yaml").write_text(
        "sections: {}\n"
    )
    stored = read_failure(folder / "failures" / "MIC-1.json")
    assert (stored.clause, stored.target, stored.seed) == (
        "MIC-1",
        "exec:./device",
        7,
    )
    assert stored.packs == ((folder / "packs" / "small.yaml").resolve(),)


def test_a_counterexample_learns_its_target_from_its_bundle(folder):
    (folder / "proofs").mkdir(exist_ok=True)
    path = folder / "proofs" / "MIC-1.counterexample.json"
    entry = {
        "clause": "MIC-1",
        "kind": "any",
        "scenario": [],
        "at": 0,
        "trace": [],
    }
    path.write_text(json.dumps(entry))
    stored = read_failure(path)
    assert stored.target == "exec:./device" and len(stored.packs) == 1


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "not a stored failure"),
        ("[]", "not a stored failure"),
        ('{"clause": "A-1"}', "not a stored failure"),
        (
            '{"clause": "A-1", "scenario": [{"do": "fly"}]}',
            "there is no stimulus 'fly'",
        ),
    ],
)
def test_another_file_is_refused(tmp_path, text, part):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(FailureFileError, match=part):
        read_failure(path)


def test_a_failure_outside_of_a_bundle_names_no_packs(tmp_path, folder):
    path = tmp_path / "deep" / "failures" / "MIC-1.json"
    path.parent.mkdir(parents=True)
    path.write_bytes((folder / "failures" / "MIC-1.json").read_bytes())
    assert read_failure(path).packs == ()
