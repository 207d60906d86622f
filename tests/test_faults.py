"""The zoo: each seeded fault is caught by the clause it breaks; the honest reference raises no alarm."""

from __future__ import annotations

import pytest

from earwitness.conformance.drivers.reference import ReferenceDriver
from earwitness.conformance.harness import Harness
from earwitness.conformance.noninterference import Comparison, Likeness, compare
from earwitness.conformance.search import shrink, tour
from earwitness.conformance.stimulus import Call, Kill, Network, Press, Query, Say, SetTone, Shutter
from earwitness.reference_impl.faults.zoo import FAULTS

D = "d1"
CALL = (Call(D, "start", "device"), Say(D, "chatter"), Call(D, "end", "device"))
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
    "leaks-after-network-loss": (Network(D, "down"), Network(D, "up"), Say(D, "chatter")),
    "leaks-after-follow-up": (Say(D, "question"), Say(D, "quiet")),
    "wakes-by-itself": (Say(D, "question"), Say(D, "question"), Say(D, "chatter")),
    "mute-zeroes-samples": (Press(D, "microphone"), Say(D, "quiet")),
    "mute-too-late": (Press(D, "microphone"),),
    "red-light-late": (Press(D, "microphone"),),
    "tone-missing-in-follow-up": (SetTone(D, True), Say(D, "question")),
    "mute-symbol-missing": (Press("d2", "microphone"), Say("d2", "quiet")),
    "camera-stays-on": (Press("d2", "microphone"), Say("d2", "quiet")),
    "shutter-ignored": (Shutter("d2"), Say("d2", "quiet")),
    "call-keys-not-verified": CALL,
    "call-not-encrypted": CALL,
    "call-recorded": CALL,
    "caches-hypotheses": (Say(D, "timer"),),
    "acts-on-second-best": (Say(D, "timer"), Say(D, "question")),
    "operators-read-all": (Query(D, "ours", "operator", "settings"),),
    "organisation-sees-service": (Query(D, "ours", "organisation", "service_metrics"),),
    "organisation-reads-transcripts": (Query(D, "ours", "organisation", "transcripts"),),
    "transcript-as-skill-name": (Say(D, "timer"), Query(D, "ours", "organisation", "top_skills")),
    "developers-see-settings": (Query(D, "ours", "skill_developer", "settings"),),
    "denied-yet-told": (Query(D, "theirs", "skill_developer", "settings"),),
}
"""A short way to each fault; the others show in the positive control alone."""


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.clause == "RET-2"])
def test_metrics_that_say_something_of_a_person_or_an_utterance_tell_two_runs_apart(name, clauses):
    with Harness(ReferenceDriver(name), clauses) as harness:
        found = compare(harness)
    assert found.likeness is Likeness.APART and found.reason


def test_two_runs_of_the_honest_reference_look_alike(clauses):
    with Harness(ReferenceDriver(), clauses) as harness:
        assert compare(harness) == Comparison(Likeness.ALIKE)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.clause != "RET-2"])
def test_a_seeded_fault_is_caught_by_its_clause(name, clauses):
    with Harness(ReferenceDriver(name), clauses) as harness:
        run = harness.run(PROVOKED_BY.get(name, ()))
    assert FAULTS[name].clause in run.watch.violated, (run.dead, run.watch.violated, run.skipped)


def test_every_clause_that_an_implementation_can_break_has_a_fault(clauses):
    breakable = {c.id for c in clauses if c.monitor is not None}
    assert breakable == {f.clause for f in FAULTS.values()} & breakable
    assert len(FAULTS) >= 30


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
