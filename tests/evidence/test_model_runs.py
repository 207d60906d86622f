"""What a bundle says of the runs of the model: an edit with all digests right is noticed and named."""

from __future__ import annotations

import json

import pytest
from bundles import modelled_bundle, read
from forging import edit, in_json, without_line

from earwitness.conformance.evidence.verification import (
    bundle_packs,
    find_contradictions,
)


@pytest.fixture
def folder(tmp_path):
    return modelled_bundle(tmp_path / "out")


def found(folder):
    bundle = read(folder)
    return find_contradictions(bundle, bundle_packs(bundle))


def test_an_honest_one_has_no_contradiction(folder):
    assert found(folder) == []


def in_first_run(change):
    """Edit the first run of the model."""

    def changed(text):
        first, *others = text.splitlines()
        entry = json.loads(first)
        change(entry)
        return "\n".join([json.dumps(entry), *others]) + "\n"

    return changed


@pytest.mark.parametrize(
    ("name", "change", "part"),
    [
        (
            "refinement.jsonl",
            without_line(0),
            "the run of d1 in run 0: it is missing",
        ),
        (
            "refinement.jsonl",
            in_first_run(lambda e: e["steps"].pop()),
            "it does not show what was observed",
        ),
        (
            "refinement.jsonl",
            in_first_run(lambda e: e["steps"].append(e["steps"][-1])),
            "refinement counts",
        ),
        (
            "refinement.jsonl",
            in_first_run(lambda e: e["initial"].update(muted=True)),
            "first state of the model",
        ),
        (
            "refinement.jsonl",
            in_first_run(lambda e: e.update(device="d2")),
            "knows no trace of d2",
        ),
        (
            "results.json",
            in_json(
                lambda e: e["refinement"]["taken"].update(hear_wake_word=9)
            ),
            "refinement counts",
        ),
        (
            "results.json",
            in_json(lambda e: e["refinement"].update(traces=[])),
            "does not tell of what was observed of d1 in run 0",
        ),
        (
            "results.json",
            in_json(
                lambda e: e["refinement"]["traces"][0].update(observations=3)
            ),
            "does not tell of what was observed of d1 in run 0",
        ),
        (
            "results.json",
            in_json(lambda e: e["refinement"].update(model="0" * 16)),
            "of the model 0000000000000000",
        ),
        (
            "results.json",
            in_json(
                lambda e: e["refinement"]["traces"][0].update(
                    outcome="refused"
                )
            ),
            "results.json calls the trace refused",
        ),
        (
            "results.json",
            in_json(
                lambda e: e["refinement"]["traces"][0].update(because="x")
            ),
            "calls the trace admitted x",
        ),
        (
            "results.json",
            in_json(lambda e: e["refinement"]["held"].pop("bytes")),
            "leaves something out",
        ),
        (
            "results.json",
            in_json(lambda e: e.update(refinement=None)),
            "does not go with its packs",
        ),
    ],
)
def test_an_edit_of_the_runs_of_the_model_is_noticed_and_named(
    folder, name, change, part
):
    edit(folder, name, change)
    assert any(part in text for text in found(folder)), found(folder)
