"""A model keeps to figures of its own; what a pack promises is proved against them, not copied from it."""

from __future__ import annotations

import pytest

from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.proof.proof import Standing
from earwitness.policies.pack import find
from earwitness.policies.proving.invariants import load_invariants
from earwitness.policies.proving.prove_packs import Prover
from earwitness.policies.proving.tasks import proof_task


def proof_with(folder, clause, parameters):
    pack = find("alexa-smart-properties", parameters)
    return Prover(folder, 20, load_invariants(pack))(
        proof_task(pack.clause(clause), pack.model)
    )


def test_a_promise_tighter_than_the_datasheet_is_refuted(tmp_path):
    too_fast = ASSISTANT.datasheet["rail"] - 1
    assert (
        proof_with(tmp_path, "MIC-1", {"cut": too_fast}).standing
        is Standing.REFUTED
    )


def test_a_promise_as_tight_as_the_datasheet_is_proved(tmp_path):
    assert (
        proof_with(
            tmp_path, "MIC-1", {"cut": ASSISTANT.datasheet["rail"]}
        ).standing
        is Standing.PROVED
    )


def test_a_rating_that_does_not_exist_is_named_with_the_nearest():
    with pytest.raises(KeyError, match="Did you mean 'rail'"):
        ASSISTANT.datasheet["rial"]


def test_every_rating_says_where_it_is_from():
    assert all(
        r.origin and r.at_most > 0 for r in ASSISTANT.datasheet.ratings
    )
    assert set(ASSISTANT.small) == {
        r.name for r in ASSISTANT.datasheet.ratings
    }
