"""Three truths: what is said of a log that does not show all is true of whatever really happened."""

from __future__ import annotations

import random

import pytest
from generators import EVENTS, formula, trace
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.model.logic.formula import Deadline, direct_parts
from earwitness.model.logic.parser import Scope, parse_formula
from earwitness.model.logic.partial_monitor import (
    compile_partial,
    partial_input_values,
)
from earwitness.model.logic.partial_semantics import (
    EVERYTHING,
    LogView,
    known_truth,
)
from earwitness.model.logic.partial_step import generated_partial_step
from earwitness.model.logic.semantics import holds
from earwitness.model.logic.step import initial_state
from earwitness.model.trace import Observation

SCOPE = Scope(
    {},
    {
        "microphone": {
            "off": "microphone.power(on = false) or power(on = false)",
            "on": "microphone.power(on = true)",
        }
    },
)


def some_view(dice):
    hidden = dice.sample(EVENTS, dice.choice([0, 0, 1, 2]))
    return LogView(EVERYTHING - set(hidden), dice.random() < 0.5)


def seen_through(dice, view, whole):
    """Positions and observations that a log with the view shows of what happened."""
    start = 0 if view.is_from_start else dice.randrange(len(whole))
    shown = [
        i for i in range(start, len(whole)) if whole[i].event in view.sees
    ]
    return shown, [without_some(dice, whole[i]) for i in shown]


def without_some(dice, seen):
    kept = {
        name: value
        for name, value in seen.attributes.items()
        if dice.random() < 0.8
    }
    return Observation(seen.time, seen.device, seen.event, kept, seen.origin)


@given(st.integers(0, 1 << 40))
@settings(max_examples=1_500, deadline=None)
def test_the_partial_monitor_says_what_the_definition_says(seed):
    dice = random.Random(seed)
    made, view, trigger = formula(dice), some_view(dice), formula(dice, 1)
    _, log = seen_through(dice, view, trace(dice))
    monitor = compile_partial(made, trigger, view)
    step, state = generated_partial_step(monitor), initial_state(monitor)
    for i, seen in enumerate(log):
        state, outcome = step(state, partial_input_values(seen))
        assert outcome.truth is known_truth(made, log, i, view), (
            made,
            i,
            view,
        )
        exercised = known_truth(trigger, log, i, view)
        assert (outcome.must_be_exercised, outcome.may_be_exercised) == (
            exercised is True,
            exercised is not False,
        )


def has_deadline(part):
    return isinstance(part, Deadline) or any(
        has_deadline(smaller) for smaller in direct_parts(part)
    )


@given(st.integers(0, 1 << 40))
@settings(max_examples=3_000, deadline=None)
def test_what_is_known_from_a_log_is_so_in_what_really_happened(seed):
    dice = random.Random(seed)
    made, view, whole = formula(dice), some_view(dice), trace(dice, 16)
    if has_deadline(made):
        view = LogView(view.sees, True)
    positions, log = seen_through(dice, view, whole)
    for i, position in enumerate(positions):
        known = known_truth(made, log, i, view)
        assert known is None or known is holds(made, whole, position), (
            made,
            i,
            view,
            log,
        )


@given(st.integers(0, 1 << 40))
@settings(max_examples=500, deadline=None)
def test_a_log_that_shows_all_is_judged_as_ever(seed):
    dice = random.Random(seed)
    made, log = formula(dice), trace(dice)
    assert all(
        known_truth(made, log, i, LogView(is_from_start=True))
        is holds(made, log, i)
        for i in range(len(log))
    )


def at(milliseconds, event, **attributes):
    return Observation(milliseconds * 1000, "d1", event, attributes)


MUTE, UNMUTE = (
    at(0, "microphone.power", on=False),
    at(0, "microphone.power", on=True),
)
CAPTURE = at(1, "audio.captured")
WITHOUT_POWER = EVERYTHING - {"power"}
CASES = [
    ("audio.captured implies microphone is on", [CAPTURE], LogView(), None),
    ("audio.captured implies microphone is on", [CAPTURE], LogView(is_from_start=True), False),
    ("audio.captured implies microphone is on", [UNMUTE, CAPTURE], LogView(), True),
    ("audio.captured implies microphone is on", [MUTE, CAPTURE], LogView(), False),
    ("audio.captured implies microphone is on", [UNMUTE, CAPTURE], LogView(WITHOUT_POWER), None),
    ("audio.captured implies microphone is on", [MUTE, CAPTURE], LogView(WITHOUT_POWER), False),
    ("audio.captured implies microphone is on", [UNMUTE, at(0, "microphone.power"), CAPTURE], LogView(), None),
    ("tone implies once within 1 s wake_word", [at(500, "tone")], LogView(), None),
    ("tone implies once within 1 s wake_word", [at(0, "tick"), at(1001, "tone")], LogView(), False),
    ("tone implies once within 1 s wake_word", [at(0, "tick"), at(1001, "tone")], LogView(EVERYTHING - {"wake_word"}), None),
    ("tone implies last speech.addressed = true", [at(0, "tone")], LogView(EVERYTHING - {"speech"}, True), None),
    ("tone within 1 s after button.action", [at(0, "tick"), at(9000, "tick")], LogView(), True),
    ("tone within 1 s after button.action", [at(0, "button.action"), at(1001, "tick")], LogView(), False),
    ("its on = true implies false", [at(0, "tick")], LogView(), True),
    ("its on = true implies false", [at(0, "microphone.power")], LogView(), None),
    ("previously tone", [at(0, "tick")], LogView(), None),
    ("previously microphone is on", [UNMUTE, at(1, "tick")], LogView(EVERYTHING - {"speech"}), True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "log", "view", "truth"), CASES)
def test_what_is_known_at_the_end_of_a_log(text, log, view, truth):
    assert (
        known_truth(parse_formula(text, SCOPE), log, len(log) - 1, view)
        is truth
    )
