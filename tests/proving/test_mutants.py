"""Strength: small faults in the model are noticed, and survivors are accounted for."""

import pytest

from earwitness.model.assistant.assistant import assistant
from earwitness.model.proof.mutation import mutants_of
from earwitness.policies.pack import find, small_pack
from earwitness.policies.proving.joint_inquiry import JointInquiry, Unproved
from earwitness.policies.proving.mutants import (
    HARMLESS,
    JudgedMutant,
    MutantJudge,
    MutationScore,
    judge_mutants,
    reviewed_survivors,
)

SAMPLE = {
    "cut_power: drop update of microphone": "MIC-2",
    "cut_power: flip update of camera": "CAM-2",
    "check_certificate: drop guard condition 1": "STR-2",
    "hear_wake_word: drop update of cause": "WAKE-1",
    "organisation_controls_setting: drop guard condition 1": "ORG-1",
    "cut_power: drop update of red": "",
    "deny_access: drop guard condition 1": "",
}


@pytest.fixture(scope="module")
def judged():
    """Each of the sample, judged by the clauses that the sample names."""
    pack = find("alexa-smart-properties")
    inquiry = JointInquiry(pack, set(SAMPLE.values()).__contains__)
    judge = MutantJudge(inquiry, small_pack(pack))
    return {
        mutant.name: judge.judge(mutant)
        for mutant in mutants_of(assistant())
        if mutant.name in SAMPLE
    }


@pytest.mark.parametrize(
    ("name", "killer"), [(n, k) for n, k in SAMPLE.items() if k]
)
def test_a_fault_is_noticed_by_the_clause_that_forbids_it(
    judged, name, killer
):
    assert killer in judged[name].killers


def test_a_fault_that_nothing_reads_is_proved_to_be_none(judged):
    assert judged["cut_power: drop update of red"].is_equivalent


def test_a_survivor_of_which_every_promise_is_proved_is_harmless(judged):
    found = judged["deny_access: drop guard condition 1"]
    assert not found.killers and not found.undecided
    assert found.explained.startswith(HARMLESS)


def test_every_transition_and_limit_has_mutants():
    system, names = assistant(), [m.name for m in mutants_of(assistant())]
    assert len(names) == len(set(names))
    for limit in system.limits:
        assert {
            f"limit {limit.name}: drop",
            f"limit {limit.name}: widen bound",
        } <= set(names)
    for t in system.transitions:
        for update in t.updates:
            assert f"{t.name}: drop update of {update}" in names


def test_the_reviewed_list_speaks_of_mutants_that_exist():
    assert set(reviewed_survivors(find("alexa-smart-properties"))) <= {
        m.name for m in mutants_of(assistant())
    }


def test_a_pack_that_does_not_hold_of_the_model_judges_nothing(tmp_path):
    path = tmp_path / "pack.yaml"
    path.write_text(
        """
pack: wrong
version: 1
source: ours
clauses:
  - {id: A-1, title: Nothing is ever captured, source: [S], severity: high, ways: [proved], trigger: audio.captured or tick, formula: not audio.captured}
""",
        "utf-8",
    )
    with pytest.raises(
        Unproved, match=r"A-1\.1 is not proved over the model as it is"
    ):
        judge_mutants(find(str(path)), lambda _: None)


def test_the_score_counts_an_undecided_mutant_as_unexplained():
    score = MutationScore.of(
        [
            JudgedMutant("a", ("X",)),
            JudgedMutant("b", (), ("X",)),
            JudgedMutant("c", (), (), "no promise"),
        ]
    )
    assert (score.killed, score.explained, score.unexplained) == (1, 1, 1)
