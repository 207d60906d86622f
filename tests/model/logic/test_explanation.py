"""Explanations: a few events decide, and whoever reads them can check that they do."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from generators import formula, trace
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.model.logic.explaining import explain
from earwitness.model.logic.explanation import (
    Absence,
    Explanation,
    ExplanationError,
    Reason,
    absences_in,
)
from earwitness.model.logic.explanation_checker import verify_explanation
from earwitness.model.logic.formula import Event
from earwitness.model.logic.parser import Scope, parse_formula
from earwitness.model.logic.semantics import holds
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


@given(st.integers(0, 1 << 40))
@settings(max_examples=1_500, deadline=None)
def test_every_outcome_has_an_explanation_that_checks_without_the_trace(seed):
    dice = random.Random(seed)
    made, seen = formula(dice), trace(dice)
    for i in range(len(seen)):
        found = explain(made, seen, i)
        assert (found.reason.formula, found.reason.truth) == (
            made,
            holds(made, seen, i),
        )
        assert all(
            absence.is_so(seen) for absence in verify_explanation(found)
        ), (made, i)


def every_reason(reason):
    yield reason
    for part in reason.parts:
        yield from every_reason(part)


def damaged(dice, reason):
    """The same tree with one step changed: another truth, a part or an absence left out, a stretch cut
    short."""
    target = dice.choice(list(every_reason(reason)))
    changes = [replace(target, truth=not target.truth)]
    if target.parts:
        changes.append(replace(target, parts=target.parts[:-1]))
    if target.absences:
        first, *rest = target.absences
        changes.append(replace(target, absences=tuple(rest)))
        changes.append(
            replace(
                target,
                absences=(replace(first, truth=not first.truth), *rest),
            )
        )
        changes.append(
            replace(
                target,
                absences=(replace(first, first=first.first + 1), *rest),
            )
        )
    return replaced(reason, target, dice.choice(changes))


def replaced(reason, target, other):
    if reason is target:
        return other
    return replace(
        reason,
        parts=tuple(replaced(part, target, other) for part in reason.parts),
    )


@given(st.integers(0, 1 << 40))
@settings(max_examples=1_500, deadline=None)
def test_no_tree_passes_that_says_what_is_not_so(seed):
    dice = random.Random(seed)
    made, seen = formula(dice), trace(dice)
    i = dice.randrange(len(seen))
    found = explain(made, seen, i)
    worse = Explanation(damaged(dice, found.reason), found.facts)
    try:
        absences = verify_explanation(worse)
    except ExplanationError:
        return
    # It passed: then what it says follows from what it lists, or the trace shows that the list is wrong.
    if all(absence.is_so(seen) for absence in absences):
        assert all(
            holds(r.formula, seen, r.position) is r.truth
            for r in every_reason(worse.reason)
        )


def at(milliseconds, event, **attributes):
    return Observation(milliseconds * 1000, "d1", event, attributes)


def test_a_violation_is_explained_by_the_few_events_that_decide():
    made = parse_formula("audio.captured implies microphone is on", SCOPE)
    log = [at(n, "tick") for n in range(50)]
    log[10] = at(10, "microphone.power", on=True)
    log[20] = at(20, "microphone.power", on=False)
    log[49] = at(49, "audio.captured")
    found = explain(made, log, 49)
    named = {reason.position for reason in every_reason(found.reason)}
    assert named == {20, 49} and not found.reason.truth
    assert {(a.first, a.last) for a in absences_in(found.reason)} == {
        (21, 49)
    }


def test_a_late_answer_is_explained_by_its_trigger_and_by_what_did_not_come():
    made = parse_formula("tone within 1 s after button.action")
    log = [at(0, "button.action"), at(900, "tick"), at(1500, "tone")]
    found = explain(made, log, 2)
    assert [part.position for part in found.reason.parts] == [0]
    assert found.reason.absences == (Absence(Event("tone"), True, 0, 1),)


def test_a_forged_fact_is_refused():
    found = explain(
        parse_formula("once tone"), [at(0, "tone"), at(1, "tick")], 1
    )
    forged = Explanation(found.reason, {0: at(0, "tick"), 1: at(1, "tick")})
    with pytest.raises(ExplanationError, match="Event at event 0"):
        verify_explanation(forged)


def test_a_reason_that_rests_on_the_future_is_refused():
    tone = Reason(Event("tone"), True, 1)
    later = Reason(parse_formula("once tone"), True, 0, (tone,))
    with pytest.raises(ExplanationError, match="later"):
        verify_explanation(
            Explanation(later, {0: at(0, "tick"), 1: at(1, "tone")})
        )
