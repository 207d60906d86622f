"""What a run of the model shows is admitted; what no run shows is refused, with the row and the condition
that fails."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import chain

import pytest

from earwitness.conformance.refinement.admission import (
    Admitted,
    Admitter,
    Refused,
    admit_trace,
    replays_trace,
)
from earwitness.conformance.refinement.rows import RowTable
from earwitness.model.assistant.assistant import ASSISTANT, assistant
from earwitness.model.expression import FALSE, TRUE
from earwitness.model.logic.semantics import holds
from earwitness.model.systems.correspondence import Correspondence
from earwitness.model.systems.runs import (
    ModelRun,
    Step,
    sample_choices,
    successor,
)
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
from earwitness.policies.proving.tasks import clauses_to_prove

PACK = find("alexa-smart-properties")
EXACT = Correspondence()


def random_run(system, steps, seed):
    """A run of the model itself: steps that are enabled, time within the limits."""
    generator = random.Random(seed)
    table = RowTable(system, EXACT, 0)
    state = generator.choice(list(system.first_states()))
    first, now, taken = dict(state), 0, []
    while len(taken) < steps:
        latest = table.latest_instant(state)
        now = generator.choice(
            (now, now, now, min(latest, now + generator.randrange(200_000)))
        )
        rows = [*table.silent, *chain.from_iterable(table.emitting.values())]
        row = generator.choice(rows)
        choices = [
            c
            for c in sample_choices(system, row.transition, now)
            if row.is_enabled({**state, **c, "time": now})
        ]
        if choices:
            chosen = generator.choice(choices)
            taken.append(Step(row.transition, now, chosen))
            state, _ = successor(row.transition, state, now, chosen)
    return ModelRun(first, tuple(taken))


def seen_of(run):
    return [
        o
        for o, step in zip(run.observations(), run.steps, strict=True)
        if step.transition.emits
    ]


@pytest.fixture(scope="module")
def admitter():
    return Admitter(assistant(), EXACT)


@pytest.mark.parametrize("seed", range(12))
def test_what_a_run_of_the_model_shows_is_admitted_and_replays_without_search(
    admitter, seed
):
    observations = seen_of(random_run(assistant(), 120, seed))
    found = admitter.admit(observations)
    assert isinstance(found, Admitted), found
    assert found.observed == len(observations)
    assert replays_trace(found.run, observations, assistant(), EXACT)
    assert not replays_trace(found.run, observations[:-1], assistant(), EXACT)


@pytest.mark.parametrize("seed", range(6))
def test_an_admitted_trace_violates_no_proved_clause(admitter, seed):
    """A standing check of tables, monitors and this very library: what is proved of the model holds of
    what it admits."""
    observations = seen_of(random_run(assistant(), 120, 100 + seed))
    assert isinstance(admitter.admit(observations), Admitted)
    for clause in clauses_to_prove(PACK.clauses):
        if clause.formula is not None:
            last = len(observations) - 1
            assert holds(clause.formula, observations, last), clause.id


def without(observations, event, **attributes):
    """The trace that lacks the first such event."""
    at = next(
        i
        for i, o in enumerate(observations)
        if o.event == event and attributes.items() <= o.attributes.items()
    )
    return [*observations[:at], *observations[at + 1 :]]


def flipped(observations, event, attribute):
    at = next(i for i, o in enumerate(observations) if o.event == event)
    seen = observations[at]
    changed = replace(
        seen,
        attributes={
            **seen.attributes,
            attribute: not seen.attributes[attribute],
        },
    )
    return [*observations[:at], changed, *observations[at + 1 :]]


def long_trace(event, following=""):
    """A trace of the model in which the event happens, and later the one that follows from it."""
    for seed in range(200):
        observations = seen_of(random_run(assistant(), 150, seed))
        events = [o.event for o in observations]
        if event in events and (
            not following or following in events[events.index(event) :]
        ):
            return observations
    raise AssertionError(f"no random run shows {event}")


@pytest.mark.parametrize(
    "change",
    [
        lambda t: without(t, "power", on=True),
        lambda t: flipped(t, "microphone.power", "on"),
        lambda t: flipped(t, "power", "on"),
        lambda t: without(t, "button.microphone"),
    ],
)
def test_a_trace_that_no_run_shows_is_refused_with_the_condition_that_fails(
    admitter, change
):
    observations = change(long_trace("button.microphone", "microphone.power"))
    found = admitter.admit(observations)
    assert isinstance(found, Refused)
    assert found.because and found.at < len(observations)


# A small system, in which one sees each rule at work.

LIT, SINCE = flag("lit"), count("since")
LAMP = Component("lamp", Layer.DEVICE)


def lamp():
    """A lamp is switched on in silence, shows itself within 10 us, and goes out."""
    dark = negation(LIT)
    rows = (
        Transition(
            "decide",
            LAMP,
            guard=negation(flag("decided")),
            updates={"decided": TRUE, "since": TIME},
        ),
        Transition(
            "show",
            LAMP,
            guard=flag("decided"),
            updates={"lit": TRUE, "decided": FALSE},
            emits="tone",
        ),
        Transition(
            "hide",
            ENVIRONMENT,
            guard=LIT,
            updates={"lit": FALSE},
            emits="shutter",
            attributes={"closed": dark},
        ),
        PASS_TIME,
    )
    limit = Limit(
        "show",
        LAMP,
        condition=flag("decided"),
        since=SINCE,
        bound=10,
        discharge=("show",),
    )
    return System(
        "lamp",
        "",
        (*flags(LIT, flag("decided")), *counts(SINCE)),
        rows,
        (limit,),
    )


def at(time, event, **attributes):
    from earwitness.model.trace import Observation

    return Observation(time, "d", event, attributes)


def test_silent_rows_are_found_in_the_gaps():
    found = admit_trace([at(100, "tone"), at(500, "tone")], lamp())
    assert isinstance(found, Admitted)
    assert found.taken == {"decide": 2, "show": 2}


def test_a_condition_that_fails_is_named():
    found = admit_trace([at(100, "shutter", closed=True)], lamp())
    assert isinstance(found, Refused)
    assert (found.at, found.row, found.because) == (0, "hide", "guard lit")


def test_an_attribute_that_differs_is_named_unless_it_is_held_constant():
    trace = [at(100, "tone"), at(200, "shutter", closed=True)]
    found = admit_trace(trace, lamp())
    assert isinstance(found, Refused) and found.because == "attribute closed"
    held = Correspondence(held={"closed": "the model holds it constant"})
    assert isinstance(admit_trace(trace, lamp(), held), Admitted)


def test_an_unknown_attribute_is_not_compared():
    assert isinstance(
        admit_trace([at(100, "tone"), at(200, "shutter")], lamp()), Admitted
    )


def test_an_event_of_which_no_row_speaks_is_refused_or_left_out_with_its_reason():
    trace = [at(50, "speech"), at(100, "tone")]
    assert (
        admit_trace(trace, lamp()).because
        == "no row of the model emits speech"
    )
    coarser = Correspondence(
        unmodelled=(("speech", {}, "what people say is the environment's"),)
    )
    found = admit_trace(trace, lamp(), coarser)
    assert isinstance(found, Admitted)
    assert found.left_out == {"what people say is the environment's": 1}
    assert replays_trace(found.run, trace, lamp(), coarser)


def test_the_assistant_says_what_it_leaves_out():
    correspondence = ASSISTANT.correspondence
    assert all(correspondence.held.values())
    assert all(reason for _, _, reason in correspondence.unmodelled)
