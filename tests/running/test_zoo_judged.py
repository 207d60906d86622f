"""The harness against the reference: it spares the honest, catches the broken, and shrinks what it caught."""

from __future__ import annotations

import random

import pytest

from earwitness.conformance.gate.verdict import Exit
from earwitness.conformance.running.calibration import (
    Case,
    Caught,
    Half,
    calibration_cases,
    is_right,
    judge_case,
    list_cases,
)
from earwitness.conformance.running.examination import Plan
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.paired_runs import RunLikeness, compare
from earwitness.conformance.running.run import clause_of
from earwitness.conformance.running.shrink import shrink
from earwitness.conformance.running.tour import tour
from earwitness.conformance.stimuli.stimulus import (
    Kill,
    Press,
    Say,
    SetTone,
    Wait,
)
from earwitness.conformance.targets.reference import ReferenceTarget
from earwitness.policies.pack import find

D = "d1"


def test_the_tour_exercises_every_conjunct_of_the_honest_reference_and_raises_no_alarm(
    clauses,
):
    with Harness(ReferenceTarget(), clauses) as harness:
        run = harness.run(tour(harness.hello, random.Random(0)))
    assert (
        run.violated() == ()
        and not run.dead
        and not [f for f in run.findings if f.blocking]
    )
    assert [
        name
        for name, found in run.tally.items()
        if not found.exercised or found.pending
    ] == ["MIC-7.4"], "the reference has no mute in software"
    assert run.voice > 100 and {f.category for f in run.stores.finds} == {
        "transcript"
    }


def test_runs_in_other_words_and_voices_of_the_honest_reference_look_alike(
    clauses,
):
    with Harness(ReferenceTarget(), clauses) as harness:
        found = compare(harness)
    assert found.likeness is RunLikeness.ALIKE and found.runs >= 4, found


def test_a_device_that_reports_in_batches_has_told_all_when_a_run_is_over(
    clauses,
):
    button = Press(D, "microphone")
    with Harness(ReferenceTarget("batched-reports"), clauses) as harness:
        harness.run((Say(D, "quiet"),), controls=False)
        run = harness.run(
            (button, Wait(D, 6_000_000), button, Wait(D, 800_000)),
            controls=False,
        )
    captured = [o for o in run.trace if o.event == "audio.captured"]
    assert captured and all("buffered" in o.attributes for o in captured)


def test_a_failure_shrinks_to_the_two_steps_it_needs(clauses):
    long = (
        Say(D, "chatter"),
        SetTone(D, True),
        Press(D, "microphone"),
        Say(D, "quiet"),
        Kill(D),
        Say(D, "quiet"),
    )
    with Harness(ReferenceTarget("mute-lost-on-restart"), clauses) as harness:
        failure = shrink(harness, "BASE-1", harness.run(long))
    assert failure.scenario == (Press(D, "microphone"), Kill(D))
    assert failure.trace[failure.at].event == "microphone.power"


SHORT_WAYS = {
    "streams-when-muted": (
        Say(D, "cut-short"),
        Press(D, "microphone"),
        Say(D, "quiet"),
    ),
    "mute-zeroes-samples": (Press(D, "microphone"), Say(D, "quiet")),
    "red-light-stuck": (Press(D, "microphone"), Say(D, "quiet")),
    "invented-button": (Say(D, "chatter"),),
    "ignores-third-mute": (*[Press(D, "microphone")] * 6, Say(D, "quiet")),
    "muted-words": (
        Press(D, "microphone"),
        Say(D, "chatter"),
        Press(D, "microphone"),
        Say(D, "quiet"),
    ),
    "blue-light-only-reported": (Say(D, "weather"),),
}
"""A short way to some of the zoo, one for each thing the harness sees for itself; `earwitness calibrate`
judges the whole of it."""


@pytest.mark.parametrize("name", SHORT_WAYS)
def test_what_the_harness_sees_for_itself_catches_its_case(name, clauses):
    case = next(case for case in calibration_cases() if case.name == name)
    with Harness(ReferenceTarget(name), clauses) as harness:
        run = harness.run(SHORT_WAYS[name])
    assert set(case.owes) & {
        clause_of(conjunct) for conjunct in run.violated()
    }, run


@pytest.mark.parametrize(
    ("case", "code", "violated", "right"),
    [
        (Case("x", Half.LIAR, ("WAKE-1",)), Exit.VIOLATED, ["WAKE-1"], True),
        (Case("x", Half.LIAR, ("WAKE-1",)), Exit.VIOLATED, ["MIC-3"], False),
        (Case("x", Half.LIAR), Exit.SATISFIED, [], False),
        (Case("x", Half.LIAR), Exit.INCONCLUSIVE, [], True),
        (Case("x", Half.HONEST), Exit.SATISFIED, [], True),
        (Case("x", Half.HONEST), Exit.VIOLATED, ["IND-1"], False),
        (Case("x", Half.HONEST), Exit.NOT_DRIVABLE, [], False),
        (Case("x", Half.HONEST), Exit.INCONCLUSIVE, [], False),
    ],
)
def test_a_case_is_right_where_it_came_to_what_it_owes(
    case, code, violated, right
):
    assert is_right(case, code, violated) is right


def test_the_page_of_the_zoo_has_a_heading_and_a_row_for_each():
    assert list_cases(()).startswith("# The zoo")
    one, other = calibration_cases()[:2]
    page = list_cases([Caught(one, Exit.VIOLATED, one.owes, right=True)])
    assert f"faulty/{one.name}`" in page
    more = list_cases([Caught(other, Exit.SATISFIED, (), right=False)], page)
    assert f"faulty/{one.name}`" in more and "**exit 0**" in more
    assert f"2 of {len(calibration_cases())} cases" in more


def test_the_page_counts_what_each_part_of_the_check_was_the_first_to_notice():
    cases = calibration_cases()[:3]
    by = ["twins: muted: stream.audio, witnessed after 3 steps"] * 2
    found = [
        Caught(case, Exit.VIOLATED, case.owes, right=True, by=text)
        for case, text in zip(
            cases, [*by, "tour: light, witnessed"], strict=True
        )
    ]
    page = list_cases(found)
    assert "| twins | 2 |" in page and "| tour | 1 |" in page
    assert list_cases([], page) == page


def test_a_fault_is_caught_by_the_first_part_that_shows_it(monkeypatch):
    monkeypatch.setattr(Case, "target", "ref:fast/red-light-stuck")
    case = next(c for c in calibration_cases() if c.name == "red-light-stuck")
    packs = [find("alexa-smart-properties")]
    plan = Plan(proofs=False, budget=5.0, examples=0)
    caught = judge_case(case, packs, plan)
    assert caught.right and caught.by.startswith("tour: ")
