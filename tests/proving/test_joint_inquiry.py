"""What is said of all clauses at once is what the slow definitions say of each."""

from __future__ import annotations

import pytest

from earwitness.model.expression import evaluate
from earwitness.model.proof.mutation import mutants_of
from earwitness.model.systems.cone import effect_on
from earwitness.model.systems.runs import ModelRun, is_run_of, successor
from earwitness.model.systems.state_property import (
    NOW,
    Promise,
    StateProperty,
)
from earwitness.model.systems.transition_system import System
from earwitness.policies.pack import find
from earwitness.policies.proving.changed_model import open_inquiry
from earwitness.policies.proving.joint_inquiry import JointInquiry

CLAUSES = ("MIC-1", "MIC-2", "MIC-5", "IND-5", "STR-1", "progress")
FAULTS = (
    "cut_power: drop update of microphone",
    "switch_microphones: drop update of rail",
    "press_microphone: drop guard condition 2",
    "press_microphone: drop update of rail_at",
    "open_stream: drop update of opened_at",
    "restore_power: drop update of latch",
    "switch_mute_symbol: drop update of latch",
    "take_call: drop guard condition 1",
    "limit rail: widen bound",
    "limit close: drop",
    "enable_skill: drop guard condition 1",
)


@pytest.fixture(scope="module")
def inquiry():
    return JointInquiry(find("alexa-smart-properties"), CLAUSES.__contains__)


@pytest.fixture(scope="module")
def mutants(inquiry):
    known = {m.name: m for m in mutants_of(inquiry.pack.model.system)}
    return [known[name] for name in FAULTS]


def test_what_is_kept_at_once_is_what_each_part_alone_keeps(inquiry, mutants):
    """Together nothing is proved that the parts do not bear out, and everything that they do."""
    alone = open_inquiry(inquiry.pack, CLAUSES.__contains__)
    for mutant in mutants:
        spared = {p.name for p in alone.parts if p.is_spared(mutant.system)}
        kept = inquiry.kept_at_once(mutant.system).proved
        assert spared <= kept
        for part in alone.parts:
            if part.name in kept - spared:
                assert part.is_broken(mutant.system, alone.pool) is False


def test_runs_break_what_they_are_said_to_break(inquiry, mutants):
    noticed = 0
    for mutant in mutants:
        changed = inquiry.extended(mutant.system)
        promises = inquiry.promises_of(mutant.system)
        for name, run in inquiry.broken_by_runs(mutant).items():
            assert is_run_of(changed, run)
            assert is_broken_by(changed, promises[name], run)
            noticed += 1
    assert noticed >= len(FAULTS) - 2


def test_nothing_that_is_proved_is_seen_broken(inquiry, mutants):
    for mutant in mutants:
        proved = inquiry.kept(mutant.system).proved
        assert proved.isdisjoint(inquiry.broken_by_runs(mutant))


def test_the_sound_model_breaks_nothing(inquiry):
    assert inquiry.invariant.holds().proved == inquiry.promises.keys()
    assert not inquiry.walk.explore(5_000)


def test_a_mutant_that_stops_time_is_noticed(inquiry):
    known = {m.name: m for m in mutants_of(inquiry.pack.model.system)}
    stopped = known["hear_wake_word: drop update of began_at"]
    assert "progress.indicator.in_time" in inquiry.broken_by_runs(stopped)


def is_broken_by(system: System, promise: Promise, run: ModelRun) -> bool:
    """By the definition, step by step: whether the last step of the run breaks the promise."""
    state = dict(run.initial)
    held = {r.name: r.initial for r in promise.registers}
    verdict = True
    for step in run.steps:
        values = {**state, **held, **step.chosen, "time": step.time}
        effect = effect_on(promise, step.transition)
        following = {
            n: evaluate(e, values) for n, e in effect.updates.items()
        }
        verdict = bool(evaluate(effect.verdict, values))
        state, _ = successor(
            transition=step.transition,
            state=state,
            time=step.time,
            chosen=step.chosen,
        )
        held = following
        if isinstance(promise, StateProperty):
            verdict = bool(
                evaluate(promise.verdict, {**state, NOW: step.time})
            )
    return not verdict
