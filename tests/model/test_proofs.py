"""The model: proofs hold and are re-checked; broken models give shortest counterexamples; nothing is
vacuous."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwitness.model.assistant.assistant import assistant
from earwitness.model.assistant.cloud import SECRET, speaker, words
from earwitness.model.assistant.stores import OBSERVED, dialogues
from earwitness.model.expression import TRUE, Const, choice, equal, plus
from earwitness.model.logic.semantics import holds
from earwitness.model.proof.portfolio import prove_promises
from earwitness.model.proof.proof import Standing
from earwitness.model.proof.self_composition import prove_noninterference
from earwitness.model.proof.unroll import find_violation
from earwitness.model.systems.cone import cone_of_influence
from earwitness.model.systems.explicit_search import find_run_exercising
from earwitness.policies.pack import find
from earwitness.policies.proving.prove_packs import Prover, prove_packs
from earwitness.policies.proving.tasks import clauses_to_prove, proof_task

PACK = find("alexa-smart-properties")


def without_guard(name):
    system = assistant()
    return replace(
        system,
        transitions=tuple(
            replace(t, guard=TRUE) if t.name == name else t
            for t in system.transitions
        ),
    )


def broken(name, **changes):
    system = assistant()
    return replace(
        system,
        transitions=tuple(
            replace(t, **changes) if t.name == name else t
            for t in system.transitions
        ),
    )


def promises(identity, system=None):
    return proof_task(PACK.clause(identity), PACK.model, system).promises


@pytest.mark.parametrize("identity", ["MIC-2"])
def test_a_promise_is_proved_and_the_checker_accepts_it(identity, tmp_path):
    checked = Prover(tmp_path, 60, {})(
        proof_task(PACK.clause(identity), PACK.model)
    )
    assert checked.standing is Standing.PROVED
    assert checked.obligations == len(checked.entries) * (
        1 + len(assistant().transitions)
    )
    assert all(checked.witnesses.values())


@pytest.mark.parametrize(
    ("identity", "system"),
    [
        ("MIC-2", without_guard("capture_audio")),
        ("CAM-2", without_guard("capture_frame")),
        ("STR-2", without_guard("check_certificate")),
    ],
)
def test_a_broken_model_gives_a_shortest_counterexample(identity, system):
    proof = prove_promises(identity, system, promises(identity, system))
    assert proof.standing is Standing.REFUTED
    formula = PACK.clause(identity).formula
    verdicts = [
        holds(formula, proof.trace, i) for i in range(len(proof.trace))
    ]
    assert verdicts[-1] is False and all(verdicts[:-1])
    monitor = PACK.clause(identity).monitor
    solved = find_violation(
        cone_of_influence(system, monitor), monitor, 300
    ).run
    # The solver's run is one of the cone; what the whole system needs to admit it comes on top.
    assert 0 < len(solved.steps) <= len(proof.trace)


@pytest.mark.parametrize(
    "clause",
    [c for c in clauses_to_prove(PACK.clauses) if c.monitor is not None],
    ids=lambda c: c.id,
)
def test_every_trigger_is_reached_in_the_model(clause):
    witness = find_run_exercising(assistant(), clause.monitor).observations()
    assert all(holds(clause.formula, witness, i) for i in range(len(witness)))


def test_the_shipped_invariants_still_hold_for_every_clause(tmp_path):
    """Otherwise each proof would be searched again: `earwitness refresh --only invariants` stores what is
    found."""
    results = prove_packs([PACK], tmp_path, 1, lambda p: None)
    assert {
        name: p.reason
        for name, p in ((n, r.proof) for n, r in results.items())
        if p.standing is not Standing.PROVED
    } == {}
    # What two runs have in common is found each time, from the hints of both.
    searched = [name for name, r in results.items() if r.proof.searched]
    assert searched == ["RET-2"]
    assert {c.id for c in clauses_to_prove(PACK.clauses)} <= results.keys()


def stores_who_spoke(system):
    count = system.transition("count_dialogue")
    only_anna = choice(
        equal(speaker, Const("anna")), plus(dialogues, Const(1)), dialogues
    )
    return replace(count, updates={**count.updates, "dialogues": only_anna})


def counts_an_utterance(system):
    count = system.transition("count_dialogue")
    said_hello = choice(
        equal(words, Const("hello")), plus(dialogues, Const(1)), dialogues
    )
    return replace(count, updates={**count.updates, "dialogues": said_hello})


@pytest.mark.parametrize("observer", OBSERVED)
def test_metrics_tell_nothing_of_who_spoke_or_what_was_said(observer):
    assert (
        prove_noninterference(
            "RET-2", assistant(), SECRET, OBSERVED[observer]
        ).proof.standing
        is Standing.PROVED
    )


@pytest.mark.parametrize("leak", [stores_who_spoke, counts_an_utterance])
def test_a_model_whose_metrics_depend_on_a_person_or_an_utterance_is_refuted_with_two_runs(
    leak,
):
    changed = leak(assistant())
    system = replace(
        assistant(),
        transitions=tuple(
            changed if t.name == changed.name else t
            for t in assistant().transitions
        ),
    )
    found = prove_noninterference(
        "RET-2", system, SECRET, OBSERVED["metrics"]
    )
    assert found.proof.standing is Standing.REFUTED
    one, other = found.first.observations(), found.second.observations()
    assert [o.event for o in one] == [o.event for o in other]
    secrets = [
        [
            s.chosen.get(name)
            for s in path.steps
            if s.transition.name == "recognise"
            for name in SECRET
        ]
        for path in (found.first, found.second)
    ]
    assert secrets[0] != secrets[1]
