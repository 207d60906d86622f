"""The watch: all clauses in one step, with the counts that verdicts and reports need."""

from __future__ import annotations

import random

import pytest
from generators import trace

from earwitness.conformance.running.watch import Margin, Watch
from earwitness.model.logic.monitor import input_values
from earwitness.model.logic.per_device import SlicedMonitor
from earwitness.model.trace import Observation, Origin
from earwitness.policies.pack import find


@pytest.fixture(scope="module")
def watched(clauses):
    return tuple(clause for clause in clauses if clause.conjuncts)


def plain_counts(clauses, seen):
    """Of each conjunct, by its own monitor: how often exercised, where violated first, and whether it is
    pending."""
    found = {}
    for clause in clauses:
        for conjunct in clause.conjuncts:
            monitor, exercised, violated, pending = (
                SlicedMonitor(conjunct.monitor, clause.each),
                0,
                None,
                set(),
            )
            for position, observation in enumerate(seen):
                for key, outcome in monitor.feed(
                    observation, input_values(observation)
                ):
                    exercised += outcome.exercised
                    violated = (
                        position
                        if violated is None and not outcome.holds
                        else violated
                    )
                    (pending.add if outcome.pending else pending.discard)(key)
            found[conjunct.name] = exercised, violated, bool(pending)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_counts_are_those_of_the_plain_monitors(watched, seed):
    seen = [
        Observation(o.time * 40_000, o.device, o.event, o.attributes)
        for o in trace(random.Random(seed), 80)
    ]
    watch = Watch(watched)
    watch.feed(seen)
    records = watch.conjunct_records
    assert {
        n: (r.exercised, r.violated_at, r.pending) for n, r in records.items()
    } == plain_counts(watched, seen)


SLICED = """
pack: sliced
version: 1
source: ours
clauses:
  - id: A-1
    title: Who may open a stream
    source: [S]
    severity: high
    ways: [searched]
    each: [device, stream]
    conjuncts:
      - {title: No stream of a wake word, formula: power(on = false) implies not once stream.open(cause = wake_word)}
      - {title: No other stream, formula: power(on = false) implies not once stream.open(cause = action_button)}
"""


def test_two_slices_that_one_event_breaks_are_both_told(tmp_path):
    (tmp_path / "pack.yaml").write_text(SLICED, "utf-8")
    clauses = find(str(tmp_path / "pack.yaml")).clauses
    seen = [
        at(0, "power", on=True, kind="speaker"),
        at(1, "stream.open", stream=1, cause="wake_word"),
        at(2, "stream.open", stream=2, cause="action_button"),
        at(3, "power", on=False),
    ]
    watch = Watch(clauses)
    watch.feed(seen)
    told = {n: r.violated_at for n, r in watch.conjunct_records.items()}
    assert told == {"A-1.1": 3, "A-1.2": 3}
    plain = plain_counts(clauses, seen)
    assert told == {name: at for name, (_, at, _) in plain.items()}


def at(milliseconds, event, origin=Origin.DEVICE, **attributes):
    return Observation(milliseconds * 1000, "d1", event, attributes, origin)


MUTED = [
    at(0, "power", on=True, kind="speaker"),
    at(10, "microphone.power", on=True),
    at(1000, "button.microphone", Origin.WITNESSED),
]


def test_a_clause_is_exercised_as_often_as_the_conjunct_that_was_exercised_least(
    watched,
):
    watch = Watch(watched)
    watch.feed([*MUTED, at(1040, "microphone.power", on=False)])
    conjuncts = [
        watch.conjunct_records[c.name]
        for clause in watched
        if clause.id == "MIC-4"
        for c in clause.conjuncts
    ]
    assert max(record.exercised for record in conjuncts) > 0
    assert watch.records["MIC-4"].exercised == min(
        record.exercised for record in conjuncts
    )


def test_the_margin_of_a_deadline_is_what_its_slowest_answer_took(watched):
    watch = Watch(watched)
    watch.feed(MUTED)
    assert watch.records["MIC-1"].margins[0].longest == -1
    watch.feed([at(1040, "microphone.power", on=False)])
    assert watch.records["MIC-1"].margins[0] == Margin(
        bound=100_000, longest=40_000
    )


def test_records_follow_what_is_fed(watched):
    watch = Watch(watched)
    assert watch.violated == () and watch.records["MIC-1"].exercised == 0
    watch.feed(MUTED)
    assert (
        watch.records["MIC-1"].exercised == 1
        and watch.records["MIC-1"].pending
    )
    watch.feed([at(5000, "tick")])
    assert (
        watch.violated == ("MIC-1",)
        and watch.records["MIC-1"].violated_at == 3
    )
    assert len(watch.trace) == 4


def test_what_a_watch_keeps_beside_the_trace_does_not_grow_with_it(watched):
    watch = Watch(watched)
    cycle = [
        at(0, "wake_word", word="alexa"),
        at(1, "light", color="blue", on=True),
        at(2, "stream.audio", voice=True),
    ]
    sizes = []
    for turn in range(200):
        watch.feed(
            [
                Observation(
                    o.time + turn * 10_000, "d1", o.event, o.attributes
                )
                for o in cycle
            ]
        )
        sizes.append(
            [
                len(g.exercised) + len(g.witnessed) + len(g.first_violations)
                for g in watch._groups
            ]
        )
    assert sizes[-1] == sizes[20]
