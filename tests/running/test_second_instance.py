"""What is tried on a second instance is judged like all else, and without one it is tried on the first."""

from __future__ import annotations

import pytest

from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.paired_runs import RunLikeness
from earwitness.conformance.running.second_instance import (
    SecondInstance,
    SecondOrder,
    try_second_instance,
)
from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.protocol import TargetError


def order(clauses, target, budget=600.0, compares=True):
    return SecondOrder(
        target=target,
        options=TargetOptions(),
        clauses=tuple(clauses),
        seed=0,
        budget=Budget(budget),
        compares=compares,
        # Of ten minutes, so that nobody waits for it.
        quiet_share=0.005,
    )


def test_a_second_instance_of_the_honest_reference_does_all_three(clauses):
    with SecondInstance(order(clauses, "ref")) as second:
        found = second.found()
    assert found.comparison.likeness is RunLikeness.ALIKE
    purposes = [purpose for purpose, _ in found.runs]
    assert purposes.count("two runs") == found.comparison.runs
    assert purposes.count("storm") >= 3
    assert purposes.count("long quiet") == 1
    assert not [f for f in found.findings if f.blocking]
    assert all(run.violated() == () for _, run in found.runs)


def test_what_a_second_instance_breaks_is_brought_back(clauses):
    # Its storms, of the first device alone, find a device that forgets its mute when it starts again.
    found = try_second_instance(
        order(clauses, "ref:fast/mute-lost-on-restart", compares=False)
    )
    broken = {name for _, run in found.runs for name in run.violated()}
    assert "BASE-1.1" in broken and found.comparison is None


def test_an_instance_that_cannot_be_driven_is_told_as_such(clauses):
    with (
        SecondInstance(order(clauses, "exec:false")) as second,
        pytest.raises(TargetError, match=r"died (before|during) 'hello'"),
    ):
        second.found()
