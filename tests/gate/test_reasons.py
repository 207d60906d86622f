"""The few events that decide a violation are found in its trace, and nothing is called decisive that is not."""

from __future__ import annotations

import pytest

from earwitness.conformance.evidence.records import FailureRecord
from earwitness.conformance.gate.reasons import MOST_EVENTS, deciding_events
from earwitness.conformance.gate.story import MOST_ROWS, sequence_rows


def event(time, name, device="d1", **attributes):
    return {
        "time": time,
        "device": device,
        "event": name,
        "origin": "witnessed",
        **attributes,
    }


def captured(time, device="d1"):
    return event(time, "audio.captured", device, bytes=2560, buffered=0)


def microphones(time, on, device="d1"):
    return event(time, "microphone.power", device, on=on)


def failure(clause, *trace):
    return FailureRecord(
        clause=clause, scenario=(), at=len(trace) - 1, trace=trace
    )


@pytest.fixture(scope="module")
def muted(clauses):
    """The promise that a device which is muted takes no sound up."""
    return next(clause for clause in clauses if clause.id == "MIC-2")


def test_the_loss_of_power_and_the_sound_after_it_decide(muted):
    found = deciding_events(
        muted,
        failure(
            "MIC-2",
            microphones(0, on=True),
            captured(100),
            microphones(200, on=False, device="d2"),
            microphones(300, on=False),
            captured(400, device="d2"),
            captured(1_000_000),
        ),
    )
    assert found == {3, 5}


def test_a_trace_that_keeps_the_promise_has_nothing_that_decides(muted):
    kept = failure("MIC-2", microphones(0, on=True), captured(100))
    assert deciding_events(muted, kept) == frozenset()


def test_a_trace_too_long_or_not_understood_is_left_alone(muted):
    flood = [microphones(time, on=False) for time in range(2 * MOST_EVENTS)]
    long = failure("MIC-2", *flood, captured(10**6))
    assert deciding_events(muted, long) == frozenset()
    foreign = failure("MIC-2", event(0, "no.such.event"), captured(1))
    assert deciding_events(muted, foreign) == frozenset()


def test_what_decides_stays_on_the_page_however_much_came_after_it():
    presses = [event(time, "button.microphone") for time in range(1, 99)]
    trace = [microphones(0, on=False), *presses, captured(1_000_000)]
    rows = sequence_rows(trace, 99, decided_by=frozenset({0, 99}))
    assert len(rows) == MOST_ROWS
    assert [row.is_decisive for row in rows] == [
        True,
        *[False] * (MOST_ROWS - 2),
        True,
    ]
