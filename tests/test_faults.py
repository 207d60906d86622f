"""The zoo: each seeded fault is caught by the clause it breaks; the honest reference raises no alarm."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwitness.conformance.running import paired_runs as noninterference
from earwitness.conformance.running.calibration import calibrate, listed, purpose
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.paired_runs import Comparison, Likeness, compare
from earwitness.conformance.running.search import shrink, tour
from earwitness.conformance.stimuli.stimulus import Kill, Press, Say, SetTone
from earwitness.conformance.targets.reference import ReferenceTarget
from earwitness.policies.pack import Kind
from earwitness.reference_impl.faults.zoo import FAULTS

D = "d1"


def test_two_runs_of_the_honest_reference_look_alike(clauses):
    with Harness(ReferenceTarget(), clauses) as harness:
        assert compare(harness) == Comparison(Likeness.ALIKE)


def test_two_runs_that_say_the_same_or_are_not_understood_show_nothing(clauses, monkeypatch):
    with Harness(ReferenceTarget(), clauses) as harness:
        for one, other in ((("seattle",), ("seattle",)), (("chatter",), ("quiet",))):
            monkeypatch.setattr(noninterference, "ONE", one)
            monkeypatch.setattr(noninterference, "OTHER", other)
            assert compare(harness).likeness is Likeness.UNKNOWN


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_caught_by_its_clause(name, clauses):
    caught = calibrate(name, clauses)
    assert caught.noticed and caught.clause == FAULTS[name].clause, caught


def test_every_clause_that_an_implementation_can_break_has_a_fault(clauses):
    breakable = {c.id for c in clauses if c.kind is not Kind.ENABLED}
    assert breakable == {f.clause for f in FAULTS.values()} & breakable
    assert len(FAULTS) >= 30


def test_the_honest_reference_raises_no_alarm_and_every_clause_is_exercised(clauses):
    with Harness(ReferenceTarget(), clauses) as harness:
        run = harness.run(tour(tuple(harness.hello.devices)))
    assert run.watch.violated == () and not run.dead
    assert [i for i, record in run.watch.records.items() if not record.exercised or record.pending] == []
    assert run.voice > 100 and {f.category for f in run.stores.finds} == {"transcript"}


def test_a_failure_shrinks_and_still_violates(clauses):
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


def test_the_page_lists_every_fault_as_noticed():
    page = (Path(__file__).parents[1] / "docs" / "faults.md").read_text()
    assert (
        all(f"| `{name}` | {purpose(name)} | {fault.clause} |" in page for name, fault in FAULTS.items())
        and "not noticed" not in page
    )
    assert page.startswith(listed(()).rstrip())
