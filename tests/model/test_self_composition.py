"""Two runs share their first state and their environment, and differ in secrets alone."""

from __future__ import annotations

from dataclasses import replace

from earwitness.model.expression import TRUE, Const, Sort, Var, choice
from earwitness.model.proof.proof import Standing
from earwitness.model.proof.self_composition import (
    prove_noninterference,
    self_compose,
)
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    PASS_TIME,
    StateVariable,
    System,
    Transition,
    count,
    counts,
    flag,
    flags,
    negation,
)

LEFT, TOTAL = flag("left"), count("total")
SECRET = Var("any.secret", Sort.BOOL)


def system(*, total):
    """A lamp that begins lit or dark and is switched; `total` is what an observer sees."""
    lamp = StateVariable("left", Sort.BOOL, (False, True))
    switch = Transition(
        "switch", ENVIRONMENT, guard=TRUE, updates={"left": negation(LEFT)}
    )
    record = Transition(
        "record",
        ENVIRONMENT,
        guard=TRUE,
        updates={"total": total, "seen": SECRET},
    )
    return System(
        "lamp",
        "",
        (lamp, *counts(TOTAL), *flags(flag("seen"))),
        (switch, record, PASS_TIME),
        (),
    )


def test_two_runs_begin_in_the_same_state():
    """A variable that changes later was chosen twice at first, and a lamp lit in one run only looked like
    a leak."""
    both, _ = self_compose(system(total=TOTAL), [SECRET.name], ["total"])
    assert {s["1.left"] == s["2.left"] for s in both.first_states()} == {True}
    assert {s["1.left"] for s in both.first_states()} == {False, True}


def test_what_depends_on_the_first_state_alone_leaks_nothing():
    counted = choice(LEFT, Const(1), TOTAL)
    found = prove_noninterference(
        "X", system(total=counted), [SECRET.name], ["total"], 10
    )
    assert found.proof.standing is Standing.PROVED


def test_what_depends_on_the_secret_leaks():
    counted = choice(SECRET, Const(1), TOTAL)
    found = prove_noninterference(
        "X", system(total=counted), [SECRET.name], ["total"], 10
    )
    assert found.proof.standing is Standing.REFUTED
    assert found.first.initial == found.second.initial
    assert found.first.steps[-1].chosen != found.second.steps[-1].chosen


def test_runs_part_only_at_a_row_that_may_tell_them_apart():
    """A guard over what both runs share is one for both: a row that can never happen would be refused by the
    checker, and the proof with it."""
    lamp = system(total=TOTAL)
    rows = {
        "shared": Var("any.common", Sort.BOOL),
        "own": LEFT,
        "secret": SECRET,
    }
    guarded = replace(
        lamp,
        transitions=(
            *lamp.transitions,
            *(
                Transition(name, ENVIRONMENT, guard=guard, updates={})
                for name, guard in rows.items()
            ),
        ),
    )
    both, _ = self_compose(guarded, secret=[SECRET.name], observed=["total"])
    names = {t.name for t in both.transitions}
    assert names & {f"parting at {name}" for name in rows} == {
        "parting at own",
        "parting at secret",
    }
