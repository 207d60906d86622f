"""What nobody can read is found by how much there is of it, where it depends on what was said or not."""

from __future__ import annotations

import pytest

from earwitness.conformance.running.circumstances import (
    doubts_of,
)
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.run import clause_of
from earwitness.conformance.running.situations import (
    HOUSEHOLD,
    KEEPING,
    situations,
)
from earwitness.conformance.running.twin_runs import (
    UNREAD_STORE,
    leak_of,
    room_alone,
    with_speech,
)
from earwitness.conformance.stimuli.stimulus import Press, Say, Wait
from earwitness.conformance.targets.reference import ReferenceTarget
from earwitness.conformance.witnesses import changed_sound
from earwitness.conformance.witnesses.twins import TwinComparison, TwinOutcome
from earwitness.model.trace import Origin

D = "d1"
KEEPING_PROMISES = ("WAKE-2", "RET-1", "CALL-2")


def situation(name):
    return next(s for s in situations(D, "music") if s.name == name)


def pairs_of(fault, name, clauses, count=1):
    """Pairs of footprints in a situation, each of one run with speech and one with the room alone."""
    twins = situation(name)
    with Harness(ReferenceTarget(fault), clauses) as harness:
        return [
            tuple(
                harness.run(steps(D, twins, twins.clip(n)), controls=False)
                for steps in (with_speech, room_alone)
            )
            for n in range(count)
        ]


def compared(name, pairs):
    found = [(a.footprint, b.footprint) for a, b in pairs]
    # A difference must repeat four times to count.
    return situation(name).compare(found * 4).outcome


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("enciphered-at-reset", "listening"),
        ("half-a-minute-later", "listening"),
        ("enciphered-with-the-next-request", "before a request"),
        ("enciphered-on-disk", KEEPING),
    ],
)
def test_what_was_said_shows_in_how_much_nobody_can_read(
    fault, name, clauses
):
    assert compared(name, pairs_of(fault, name, clauses)) is TwinOutcome.APART


def test_what_was_said_before_a_request_and_left_in_it_was_not_meant_to_leave(
    clauses,
):
    twins = situation("before a request")
    with Harness(
        ReferenceTarget("enciphered-with-the-next-request"), clauses
    ) as harness:
        run, alone = (
            harness.run(steps(D, twins, twins.clip(0)), controls=False)
            for steps in (with_speech, room_alone)
        )
        told = twins.compare([(run.footprint, alone.footprint)] * 4)
        leak = leak_of(run, D, told)
        judged = harness.judge_again(run, *leak)
    spoken = [o for o in run.trace if o.event == "speech"]
    assert [o.attributes["addressed"] for o in spoken] == [False, True]
    assert leak[1].attributes["to"] == spoken[0].attributes["until"]
    assert "WAKE-4" in {clause_of(name) for name in judged.violated()}
    assert run.violated() == ()


@pytest.mark.parametrize("noise", HOUSEHOLD)
def test_a_muted_device_is_not_to_notice_the_noise_of_a_household(
    clauses, noise
):
    muted = next(s for s in situations(D, noise) if s.name == "muted")
    assert muted.clip(1) == noise
    with Harness(ReferenceTarget(), clauses) as harness:
        run, alone = (
            harness.run(
                steps(D, muted, noise), controls=False, prelude=muted.before
            )
            for steps in (with_speech, room_alone)
        )
        same = muted.compare([(run.footprint, alone.footprint)] * 2)
        # Were there a difference, it would be judged where the noise ended, behind the button.
        told = TwinComparison(TwinOutcome.APART, 4, with_speech=9, mark="x")
        leak = leak_of(run, D, told)
        judged = harness.judge_again(run, *leak)
    assert same.outcome is TwinOutcome.ALIKE and run.violated() == ()
    assert not any(o.event == "speech" for o in run.trace)
    assert {"WAKE-1", "MIC-3"} <= {clause_of(n) for n in judged.violated()}


def test_an_honest_request_shows_nothing_of_its_sound(clauses):
    pairs = pairs_of("", KEEPING, clauses)
    assert compared(KEEPING, pairs) is TwinOutcome.ALIKE
    assert {run.unexplained for pair in pairs for run in pair} == {()}


def test_steady_bytes_that_nobody_can_read_are_told_where_no_stream_is_open(
    clauses,
):
    steps = (Wait(D, 400_000),)
    with Harness(ReferenceTarget("cover-traffic"), clauses) as harness:
        run = harness.run(steps, controls=False)
    assert len(run.unexplained) == 1 and D in run.unexplained[0]


def test_a_store_that_nobody_can_read_leaves_promises_about_keeping_open(
    clauses,
):
    found = [Finding(UNREAD_STORE, "x", D, blocking=True)]
    assert set(KEEPING_PROMISES) <= set(doubts_of(clauses, found))
    assert doubts_of(clauses, []) == {}


def test_what_crossed_and_was_too_much_to_compare_is_told(
    clauses, monkeypatch
):
    # As if the sound were older than what was just played, and much had been compared in vain.
    monkeypatch.setattr(changed_sound, "MOST_IN_VAIN", 0)
    monkeypatch.setattr(
        changed_sound.ChangedSearch, "_find_in_recent", lambda *_: ()
    )
    with Harness(ReferenceTarget("mulaw"), clauses) as harness:
        run = harness.run((Say(D, "chatter"),), controls=False)
    assert any("were not compared" in text for text in run.unexplained)


@pytest.mark.parametrize(
    "name", ["uploads-mu-law", "uploads-opus", "high-pass", "fades-in"]
)
def test_who_filters_or_codes_its_streams_is_seen_to_send_them(name, clauses):
    steps = (
        Press(D, "microphone"),
        Press(D, "microphone"),
        Say(D, "weather"),
    )
    with Harness(ReferenceTarget(name), clauses) as harness:
        run = harness.run(steps)
    assert (run.dead, run.violated(), run.unexplained) == ("", (), ())
    sent = [o for o in run.trace if o.event == "stream.audio"]
    assert sent and all(o.origin is Origin.WITNESSED for o in sent)


def test_in_a_stream_sound_is_expected_and_need_not_be_compared(
    clauses, monkeypatch
):
    monkeypatch.setattr(changed_sound, "MOST_IN_VAIN", 0)
    with Harness(ReferenceTarget("uploads-mu-law"), clauses) as harness:
        run = harness.run((Say(D, "weather"),), controls=False)
        told = harness.sounds.wire.uncompared
    assert any(told.values()) and run.unexplained == ()
