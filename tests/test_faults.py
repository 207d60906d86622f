"""The zoo: each seeded fault is caught by the clause it breaks; the honest reference raises no alarm."""

from __future__ import annotations

import pytest

from earwitness.conformance.drivers.reference import ReferenceDriver
from earwitness.conformance.harness import Harness
from earwitness.conformance.search import shrink, tour
from earwitness.conformance.stimulus import Kill, Network, Press, Say, SetTone
from earwitness.reference_impl.faults.zoo import FAULTS

D = "d1"
PROVOKED_BY = {
    "streams-when-muted": (Say(D, "cut-short"), Press(D, "microphone"), Say(D, "quiet")),
    "red-light-stuck": (Press(D, "microphone"), Say(D, "quiet")),
    "blue-light-off-in-follow-up": (Say(D, "question"),),
    "stream-left-open": (Say(D, "weather"), Say(D, "quiet"), Say(D, "quiet"), Say(D, "quiet")),
    "keeps-all-hypotheses": (Say(D, "timer"),),
    "second-wake-word": (Say(D, "other-word"),),
    "mute-lost-on-restart": (Press(D, "microphone"), Kill(D)),
    "tone-missing": (SetTone(D, True), Say(D, "weather")),
    "queues-when-offline": (Network(D, "down"), Say(D, "weather"), Network(D, "up"), Say(D, "quiet")),
}
"""A short way to each fault; the others show in the positive control alone."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_caught_by_its_clause(name, clauses):
    with Harness(ReferenceDriver(name), clauses) as harness:
        run = harness.run(PROVOKED_BY.get(name, ()))
    assert FAULTS[name].clause in run.watch.violated, (run.dead, run.watch.violated, run.skipped)


def test_the_honest_reference_raises_no_alarm_and_every_clause_is_exercised(clauses):
    with Harness(ReferenceDriver(), clauses) as harness:
        run = harness.run(tour(tuple(harness.hello.devices)))
    assert run.watch.violated == () and not run.dead
    assert [i for i, record in run.watch.records.items() if not record.exercised or record.pending] == []
    assert run.voice > 100 and {f.category for f in run.stores.finds} == {"transcript"}


def test_a_failure_shrinks_and_still_violates(clauses):
    long = (Say(D, "chatter"), SetTone(D, True), Press(D, "microphone"), Say(D, "quiet"), Kill(D), Say(D, "quiet"))
    with Harness(ReferenceDriver("mute-lost-on-restart"), clauses) as harness:
        failure = shrink(harness, "BASE-1", harness.run(long))
    assert failure.scenario == (Press(D, "microphone"), Kill(D))
    assert failure.trace[failure.at].event == "microphone.power"
