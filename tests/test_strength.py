"""What was measured of the shipped pack speaks of this pack and this model, and leaves nothing unexplained."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from earwitness.model.assistant import components
from earwitness.model.assistant.assistant import assistant
from earwitness.model.proof.mutation import mutants_of
from earwitness.model.systems.transition_system import Layer
from earwitness.policies.pack import find
from earwitness.policies.proving.mutants import JudgedMutant
from earwitness.policies.proving.prove_packs import clauses_to_prove
from earwitness.policies.proving.strength import (
    StrengthError,
    load_strength,
    store_strength,
    strength_facts,
    strength_summary,
)
from earwitness.policies.proving.trusted_bases import TrustedBase

PACK = find("alexa-smart-properties")


def test_the_shipped_measurement_is_of_this_pack_and_model():
    """Otherwise: earwitness mutate --store conformance/strength.json, then earwitness prove --trusted-base --store conformance/strength.json"""
    found = load_strength(PACK)
    assert found is not None
    assert found.mutants.keys() == {m.name for m in mutants_of(assistant())}
    assert found.bases.keys() <= {c.id for c in clauses_to_prove(PACK.clauses)}


def test_no_survivor_is_unexplained():
    assert load_strength(PACK).score.unexplained == 0


def test_the_power_of_the_microphones_rests_on_hardware():
    assert {"MIC-2", "MIC-4"} <= set(load_strength(PACK).resting_on(Layer.HARDWARE))


def test_a_pack_with_other_bounds_is_not_spoken_of():
    assert load_strength(find("alexa-smart-properties", {"cut": 5})) is None


def test_measurements_add_up_and_one_of_another_pack_begins_anew(tmp_path):
    path, base = tmp_path / "s.json", TrustedBase("MIC-2", (frozenset({components.MICROPHONE}),))
    store_strength(path, PACK, mutants=[JudgedMutant("a", ("MIC-2",))])
    store_strength(path, PACK, mutants=[JudgedMutant("b", (), ("MIC-1",))], bases=[base])
    found = load_strength(PACK, path)
    assert set(found.mutants) == {"a", "b"} and found.bases == {"MIC-2": base}
    assert strength_facts(found)["undecided"] == 1 and "rests on hardware: MIC-2" in strength_summary(
        strength_facts(found)
    )
    store_strength(path, replace(PACK, clauses=PACK.clauses[:3]), mutants=[JudgedMutant("c", ())])
    assert load_strength(PACK, path) is None


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"digest": 1})])
def test_a_file_that_holds_no_measurement_is_refused(text, tmp_path):
    path = tmp_path / "s.json"
    path.write_text(text, "utf-8")
    with pytest.raises(StrengthError, match=r"s\.json"):
        load_strength(PACK, path)
