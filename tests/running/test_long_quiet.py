"""A device is left alone for long, so that whoever waits until nobody looks is seen too."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, count, repeat

import pytest

from earwitness.conformance.running.budget import STRETCH, Budget
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.long_quiet import (
    FEWEST_LISTENING,
    FEWEST_MUTED,
    make_hours,
    make_long_quiet,
    try_long_quiet,
)
from earwitness.conformance.running.run import clause_of
from earwitness.conformance.running.sound_player import LONG_WAIT
from earwitness.conformance.stimuli.stimulus import Press, Say, Wait
from earwitness.conformance.targets.entry_points import open_target

LONG, SHORT = 150.0, 50.0
"""Budgets of seconds; a clock that ticks a second with each look makes them minutes of quiet: eighteen at most
while it listens, and six."""


def leave_alone(clauses, name, budget=LONG, seed=0, used=0.0):
    """`used` is how many seconds of the budget are gone."""
    ticks = count()
    gone = chain([0.0], repeat(used))
    with Harness(
        target=open_target(name),
        clauses=clauses,
        seed=seed,
        budget=Budget(budget, clock=lambda: next(gone)),
    ) as harness:
        quiet = try_long_quiet(harness, clock=lambda: float(next(ticks)))
    assert quiet is not None
    assert not quiet.run.dead
    return quiet


def broken(quiet):
    return {clause_of(name) for name in quiet.run.violated()}


def test_the_honest_reference_may_be_left_alone(clauses):
    quiet = leave_alone(clauses, "ref:fast")
    assert not broken(quiet)
    steps = quiet.run.scenario
    waits = [step for step in steps if isinstance(step, Wait)]
    assert quiet.minutes == len(waits) > 10
    # Words come before each quiet and after it, and the first of the two is muted.
    kinds = [kind for kind, _ in runs_of(type(step) for step in steps)]
    assert kinds == [Press, Say, Wait, Say, Press, Say, Wait, Say]
    assert len(quiet.run.marks) == len(steps)


def runs_of(kinds):
    seen = []
    for kind in kinds:
        if not seen or seen[-1][0] is not kind:
            seen.append((kind, 1))
    return seen


def test_who_leaks_after_ten_quiet_minutes_is_seen_and_only_after_them(
    clauses,
):
    assert "WAKE-1" in broken(leave_alone(clauses, "ref:fast/long-alone"))
    early = leave_alone(
        clauses, "ref:fast/long-alone", budget=SHORT, used=STRETCH * SHORT
    )
    assert not broken(early)


def test_a_busy_machine_waits_no_less_than_some_minutes(clauses):
    quiet = leave_alone(clauses, "ref:fast/long-alone", budget=1.0)
    assert quiet.minutes == FEWEST_LISTENING + FEWEST_MUTED
    assert "WAKE-1" in broken(quiet)


def test_who_waits_for_an_hour_is_seen_on_the_fast_form(clauses):
    for name, expected in (("after-an-hour", {"WAKE-1"}), ("", set())):
        with Harness(
            target=open_target(f"ref:fast/{name}".rstrip("/")),
            clauses=clauses,
        ) as harness:
            run = harness.run(make_hours("d1"), controls=False)
        assert expected <= {clause_of(n) for n in run.violated()}
        assert expected or not run.violated()


def test_who_listens_again_after_three_muted_minutes_is_seen(clauses):
    quiet = leave_alone(clauses, "ref:fast/muted-for-a-while")
    assert {"MIC-2", "MIC-3"} & broken(quiet)


def test_lengths_and_devices_vary_with_the_seed(clauses):
    quiets = [leave_alone(clauses, "ref:fast", seed=seed) for seed in (2, 6)]
    assert len({quiet.device for quiet in quiets}) > 1
    assert len({quiet.minutes for quiet in quiets}) > 1


def test_who_has_no_button_is_left_alone_once():
    steps = make_long_quiet("kitchen", muted=False)
    assert not any(isinstance(step, Press) for step in steps)
    assert steps[0] == Say("kitchen", "chatter")


def test_where_time_is_real_nobody_waits(clauses):
    with Harness(target=open_target("ref:fast"), clauses=clauses) as harness:
        harness.hello = replace(harness.hello, clock="real")
        assert try_long_quiet(harness) is None


@pytest.mark.parametrize("microseconds", [LONG_WAIT - 80_000, LONG_WAIT])
def test_every_piece_of_a_wait_is_heard_however_it_is_fed(
    clauses, microseconds
):
    with Harness(target=open_target("ref:fast"), clauses=clauses) as harness:
        run = harness.run((Wait("d1", microseconds),), controls=False)
    first, last = run.span
    heard = [o for o in run.trace[first:last] if o.event == "audio.captured"]
    # A piece of sound takes 80 ms.
    assert len(heard) == microseconds // 80_000
