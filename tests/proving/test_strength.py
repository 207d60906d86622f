"""What was measured of a pack speaks of that very pack and model; a change makes stale only what it
touches."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from earwitness.model.assistant import components
from earwitness.model.assistant.assistant import assistant
from earwitness.model.expression import negation
from earwitness.model.proof.mutation import mutants_of
from earwitness.policies.models import MODELS
from earwitness.policies.pack import find
from earwitness.policies.proving.mutants import JudgedMutant
from earwitness.policies.proving.strength import (
    Fingerprints,
    StrengthError,
    load_strength,
    store_strength,
)
from earwitness.policies.proving.strength_facts import (
    facts_of_strength,
    summarize_strength,
)
from earwitness.policies.proving.trusted_bases import TrustedBase

PACK = find("alexa-smart-properties")


def test_what_is_not_measured_is_said_by_name(tmp_path):
    found = load_strength(PACK, tmp_path / "none.json")
    assert not found.is_whole
    assert found.missing == tuple(m.name for m in mutants_of(assistant()))
    assert facts_of_strength(found).not_measured == len(found.missing)


def test_no_shipped_survivor_is_unexplained():
    assert load_strength(PACK).score.unexplained == 0


def test_a_clause_that_notices_little_is_named_and_so_is_one_that_notices_nothing(
    tmp_path,
):
    path = tmp_path / "s.json"
    restated = JudgedMutant(
        "deny_access: drop guard condition 1",
        ("ORG-3", "MIC-2"),
        restated=("ORG-3",),
    )
    store_strength(path, PACK, mutants=[restated])
    facts = facts_of_strength(load_strength(PACK, path))
    assert facts.kills == {"MIC-2": 1, "ORG-3": 1}
    beyond = facts.beyond_guards
    assert (beyond["MIC-2"], beyond["ORG-3"], beyond["RET-2"]) == (1, 0, 0)
    (line,) = [x for x in summarize_strength(facts) if "fewer than" in x]
    assert "ORG-3" in line and "RET-2" in line


FAULT = "cut_power: drop update of microphone"
BASE = TrustedBase("MIC-2", (frozenset({components.MICROPHONE}),))


def test_measurements_add_up(tmp_path):
    path = tmp_path / "s.json"
    store_strength(path, PACK, mutants=[JudgedMutant(FAULT, ("MIC-2",))])
    other = "limit rail: drop"
    store_strength(
        path,
        PACK,
        mutants=[JudgedMutant(other, (), ("MIC-1",))],
        bases=[BASE],
    )
    found = load_strength(PACK, path)
    assert set(found.mutants) == {FAULT, other}
    assert found.bases == {"MIC-2": BASE}
    assert facts_of_strength(found).undecided == 1
    assert "rests on hardware: MIC-2" in summarize_strength(
        facts_of_strength(found)
    )


def changed_clause(identity, **changes):
    clauses = tuple(
        replace(c, **changes) if c.id == identity else c for c in PACK.clauses
    )
    return replace(PACK, clauses=clauses)


def with_other_promise(identity):
    other = PACK.clause("CAM-2")
    return changed_clause(
        identity,
        conjuncts=other.conjuncts,
        formula=other.formula,
        monitor=other.monitor,
    )


def test_a_changed_clause_makes_stale_only_what_rests_on_it(tmp_path):
    path = tmp_path / "s.json"
    noticed = JudgedMutant("cut_power: flip update of camera", ("CAM-2",))
    store_strength(
        path,
        PACK,
        mutants=[JudgedMutant(FAULT, ("MIC-2",)), noticed],
        bases=[BASE],
    )
    found = load_strength(with_other_promise("MIC-2"), path)
    assert set(found.mutants) == {noticed.mutant}
    assert not found.bases


def mutant_of(transition):
    """The name of some mutant of a row."""
    return next(
        m.name for m in mutants_of(assistant()) if m.changed == transition
    )


def test_a_survivor_is_stale_when_a_clause_that_could_notice_it_changes(
    tmp_path,
):
    path = tmp_path / "s.json"
    survivor = JudgedMutant(mutant_of("capture_audio"), (), (), "reviewed")
    elsewhere = JudgedMutant(mutant_of("deny_access"), (), (), "reviewed")
    store_strength(path, PACK, mutants=[survivor, elsewhere])
    assert set(load_strength(PACK, path).mutants) == {
        survivor.mutant,
        elsewhere.mutant,
    }
    found = load_strength(with_other_promise("MIC-2"), path)
    assert survivor.mutant not in found.mutants
    assert survivor.mutant in found.missing


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"mutants": 1})])
def test_a_file_that_holds_no_measurement_is_refused(text, tmp_path):
    path = tmp_path / "s.json"
    path.write_text(text, "utf-8")
    with pytest.raises(StrengthError, match=r"s\.json"):
        load_strength(PACK, path)


class NoCones(Fingerprints):
    """Fingerprints of which the slow ones must not be asked."""

    @property
    def cones(self):
        raise AssertionError("the slow way was gone")


class OnlyCones(Fingerprints):
    """Fingerprints by which nothing is ever the same as a whole."""

    definition = "another"


def measured(path):
    noticed = JudgedMutant(FAULT, ("MIC-2",))
    survivor = JudgedMutant(mutant_of("capture_audio"), (), (), "reviewed")
    store_strength(path, PACK, mutants=[noticed, survivor], bases=[BASE])


def test_what_was_measured_of_this_very_pack_and_model_is_read_without_cones(
    tmp_path,
):
    path = tmp_path / "s.json"
    measured(path)
    slow = load_strength(PACK, path, OnlyCones(PACK))
    assert load_strength(PACK, path, NoCones(PACK)) == slow
    assert set(slow.mutants) == {FAULT, mutant_of("capture_audio")}


CHANGES = {
    "a bound of the model": lambda s: replace(
        s, limits=(replace(s.limits[0], bound=1), *s.limits[1:])
    ),
    "a row of the model": lambda s: replace(
        s,
        transitions=(
            replace(s.transitions[0], updates={}),
            *s.transitions[1:],
        ),
    ),
    "a first state": lambda s: replace(s, initially=negation(s.initially)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_model_is_noticed(change, monkeypatch):
    prints = Fingerprints(PACK)
    before = prints.definition
    real = PACK.model
    model = SimpleNamespace(
        system=CHANGES[change](real.system),
        secrets=real.secrets,
        observers=real.observers,
        possible=real.possible,
    )
    monkeypatch.setitem(MODELS, PACK.model_name, lambda: model)
    changed = Fingerprints(PACK)
    assert changed.definition != before
    assert load_strength(PACK, fingerprints=changed).missing


def test_a_changed_pack_is_noticed():
    changed = with_other_promise("MIC-2")
    with pytest.raises(AssertionError, match="slow way"):
        load_strength(changed, fingerprints=NoCones(changed))
    assert load_strength(changed).missing


def test_a_file_put_together_from_two_is_judged_record_by_record(tmp_path):
    """As a merge of two branches may leave it: the digest of one, a judgement of the other."""
    path = tmp_path / "s.json"
    measured(path)
    content = json.loads(path.read_text("utf-8"))
    content["mutants"][FAULT]["of"] = {"MIC-2": "0123456789abcdef"}
    path.write_text(json.dumps(content), "utf-8")
    assert FAULT in load_strength(PACK, path).missing
