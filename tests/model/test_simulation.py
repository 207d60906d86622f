"""A changed model that cannot be told from the sound one is proved to be none; one that can is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwitness.model.assistant.assistant import assistant
from earwitness.model.expression import TRUE, negation
from earwitness.model.proof.encoding import Encoding, encode
from earwitness.model.proof.houdini import inductive_subset
from earwitness.model.proof.mutation import mutants_of
from earwitness.model.proof.simulation import Simulator
from earwitness.model.systems.state_property import StateProperty
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    StateVariable,
    System,
    Transition,
    flag,
    values,
)

NOTHING = StateProperty(TRUE, TRUE)
armed, told = flag("armed"), flag("told")


def bell(**changes) -> System:
    """A bell that is armed in silence and then rings; ringing disarms it."""
    rows = {
        "arm": Transition(
            "arm",
            ENVIRONMENT,
            guard=TRUE,
            updates=values(armed=True),
            emits=None,
        ),
        "ring": Transition(
            "ring",
            ENVIRONMENT,
            guard=armed,
            updates=values(armed=False, told=False),
            emits="tone",
        ),
        "tell": Transition(
            "tell",
            ENVIRONMENT,
            guard=negation(armed),
            updates=values(told=True),
            emits="light",
            attributes=values(on=told),
        ),
    }
    for name, change in changes.items():
        rows[name] = replace(rows[name], **change)
    return System(
        name="bell",
        control="armed",
        variables=(
            StateVariable("armed", armed.sort, (False,)),
            StateVariable("told", told.sort, (False,)),
        ),
        transitions=tuple(rows.values()),
        limits=(),
    )


def simulates(changed: System, watched=()) -> bool:
    return (
        Simulator(bell(), Encoding(), [], watched).find(changed) is not None
    )


def test_a_model_simulates_itself():
    assert simulates(bell())


def test_a_step_that_is_lost_in_silence_is_made_up_by_a_silent_row():
    """A bell that needs no arming rings as one that is armed just before."""
    assert simulates(bell(ring={"guard": TRUE}))


def test_a_step_that_shows_is_not():
    always_told = {"updates": values(armed=False, told=True)}
    assert not simulates(bell(ring=always_told))


def test_a_silent_row_that_does_nothing_is_left_out():
    assert simulates(bell(arm={"updates": {}}))


def test_what_somebody_watches_must_stay_equal():
    forgotten = bell(arm={"updates": {}})
    assert not simulates(forgotten, watched=["armed"])


@pytest.fixture(scope="module")
def simulator():
    system = assistant()
    problem = encode(system, NOTHING, Encoding())
    hints = [
        problem.encoding.term(hint, problem.before) for hint in system.hints
    ]
    return Simulator(
        system, problem.encoding, inductive_subset(problem, hints)
    )


@pytest.mark.parametrize(
    ("mutant", "is_alike"),
    [
        ("cut_power: drop update of rail", True),
        ("cut_power: flip update of processed", True),
        ("break_connection: drop update of peer", True),
        ("keep_record: drop update of keeps.words", True),
        ("cut_power: drop update of microphone", False),
        ("open_stream: drop guard condition 1", False),
    ],
)
def test_faults_of_the_assistant_are_told_from_what_is_none(
    simulator, mutant, is_alike
):
    found = {m.name: m for m in mutants_of(simulator.system)}[mutant]
    assert (simulator.find(found.system) is not None) is is_alike


def test_a_bound_that_is_wider_is_seen(simulator):
    found = {m.name: m for m in mutants_of(simulator.system)}
    assert simulator.find(found["limit rail: widen bound"].system) is None
