"""Time goes on in the model, or its deadlines would say nothing; models whose time stops are refuted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwitness.model.assistant.assistant import assistant
from earwitness.model.expression import FALSE, TRUE, Sort, Var
from earwitness.model.proof.liveness import progress_properties
from earwitness.model.proof.portfolio import decide
from earwitness.model.proof.proof import Standing
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    PASS_TIME,
    TIME,
    Component,
    Layer,
    Limit,
    System,
    Transition,
    count,
    counts,
    flag,
    flags,
    negation,
)
from earwitness.policies.pack import find
from earwitness.policies.proving.invariants import load_invariants

BUSY, SINCE = flag("busy"), count("since")
WORKER = Component("worker", Layer.DEVICE)


def worker(*, begin=None, finish=None, discharge=("finish",)):
    """A job begins at any time and is finished within 10 us."""
    rows = (
        Transition(
            "begin",
            ENVIRONMENT,
            guard=negation(BUSY),
            updates=begin or {"busy": TRUE, "since": TIME},
        ),
        Transition(
            "finish", WORKER, guard=BUSY, updates=finish or {"busy": FALSE}
        ),
        PASS_TIME,
    )
    limit = Limit(
        "job",
        WORKER,
        condition=BUSY,
        since=SINCE,
        bound=10,
        discharge=discharge,
    )
    return System(
        "worker", "", (*flags(BUSY), *counts(SINCE)), rows, (limit,)
    )


def standings(system):
    return {
        name: decide(system, p, seconds=10).standing
        for name, p in progress_properties(system).items()
    }


def test_time_goes_on_where_who_owes_a_step_can_take_it():
    assert set(standings(worker()).values()) == {Standing.PROVED}


def test_an_instant_that_is_not_set_stops_time():
    found = standings(worker(begin={"busy": TRUE}))
    assert found["progress.job.in_time"] is Standing.REFUTED


def test_a_step_that_ends_nothing_stops_time():
    found = standings(worker(finish={"since": SINCE}))
    assert found["progress.job.possible"] is Standing.REFUTED


def test_a_step_that_waits_for_another_stops_time():
    system = worker()
    waiting = replace(system.transitions[1], guard=negation(BUSY))
    stuck = replace(
        system, transitions=(system.transitions[0], waiting, PASS_TIME)
    )
    assert standings(stuck)["progress.job.possible"] is Standing.REFUTED


def test_a_duty_that_hangs_on_a_free_choice_is_refused():
    system = worker()
    lucky = replace(system.transitions[1], guard=Var("any.luck", Sort.BOOL))
    with pytest.raises(ValueError, match="free choice"):
        progress_properties(
            replace(
                system, transitions=(system.transitions[0], lucky, PASS_TIME)
            )
        )


def without_update(system, transition, name):
    row = system.transition(transition)
    changed = replace(
        row, updates={n: e for n, e in row.updates.items() if n != name}
    )
    return replace(
        system,
        transitions=tuple(
            changed if t is row else t for t in system.transitions
        ),
    )


@pytest.mark.parametrize("activation", ["hear_wake_word", "press_action"])
def test_the_assistant_whose_activation_sets_no_instant_is_refuted(
    activation,
):
    """Every clause held of this model, because it froze after two seconds, buttons and power included."""
    frozen = without_update(assistant(), activation, "began_at")
    limits = [
        x.name for x in assistant().limits if "began_at" in repr(x.since)
    ]
    properties = progress_properties(frozen)
    found = {
        limit: decide(
            frozen, properties[f"progress.{limit}.in_time"]
        ).standing
        for limit in limits
    }
    assert Standing.REFUTED in found.values()


def test_the_shipped_invariants_prove_it_of_the_assistant():
    stored = load_invariants(find("alexa-smart-properties"))
    for name, promise in progress_properties(assistant()).items():
        found = decide(assistant(), promise, stored[name])
        assert found.standing is Standing.PROVED and not found.was_searched, (
            name
        )
