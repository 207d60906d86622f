"""How close deadlines came to their bounds: the slowest answer over all runs, the closest first."""

from __future__ import annotations

import pytest
from bundles import observed

from earwitness.conformance.running.near_misses import near_misses
from earwitness.conformance.running.tally import tally
from earwitness.policies.pack import find

PACK = """pack: timed
version: 1
source: A small paper
parameters: {}
clauses:
  - id: LED-2
    title: The light follows the button
    source: [S]
    severity: low
    ways: [searched]
    each: [device]
    formula: light within 100 ms after button.microphone
  - id: TONE-1
    title: A tone follows the wake word
    source: [S]
    severity: low
    ways: [searched]
    each: [device]
    formula: tone within 1 s after wake_word
"""
PRESS, LIGHT = (
    ("button.microphone", {}),
    ("light", {"color": "red", "on": True}),
)


@pytest.fixture(scope="module")
def clauses(tmp_path_factory):
    file = tmp_path_factory.mktemp("pack") / "timed.yaml"
    file.write_text(PACK)
    return find(str(file)).clauses


def run(*waits):
    """Presses a second apart, each answered after so many milliseconds."""
    return tuple(
        observed(number * 1_000_000 + extra, name, **attributes)
        for number, wait in enumerate(waits)
        for extra, (name, attributes) in (
            (0, PRESS),
            (wait * 1_000, LIGHT),
        )
    )


def test_the_slowest_answer_of_all_runs_counts(clauses):
    tallies = [tally(clauses, run(20, 80)), tally(clauses, run(50))]
    (near,) = near_misses(clauses, tallies)
    assert (near.clause, near.bound, near.closest) == (
        "LED-2.1",
        100_000,
        80_000,
    )


def test_a_deadline_that_nothing_started_is_no_near_miss(clauses):
    assert near_misses(clauses, [tally(clauses, ())]) == ()


def test_the_closest_to_its_bound_comes_first(clauses):
    woken = (
        observed(0, "wake_word", word="alexa"),
        observed(990_000, "tone"),
    )
    found = near_misses(
        clauses, [tally(clauses, run(60)), tally(clauses, woken)]
    )
    assert [near.clause for near in found] == ["TONE-1.1", "LED-2.1"]
