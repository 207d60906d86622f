"""A proof says how much it carries: nothing that could fail, one guard, one flag, or several rows that
work together."""

from __future__ import annotations

import pytest

from earwitness.model.expression import FALSE, TRUE
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import Scope, parse_formula
from earwitness.model.proof.portfolio import prove_promises
from earwitness.model.proof.proof import ProvedConjunct, Standing
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    PASS_TIME,
    Component,
    Layer,
    System,
    Transition,
    all_of,
    flag,
    flags,
    negation,
    values,
)
from earwitness.policies.pack import find
from earwitness.policies.proving.invariants import load_invariants
from earwitness.policies.proving.slack import candidates, find_slack
from earwitness.policies.proving.tasks import proof_task
from earwitness.policies.proving.weight import Weight, clause_weight, weigh

FED, ASKED, SHOWN = flag("fed"), flag("asked"), flag("shown")
DEVICE = Component("device", Layer.DEVICE)


def system():
    """Power feeds a microphone; a press asks, the device shows it, and only then sends."""
    rows = (
        Transition(
            "feed",
            ENVIRONMENT,
            guard=negation(FED),
            updates={"fed": TRUE},
            emits="microphone.power",
            attributes=values(on=True),
        ),
        Transition(
            "cut",
            ENVIRONMENT,
            guard=FED,
            updates={"fed": FALSE, "asked": FALSE, "shown": FALSE},
            emits="microphone.power",
            attributes=values(on=False),
        ),
        Transition(
            "hear",
            DEVICE,
            guard=FED,
            emits="audio.captured",
            attributes=values(bytes=1, buffered=0),
        ),
        Transition(
            "press",
            ENVIRONMENT,
            guard=FED,
            updates={"asked": TRUE},
            emits="button.action",
        ),
        Transition(
            "show", DEVICE, guard=ASKED, updates={"shown": TRUE}, emits="tone"
        ),
        Transition(
            "send",
            DEVICE,
            guard=all_of(SHOWN, FED),
            emits="stream.audio",
            attributes=values(encrypted=True, voice=FED),
        ),
        PASS_TIME,
    )
    return System("device", "", flags(FED, ASKED, SHOWN), rows, ())


STATES = {
    "power": {
        "on": "microphone.power(on = true)",
        "off": "microphone.power(on = false)",
    }
}
CASES = {
    "stream.audio implies its encrypted = true": Weight.BY_CONSTRUCTION,
    "stream.audio implies its voice = true": Weight.RESTATED_GUARD,
    "audio.captured implies power is on": Weight.MIRRORED_FLAG,
    "stream.audio implies once button.action and once tone": Weight.INTERPLAY,
}


@pytest.mark.parametrize(("text", "weight"), CASES.items())
def test_the_weight_of_a_proof_is_computed(text, weight):
    monitor = compile_formula(parse_formula(text, Scope({}, STATES)))
    proof = prove_promises("X", system(), {"X.1": monitor}, seconds=10)
    assert proof.standing is Standing.PROVED
    found = weigh(system(), proof.conjuncts[0])
    assert found.weight is weight
    assert clause_weight((found,)) is weight


@pytest.mark.parametrize("identity", ["MIC-5", "ORG-1"])
def test_what_must_be_possible_is_not_so_by_construction(identity):
    """Each was, while the guard of its row was the clause."""
    pack = find("alexa-smart-properties")
    stored = load_invariants(pack)
    task = proof_task(pack.clause(identity), pack.model)
    for name, promise in task.promises.items():
        conjunct = ProvedConjunct(
            name, promise, stored[name], was_searched=False
        )
        assert weigh(task.system, conjunct).weight is Weight.INTERPLAY, name


def test_the_guards_that_matter_are_named():
    monitor = compile_formula(
        parse_formula("audio.captured implies power is on", Scope({}, STATES))
    )
    proof = prove_promises("X", system(), {"X.1": monitor}, seconds=10)
    assert weigh(system(), proof.conjuncts[0]).transitions == ("hear",)


def test_the_slack_of_a_bound_is_what_the_datasheet_leaves(tmp_path):
    pack = find("alexa-smart-properties")
    only = [c for c in pack.clauses if c.id == "MIC-1"]
    from dataclasses import replace

    found = {
        s.conjunct: s
        for s in find_slack(replace(pack, clauses=tuple(only)))
        if s.parameter == "cut"
    }
    rail = pack.model.datasheet["rail"]
    assert found["MIC-1.1"].promised == pack.parameters["cut"]
    assert found["MIC-1.1"].needed == rail
    assert found["MIC-1.1"].is_tightest
    assert (
        str(found["MIC-1.1"]) == "MIC-1.1: cut 100 ms promised, 80 ms needed"
    )


def test_candidates_end_with_what_is_promised():
    sheet = find("alexa-smart-properties").model.datasheet
    assert candidates(sheet, 100_000)[-1] == 100_000
    assert sheet["rail"] in candidates(sheet, 100_000)
