"""What is like sound by chance accuses nobody while a stream is open; without a stream everything counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwitness.conformance.running.moment import Passage
from earwitness.conformance.running.open_streams import (
    APART,
    AROUND,
    LONG_BEFORE,
    STRAY,
    OpenStreams,
)
from earwitness.conformance.witnesses.relay import Crossing, Direction

NOW = 60_000_000
SYLLABLE = Passage(
    device="d1",
    first=1_000_000,
    last=1_060_000,
    size=2_048,
    encrypted=True,
    taken=500,
    exact=False,
    length=60_000,
)


def crossing(time, device="d1"):
    return Crossing(
        device=device,
        time_taken=time,
        direction=Direction.FROM_DEVICE,
        content=b"x",
        encrypted=True,
        protocol="websocket",
        connection=1,
        size=1,
        peer="cloud",
    )


def test_a_syllable_of_long_ago_is_chance_in_an_open_stream():
    assert OpenStreams().is_stray(SYLLABLE, NOW, {"d1"})
    of_earlier_run = replace(SYLLABLE, first=0, last=0)
    assert OpenStreams().is_stray(of_earlier_run, LONG_BEFORE // 2, {"d1"})


@pytest.mark.parametrize(
    ("changes", "streaming"),
    [
        ({}, set()),
        ({}, {"d2"}),
        ({"exact": True}, {"d1"}),
        ({"length": STRAY}, {"d1"}),
        ({"first": NOW - LONG_BEFORE, "last": NOW - LONG_BEFORE}, {"d1"}),
    ],
    ids=[
        "no stream is open",
        "another's stream",
        "the very samples",
        "more than a syllable",
        "just played",
    ],
)
def test_everything_else_counts(changes, streaming):
    assert not OpenStreams().is_stray(
        replace(SYLLABLE, **changes), NOW, streaming
    )


def test_what_does_not_go_on_to_the_beginning_of_a_stream_is_chance():
    streams = OpenStreams()
    streams.note((), {"d1"}, {"d1": NOW})
    later = NOW + 240_000
    apart = replace(SYLLABLE, last=NOW - APART - 1)
    assert streams.is_stray(apart, later, {"d1"})
    assert not streams.is_stray(
        replace(apart, last=NOW - APART), later, {"d1"}
    ), "more than is allowed from before a stream, which went on into it"


def test_what_is_found_late_is_a_streams_own_where_it_was_heard_then():
    streams, clocks = OpenStreams(), {"d1": SYLLABLE.last, "d2": 0}
    assert not streams.carried(SYLLABLE)
    streams.note([crossing(499), crossing(900, "d2")], {"d1"}, clocks)
    assert not streams.carried(SYLLABLE), "it crossed later"
    streams.note([crossing(500)], {"d1"}, clocks)
    assert streams.carried(SYLLABLE)
    assert not streams.carried(replace(SYLLABLE, taken=501))


def test_what_was_hoarded_and_leaves_in_a_stream_is_not_the_streams_own():
    streams = OpenStreams()
    later = {"d1": SYLLABLE.last + AROUND + 1}
    streams.note([crossing(500)], {"d1"}, later)
    hoarded = replace(SYLLABLE, length=STRAY)
    assert not streams.carried(hoarded)
    assert not streams.carried(replace(hoarded, first=0, last=0))
    assert not streams.carried(replace(SYLLABLE, exact=True))


def test_a_syllable_that_is_found_late_in_what_a_stream_carried_is_chance():
    streams = OpenStreams()
    later = {"d1": SYLLABLE.last + AROUND + 1}
    streams.note([crossing(500)], {"d1"}, later)
    assert streams.carried(SYLLABLE)
    assert not streams.carried(replace(SYLLABLE, taken=501))


OPENED = NOW - 800_000


def carrying(*parts):
    """Streams of a device of which one opened `OPENED` and carried these parts of what was heard, unchanged."""
    streams = OpenStreams()
    streams.note([], {"d1"}, {"d1": OPENED})
    own = [
        replace(SYLLABLE, first=first, last=last, exact=True)
        for first, last in parts
    ]
    streams.note([crossing(600)], {"d1"}, {"d1": NOW}, own)
    return streams


def test_where_a_stream_is_known_wholly_a_syllable_of_long_ago_is_more_than_its_own():
    streams = carrying(
        (OPENED - 500_000, OPENED), (OPENED + 500, NOW - 80_000)
    )
    assert not streams.is_stray(SYLLABLE, NOW, {"d1"})
    assert not streams.is_stray(
        replace(SYLLABLE, first=0, last=0), NOW, {"d1"}
    )


@pytest.mark.parametrize(
    "parts",
    [
        (),
        ((OPENED - 500_000, OPENED),),
        ((OPENED - 500_000, OPENED), (OPENED + 200_000, NOW)),
        ((OPENED + 80_000, NOW),),
        ((1_000_000, OPENED - AROUND - 1),),
    ],
    ids=["nothing", "its beginning", "a gap", "late", "another's"],
)
def test_where_a_part_of_a_streams_own_sound_is_missing_it_may_be_that_syllable(
    parts,
):
    assert carrying(*parts).is_stray(SYLLABLE, NOW, {"d1"})


def test_what_an_earlier_stream_carried_accounts_for_no_later_one():
    streams = carrying((OPENED - 500_000, NOW))
    streams.note([], set(), {})
    streams.note([], {"d1"}, {"d1": NOW})
    assert streams.is_stray(SYLLABLE, NOW, {"d1"})
