"""No promise holds by construction: each rests on a mechanism, and without the mechanism it falls."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.expression import TRUE
from earwitness.model.systems.cone import cone_of_influence
from earwitness.model.systems.random_walk import walk_violates
from earwitness.policies.pack import find
from earwitness.policies.proving.tasks import proof_task

STEPS = 40_000
"""Random steps: each of these falls within a few thousand."""

WITHOUT = {
    # clause: (row, what it lacks)
    "STR-2": ("accept_connection", "the check of the certificate"),
    "SKL-1": ("recognise", "the sound that goes when its words are there"),
    "CALL-1": ("agree_on_keys", "the check of the signature"),
    "CALL-4": ("cut_power", "the end of a call that loses its power"),
}


def broken(system, row: str):
    """The system in which the row asks for nothing beyond its free choices, or forgets its side effects."""
    changed = system.transition(row)
    match row:
        case "recognise":
            kept = {
                name: value
                for name, value in changed.updates.items()
                if name != "holds_sound"
            }
            changed = replace(changed, updates=kept)
        case "cut_power":
            kept = {
                name: v
                for name, v in changed.updates.items()
                if name not in ("call", "key_holder")
            }
            changed = replace(changed, updates=kept)
        case _:
            changed = replace(changed, guard=without_last(changed.guard))
    rows = tuple(changed if t.name == row else t for t in system.transitions)
    return replace(system, transitions=rows)


def without_last(guard):
    """The guard without its last condition, which is the one that the mechanism is about."""
    kept = guard.arguments[:-1]
    return replace(guard, arguments=kept) if kept else TRUE


@pytest.mark.parametrize("identity", WITHOUT)
def test_a_promise_falls_with_its_mechanism(identity):
    row, _ = WITHOUT[identity]
    pack = find("alexa-smart-properties")
    system = broken(ASSISTANT.system, row)
    task = proof_task(pack.clause(identity), pack.model, system)
    assert any(
        walk_violates(
            cone_of_influence(task.system, promise), promise, STEPS, seed
        )
        for promise in task.promises.values()
        for seed in range(3)
    )
