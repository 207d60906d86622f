"""The model: proofs hold and are re-checked; broken models give shortest counterexamples; nothing is vacuous."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwitness.conformance.proofs import provable
from earwitness.model.expression import TRUE
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.semantics import holds
from earwitness.model.proof.certificate import recheck
from earwitness.model.proof.prove import Standing, conjuncts, prove
from earwitness.model.system.device import device
from earwitness.model.system.machine import Executable, edges, shortest
from earwitness.policies.pack import find

PACK = find("alexa-smart-properties")


def without_guard(name):
    system = device()
    return replace(system, transitions=tuple(replace(t, guard=TRUE) if t.name == name else t for t in system.transitions))


def broken(name, **changes):
    system = device()
    return replace(system, transitions=tuple(replace(t, **changes) if t.name == name else t for t in system.transitions))


def monitors(identity):
    return [compile_formula(part) for part in conjuncts(PACK.clause(identity).formula)]


@pytest.mark.parametrize("identity", ["MIC-2", "STR-2"])
def test_a_promise_is_proved_and_its_certificate_holds_for_a_second_solver(identity, tmp_path):
    proof = prove(identity, device(), monitors(identity), [])
    assert proof.standing is Standing.PROVED
    for number, text in enumerate(proof.certificates):
        path = tmp_path / f"{number}.smt2"
        path.write_text(text)
        said = recheck(path)
        assert said.failed is None and said.obligations == 1 + 2 * len(device().transitions)


def test_an_edited_certificate_fails_with_the_obligation_named(tmp_path):
    (text,) = prove("STR-2", device(), monitors("STR-2"), []).certificates
    path = tmp_path / "edited.smt2"
    start = text.index("(define-fun Invariant")
    end = text.index("\n", start)
    head = text[start:end]
    path.write_text(text[:start] + head[: head.index(") Bool ")] + ") Bool false)" + text[end:])
    assert (recheck(path).failed or "").startswith("initial")
    path.write_text("(assert")
    assert recheck(path).failed
    path.write_text("")
    assert recheck(path).failed == "the file holds no obligation"


@pytest.mark.parametrize(
    ("identity", "system"),
    [
        ("MIC-2", without_guard("capture_audio")),
        ("CAM-2", without_guard("capture_frame")),
        ("STR-2", broken("send_audio", attributes={**device().transition("send_audio").attributes, "encrypted": device().variables[0].var})),
    ],
)
def test_a_broken_model_gives_a_shortest_counterexample(identity, system):
    proof = prove(identity, system, monitors(identity), [])
    assert proof.standing is Standing.REFUTED
    formula = PACK.clause(identity).formula
    verdicts = [holds(formula, proof.trace, i) for i in range(len(proof.trace))]
    assert verdicts[-1] is False and all(verdicts[:-1])
    explicit = shortest(system, PACK.clause(identity).monitor, lambda outcome: not outcome.holds)
    assert len(explicit) == len(proof.trace)


@pytest.mark.parametrize("clause", [c for c in provable(PACK.clauses) if c.monitor is not None], ids=lambda c: c.id)
def test_every_trigger_is_reached_in_the_model(clause):
    witness = shortest(device(), clause.monitor, lambda outcome: outcome.exercised)
    assert witness
    assert all(holds(clause.formula, witness, i) for i in range(len(witness)))


def test_the_table_runs_as_a_machine():
    machine = Executable(device(), show=True)
    for name in ("restore_power", "switch_microphones", "hear_wake_word", "light_ring", "show_bar", "open_stream", "send_audio", "close_stream"):
        assert getattr(machine, name)(), name
    assert machine.state == "listening"
    assert not machine.send_audio()
    assert [o.event for o in machine.seen][-3:] == ["stream.open", "stream.audio", "stream.close"]


def test_every_control_state_can_be_reached_and_left():
    joined = edges(device())
    states = next(v for v in device().variables if v.name == "control").values
    assert {e.source for e in joined} == {e.target for e in joined} == set(states)
