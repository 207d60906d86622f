"""A failure in words: the right device, the folds, the violating event, and what a person loses."""

from __future__ import annotations

import doctest

import msgspec
import pytest
from bundles import leak, small_pack

from earwitness.conformance.evidence import redaction
from earwitness.conformance.gate import deadlines, exits, story, verdict
from earwitness.conformance.gate.guidance import loss_of
from earwitness.conformance.gate.story import (
    LOSSES,
    describe_step,
    event_words,
    sequence_rows,
    tell_story,
)
from earwitness.conformance.stimuli.stimulus import KINDS
from earwitness.model.vocabulary import vocabulary
from earwitness.policies.pack import find


@pytest.mark.parametrize(
    "module", [story, exits, redaction, verdict, deadlines]
)
def test_the_examples_run(module):
    assert doctest.testmod(module).failed == 0


def row(time, event, device="d1", **attributes):
    return {
        "time": time,
        "device": device,
        "event": event,
        "origin": "witnessed",
        **attributes,
    }


def test_uploads_that_repeat_are_folded_and_other_devices_left_out():
    upload = {
        "stream": 1,
        "bytes": 10,
        "from": 0,
        "to": 1,
        "encrypted": True,
        "voice": True,
    }
    trace = [
        row(0, "button.microphone"),
        *(row(number, "stream.audio", **upload) for number in range(1, 6)),
        row(7, "tone", device="d2"),
        row(9, "stream.audio", **upload),
    ]
    rows = sequence_rows(trace, len(trace) - 1)
    assert [(r.event, r.repeats, r.is_violation) for r in rows] == [
        ("button.microphone", 1, False),
        ("stream.audio", 5, False),
        ("stream.audio", 1, True),
    ]
    assert [r.number for r in rows] == [1, 2, 3]


def test_only_what_the_clause_speaks_of_and_what_people_do_is_told():
    trace = [
        row(0, "button.microphone"),
        row(1, "tone"),
        row(2, "metric", name="x", level="property"),
        row(3, "tone"),
    ]
    rows = sequence_rows(trace, 3, frozenset({"tone"}))
    assert [r.event for r in rows] == ["button.microphone", "tone", "tone"]


def test_a_story_says_what_is_lost_what_was_done_and_where_to_look():
    told = tell_story(leak(), title="t", expected="e", command="c")
    assert told.loses == LOSSES["audio.captured"]
    assert told.steps == ("press the microphone button of d1",)
    assert told.rows[-1].is_violation and "d1" in told.seen
    assert (
        "the microphones lose power" in told.cause
        or "red light" in told.cause
    )


def test_every_loss_is_of_an_event_that_there_is():
    assert set(LOSSES) <= set(vocabulary().events)


@pytest.mark.parametrize("event", vocabulary().events)
def test_every_event_is_told_without_its_dotted_name_where_it_has_words(
    event,
):
    assert event_words({"time": 0, "device": "d1", "event": event})


@pytest.mark.parametrize("name", KINDS)
def test_every_step_is_told_in_words_without_braces(name):
    fields = {
        field: 1_000 if field == "microseconds" else "x"
        for field in KINDS[name].__struct_fields__
    }
    assert not set(describe_step({"do": name, **fields})) & set("{}'")


def test_hostile_names_in_steps_and_events_do_not_act():
    assert "\x1b" not in describe_step({"do": "\x1b[31m", "device": "\u202e"})
    assert "\x1b" not in event_words(
        {"time": 0, "device": "d", "event": "\x1b[31m"}
    )


def test_a_way_that_was_not_shrunk_is_told_in_part():
    steps = ({"do": "kill", "device": "d1"},) * 30
    told = tell_story(
        msgspec.structs.replace(leak(), scenario=steps),
        title="t",
        expected="e",
        command="c",
    )
    assert len(told.steps) == 21 and told.steps[-1].startswith("and 10 more")


def test_a_story_says_what_would_make_it_pass_from_the_pack():
    (muted, _) = small_pack().clauses
    told = tell_story(
        leak(), title="t", expected="e", command="c", clause=muted
    )
    assert told.passes[0].startswith("whenever sound is read")
    assert "see to it that" in told.passes[0]
    assert told.passes[-1].endswith("at least the device's word")


def test_what_is_lost_goes_by_what_is_wrong_with_the_event():
    """Sound that is sent unencrypted is a matter of who is on the way, not of who asked."""
    pack = find("self-hosted-satellite")
    (encrypted,) = [c for c in pack.clauses if c.id == "SAT-2"]
    entry = {"event": "stream.audio", "encrypted": False}
    told = loss_of(entry, encrypted, LOSSES, "other")
    assert "Whoever is on the way" in told
    assert loss_of(entry, None, LOSSES, "other") == LOSSES["stream.audio"]


@pytest.mark.parametrize(
    ("clause", "event", "lost_by"),
    [
        ("MIC-1", "tick", "microphone.power"),
        ("MIC-4", "audio.captured", "light"),
        ("IND-2", "tick", "light"),
        ("STR-1", "tick", "stream.close"),
        ("MIC-2", "audio.captured", "audio.captured"),
    ],
)
def test_where_something_is_missing_the_loss_is_that_of_what_is_missing(
    clause, event, lost_by
):
    """A deadline is violated at whatever event comes after it."""
    promise = find("alexa-smart-properties").clause(clause)
    told = loss_of({"event": event}, promise, LOSSES, "other")
    assert told == LOSSES[lost_by]


def test_what_was_due_and_did_not_come_is_told_as_missing():
    trace = (*leak().trace[:4], {**leak().trace[4], "event": "end"})
    failure = msgspec.structs.replace(leak(), trace=trace)
    told = tell_story(failure, title="t", expected="e", command="c")
    assert told.seen == "until 0.000 s it had not happened on d1"
