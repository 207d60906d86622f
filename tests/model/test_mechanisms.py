"""No promise holds by construction: each rests on a mechanism, and without the mechanism it falls."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.expression import TRUE, Operator
from earwitness.model.logic.semantics import holds
from earwitness.model.systems.cone import cone_of_influence
from earwitness.model.systems.random_walk import walk_violates
from earwitness.model.systems.runs import (
    ModelRun,
    Step,
    free_variables,
    is_run_of,
)
from earwitness.policies.pack import find
from earwitness.policies.proving.tasks import proof_task

STEPS = 150_000
"""Random steps: most of these fall within a few thousand, what takes a whole request within many."""

WITHOUT = {
    # clause: (row, what it lacks)
    "STR-2": ("check_certificate", "the check of the certificate"),
    "SKL-1": ("recognise", "the sound that goes when its words are there"),
    "CALL-1": ("agree_on_keys", "the check of the signature"),
    "CALL-4": ("cut_power", "the end of a call that loses its power"),
    "MIC-5": ("switch_red_light", "the latch that opens again"),
    "ORG-1": ("assign_device", "the list of the one who had it before"),
    "WAKE-2": ("close_stream", "the buffer that is emptied"),
    "ASR-1": ("rank_hypotheses", "the order that the recogniser makes"),
    "ASR-2": ("recognise", "the hypotheses that go when one is acted on"),
    "RET-1": ("recognise", "the sound that goes when its words are there"),
    "TTS-1": ("finish_elsewhere", "the channel that leads to who asked"),
    "CALL-2": ("drop_call", "the sound that goes with its call"),
    "RET-3": (
        "review_rules",
        "the look at rules before they come into force",
    ),
    "ORG-2": ("draw_up_rules", "the mark that new rules were not looked at"),
    "ORG-3": (
        "review_rules",
        "the look at rules before they come into force",
    ),
    "ACC-1": (
        "review_rules",
        "the look at rules before they come into force",
    ),
    "IND-5": ("dark", "the limit until when a light at rest goes off"),
}
FORGOTTEN = {
    "recognise": ("holds_sound", "holds_rest"),
    "close_stream": ("filled",),
    "rank_hypotheses": ("in_order",),
    "finish_elsewhere": ("route",),
    "drop_call": ("holds_call",),
    "draw_up_rules": ("reviewed",),
    "cut_power": ("call", "key_holder"),
    "switch_red_light": ("latch",),
    "assign_device": ("listed.ours",),
}
"""What a row forgets to change; of the others the last condition is dropped."""
PACKS = [find("alexa-smart-properties"), find("voice-baseline")]


def broken(system, row: str):
    """The system in which the row asks for nothing beyond its free choices, or forgets its side effects; or
    which has no such limit."""
    limits = tuple(x for x in system.limits if x.name != row)
    if limits != system.limits:
        return replace(system, limits=limits)
    if row in FORGOTTEN:
        return forgetting(system, row, FORGOTTEN[row])
    changed = system.transition(row)
    return with_row(
        system, replace(changed, guard=without_last(changed.guard))
    )


def forgetting(system, row: str, names):
    """The system whose row does not change these variables."""
    changed = system.transition(row)
    kept = {n: v for n, v in changed.updates.items() if n not in names}
    return with_row(system, replace(changed, updates=kept))


def with_row(system, changed):
    rows = tuple(
        changed if t.name == changed.name else t for t in system.transitions
    )
    return replace(system, transitions=rows)


def without_last(guard):
    """The guard without its last condition, which is the one that the mechanism is about."""
    if guard.operator is not Operator.AND:
        return TRUE
    return replace(guard, arguments=guard.arguments[:-1])


@pytest.mark.parametrize("identity", WITHOUT)
def test_a_promise_falls_with_its_mechanism(identity):
    row, _ = WITHOUT[identity]
    pack = next(
        p for p in PACKS if identity in [clause.id for clause in p.clauses]
    )
    system = broken(ASSISTANT.system, row)
    task = proof_task(pack.clause(identity), pack.model, system)
    assert any(
        walk_violates(
            cone_of_influence(task.system, promise), promise, STEPS, seed
        )
        for promise in task.promises.values()
        for seed in range(3)
    )


LATE_ANSWER = (
    "restore_power switch_microphones switch_red_light "
    # A first request is answered, and its stream closes before the answer is spoken.
    "open_connection check_certificate hear_wake_word light_ring open_stream end_of_speech await_answer reject finish_request "
    "close_stream "
    # The answer is spoken into the next request, whose skill then asks a question.
    "hear_wake_word open_stream speak end_of_speech await_answer rank_hypotheses recognise understand "
    "ask_skill answer "
    "finish_request close_stream "
    # The microphone opens before the question was spoken.
    "listen_for_answer open_stream speak"
)
CHOSEN = {
    "any.peer": "cloud",
    "any.for_us": True,
    "any.from": 1,
    "any.hypotheses": 1,
    "any.best": 1,
    "any.confidence": 1,
    "any.words": "hello",
    "any.speaker": "anna",
    "any.intent": "one",
    "any.resolved": True,
    "any.follow_up": True,
}


def late_answer(system):
    """The run in which an answer to an earlier request is spoken late, each step at the instant 1."""
    first = next(s for s in system.first_states() if not s["show"])
    rows = [system.transition(name) for name in LATE_ANSWER.split()]
    free = [
        {v.name: CHOSEN[v.name] for v in free_variables(row)} for row in rows
    ]
    steps = (
        Step(row, 1, chosen) for row, chosen in zip(rows, free, strict=True)
    )
    return ModelRun(first, tuple(steps))


def test_an_answer_that_is_spoken_late_is_not_the_question():
    """The model had this run once, and TTS-2 was called unproved; it was false."""
    clause = find("voice-baseline").clause("TTS-2")
    sound = ASSISTANT.system
    forgetful = forgetting(sound, "finish_request", ("spoken",))
    assert not is_run_of(sound, late_answer(sound))
    run = late_answer(forgetful)
    assert is_run_of(forgetful, run)
    assert not holds(clause.formula, run.observations(), len(run.steps) - 1)
