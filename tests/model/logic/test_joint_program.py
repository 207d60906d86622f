"""All clauses in one step say what each clause alone says."""

from __future__ import annotations

import random
from unittest.mock import patch

import pytest
from generators import formula, trace
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.model.logic import joint_steps
from earwitness.model.logic.joint_monitor import join_monitors
from earwitness.model.logic.joint_program import JointProgram, JointSlices
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import parse_formula
from earwitness.model.logic.per_device import SlicedMonitor
from earwitness.model.trace import Observation
from earwitness.policies.pack import find


@pytest.fixture(params=[0, 2, 100], autouse=True, scope="module")
def worth_a_step(request):
    """Steps by values are made at once, soon, or never in so short a trace."""
    with patch.object(joint_steps, "WORTH_A_STEP", request.param):
        yield


def differences(monitors, each, seen):
    """Where the joint program and the plain monitors differ over a trace."""
    joint = JointSlices(JointProgram(join_monitors(monitors)), each)
    plain = {
        name: SlicedMonitor(monitor, each)
        for name, monitor in monitors.items()
    }
    found = []
    open_slices = {name: set() for name in monitors}
    for i, o in enumerate(seen):
        results = {
            key: (exercised, broken)
            for key, exercised, broken in joint.feed(o)
        }
        pending = joint.pending()
        for bit, (name, monitor) in enumerate(plain.items()):
            outcomes = monitor.feed(o)
            if not {key for key, _ in outcomes} >= results.keys():
                found.append((i, name, "slices"))
            for key, outcome in outcomes:
                exercised, broken = results.get(key, (0, 0))
                (
                    open_slices[name].add
                    if outcome.pending
                    else open_slices[name].discard
                )(key)
                if outcome.exercised != bool(
                    exercised >> bit & 1
                ) or outcome.holds == bool(broken >> bit & 1):
                    found.append((i, name, key))
            if bool(open_slices[name]) != bool(pending >> bit & 1):
                found.append((i, name, "pending"))
    return found


def some_monitors(dice, most=6):
    return {
        f"X-{n}": compile_formula(
            formula(dice), formula(dice, 1) if dice.random() < 0.5 else None
        )
        for n in range(dice.randint(1, most))
    }


@given(st.integers(0, 1 << 40))
@settings(max_examples=200, deadline=None)
def test_the_joint_program_says_what_the_plain_monitors_say(seed):
    dice = random.Random(seed)
    monitors, each = (
        some_monitors(dice),
        dice.choice([("device",), ("device", "stream")]),
    )
    assert differences(monitors, each, trace(dice, 16)) == []


@pytest.mark.parametrize("pack", ["alexa-smart-properties", "voice-baseline"])
def test_every_shipped_clause_says_in_one_step_what_it_says_alone(pack):
    monitors = {
        c.name: c.monitor
        for clause in find(pack).clauses
        for c in clause.conjuncts
    }
    monitors |= {
        c.id: c.monitor for c in find(pack).clauses if c.monitor is not None
    }
    for seed in range(6):
        dice = random.Random(seed)
        seen = [
            Observation(o.time * 40_000, o.device, o.event, o.attributes)
            for o in trace(dice, 60)
        ]
        assert differences(monitors, ("device",), seen) == []


def test_registers_that_hold_the_same_are_one():
    texts = [
        "tone implies once within 1 s wake_word",
        "tick implies once within 1 s wake_word",
    ]
    both = join_monitors(
        {text: compile_formula(parse_formula(text)) for text in texts}
    )
    assert len(both.updates) == 1


def test_the_longest_wait_is_kept():
    monitors = {
        "X": compile_formula(
            parse_formula("tone within 1 s after button.action")
        )
    }
    joint = JointSlices(JointProgram(join_monitors(monitors)), ("device",))
    for time, event in [
        (0, "button.action"),
        (7, "tone"),
        (10, "button.action"),
        (15, "tone"),
    ]:
        joint.feed(Observation(time, "d1", event))
    assert joint.longest_waits() == [[7]]


def test_an_attribute_that_is_not_given_is_absent_whatever_the_order_of_the_others():
    monitors = {
        "X": compile_formula(
            parse_formula("stream.audio implies its encrypted = true")
        )
    }
    joint = JointSlices(JointProgram(join_monitors(monitors)), ("device",))
    shapes = [
        {"encrypted": True, "voice": False},
        {"voice": False, "encrypted": True},
        {"voice": True},
    ]
    assert [
        joint.feed(Observation(0, "d1", "stream.audio", a))[0][2]
        for a in shapes
    ] == [0, 0, 1]


def test_an_event_that_touches_no_slice_costs_none_of_them():
    text = "stream.close within 1 s after stream.open"
    monitors = {"X": compile_formula(parse_formula(text))}
    joint = JointSlices(
        JointProgram(join_monitors(monitors)), ("device", "stream")
    )
    for number in range(100):
        joint.feed(
            Observation(number, "d1", "stream.open", {"stream": number})
        )
    assert joint.feed(Observation(500, "d1", "tick")) == []
    late = joint.feed(Observation(1_000_050, "d1", "tick"))
    assert sum(broken for _, _, broken in late) == 50


def test_a_deadline_that_passes_while_others_were_late_before_is_told():
    texts = [
        "tone within 1 s after wake_word",
        "light within 5 s after button.action",
    ]
    monitors = {text: compile_formula(parse_formula(text)) for text in texts}
    joint = JointSlices(JointProgram(join_monitors(monitors)), ("device",))
    told = [
        joint.feed(Observation(second * 1_000_000, "d1", event))[0][2]
        for second, event in [
            (0, "wake_word"),
            (2, "button.action"),
            (6, "tick"),
            (8, "tick"),
        ]
    ]
    assert told == [0, 1, 1, 3]


def test_what_is_known_to_be_late_is_not_told_of_every_event():
    text = "stream.close within 1 s after stream.open"
    monitors = {"X": compile_formula(parse_formula(text))}
    joint = JointSlices(
        JointProgram(join_monitors(monitors)), ("device", "stream")
    )
    joint.feed(Observation(0, "d1", "stream.open", {"stream": 1}))
    assert [
        x[2] for x in joint.feed(Observation(2_000_000, "d1", "tick"))
    ] == [1]
    assert joint.feed(Observation(3_000_000, "d1", "tick"), known=1) == []
    assert [
        x[2] for x in joint.feed(Observation(4_000_000, "d1", "tick"))
    ] == [1]
    joint.feed(Observation(4_000_000, "d1", "stream.open", {"stream": 2}))
    late = joint.feed(Observation(6_000_000, "d1", "tick"), known=1)
    assert [x[2] for x in late] == [1, 1]
