"""More instances of a target whose time is real share the chapters of its tour; a violation stops nothing, and
what is still to be shortened comes last."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from earwitness.conformance.running.beside import Telling
from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.chapters import (
    Chapter,
    read_chapters,
)
from earwitness.conformance.running.check_session import CheckSession
from earwitness.conformance.running.companions import (
    CompanionOrder,
    Told,
    claim,
    keep_company,
)
from earwitness.conformance.running.conduct import unknown_yet
from earwitness.conformance.running.examination import Plan, examine
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.served_conductor import ServedConductor
from earwitness.conformance.running.stores import NOTHING
from earwitness.conformance.running.tally import ConjunctTally
from earwitness.conformance.targets.entry_points import (
    OpenedTarget,
    TargetOptions,
)
from earwitness.conformance.targets.protocol import TargetError
from earwitness.policies.pack import find

TINY = Path(__file__).parents[1] / "targets" / "tiny"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An interpreter with the small satellite of ours, whose mute does nothing."""
    script = tmp_path_factory.mktemp("tiny") / "python"
    exports = (
        f"PYTHONPATH={shlex.quote(str(TINY))} TINY_FAULT=mute-does-nothing"
    )
    script.write_text(
        f'#!/bin/sh\n{exports} exec {shlex.quote(sys.executable)} "$@"\n'
    )
    script.chmod(0o755)
    return f"wyoming:{script}"


@pytest.fixture(scope="module")
def clauses():
    return find("self-hosted-satellite").clauses


def test_a_companion_takes_the_chapters_that_nobody_took(
    python, clauses, tmp_path
):
    with OpenedTarget(python, TargetOptions()) as opened:
        chapters = read_chapters(opened.hello, seed=3)
    # All but one.
    taken = [c for c in chapters if c.name != "satellite muted"]
    assert taken and all(claim(tmp_path, chapter) for chapter in taken)
    assert not claim(tmp_path, taken[0])
    told = []
    keep_company(
        CompanionOrder(
            target=python,
            options=TargetOptions(),
            clauses=clauses,
            seed=3,
            budget=Budget(60),
            sequences=0,
            claims=tmp_path,
            number=1,
        ),
        told.append,
    )
    assert [t.chapter for t in told if t.chapter] == ["satellite muted"]
    violated = {name for t in told if t.run for name in t.run.violated()}
    assert "MUT-1.1" in violated
    assert not any(t.run.dead for t in told if t.run)


def test_a_check_of_a_minute_does_all_chapters_first_and_ends(
    python, clauses
):
    lines = []
    pack = find("self-hosted-satellite")
    found = examine(
        python, [pack], Plan(examples=1, budget=60, seed=3), tell=lines.append
    )
    with OpenedTarget(python, TargetOptions()) as opened:
        chapters = read_chapters(opened.hello, seed=3)
    tried = [line for line in lines if line.startswith("tried ")]
    assert sorted(tried) == sorted(f"tried {c.name}" for c in chapters)
    shortened = [
        at for at, line in enumerate(lines) if line.startswith("looking")
    ]
    assert all(at > lines.index(tried[-1]) for at in shortened)
    violated = {r.id for r in found.results if r.verdict.value == "violated"}
    assert {"MUT-1", "SAT-2"} <= violated
    assert set(found.session.failures) == violated
    assert len(found.session.runs) > len(chapters)


class CountToThree:
    """Picklable, and known to the process beside."""

    def __reduce__(self):
        return eval, ("lambda tell: [tell(n) for n in range(3)] and None",)


def heard(telling):
    told = []
    while not telling.is_over:
        said = telling.next_told(10)
        if said is not None:
            told.append(said)
    return told


def test_what_is_told_beside_is_heard_as_it_comes_and_to_the_end():
    with Telling(CountToThree(), name="a counter") as telling:
        assert heard(telling) == [0, 1, 2]
        assert telling.next_told() is None


def test_one_that_is_killed_in_between_is_over():
    with Telling(Sleeper(), name="a sleeper") as telling:
        assert telling.next_told(10) == os.getpid()
        telling.stop()
        assert heard(telling) == []


class Sleeper:
    """Tells the process that began it, and then nothing."""

    def __reduce__(self):
        code = (
            "lambda tell: (tell(__import__('os').getppid()),"
            " __import__('time').sleep(60)) and None"
        )
        return eval, (code,)


class Failing:
    def __reduce__(self):
        code = (
            "lambda tell: (tell(1), (_ for _ in ()).throw(__import__("
            "'earwitness.conformance.targets.protocol',"
            " fromlist=['TargetError']).TargetError('it broke')))"
        )
        return eval, (code,)


def test_why_one_could_not_go_on_is_told_after_what_it_told():
    with Telling(Failing(), name="one that fails") as telling:
        assert telling.next_told(10) == 1
        with pytest.raises(TargetError, match="it broke"):
            telling.next_told(10)
        assert telling.is_over


def taken(run, answers_again):
    """What comes of a run on a device that answered before, and answers, or does not, when it starts again."""
    later = replace(run, dead="" if answers_again else "still dead")
    session = CheckSession(hello=None, runs=[run], purposes=["tour"])
    ServedConductor(
        harness=SimpleNamespace(broken="", run=lambda steps: later),
        session=session,
        plan=None,
        tell=lambda line: None,
        keep=lambda number, trace: None,
        is_chosen=lambda clause: False,
        enough=frozenset(),
    ).take(run, "tour: a chapter")
    return session


DEAD = Run(scenario=(), trace=(), tally={}, stores=NOTHING, dead="no answer")


def test_a_device_that_works_when_it_starts_again_is_no_dead_one():
    session = taken(DEAD, answers_again=True)
    assert session.dead == "" and len(session.runs) == 1
    (finding,) = session.findings
    assert finding.kind == "not healed" and finding.blocking
    assert "no answer" in finding.text


def test_one_that_does_not_is_dead():
    session = taken(DEAD, answers_again=False)
    assert session.dead == "no answer" and not session.findings


def conductor_of(harness, plan=None):
    return ServedConductor(
        harness=harness,
        session=CheckSession(hello=None),
        plan=plan,
        tell=lambda line: None,
        keep=lambda number, trace: None,
        is_chosen=lambda clause: False,
        enough=frozenset(),
    )


def test_what_was_violated_before_an_instance_beside_died_is_kept():
    answered = replace(DEAD, dead="")
    conductor = conductor_of(
        SimpleNamespace(broken="", run=lambda steps: answered)
    )
    violated = replace(DEAD, tally={"MUT-1.1": ConjunctTally(violated_at=0)})
    conductor.take_told(Told("tour: a chapter", violated))
    assert [list(run.violated()) for run in conductor.session.runs] == [
        ["MUT-1.1"],
        [],
    ]
    assert not conductor.session.dead


def test_a_chapter_for_which_no_time_is_left_forbids_a_green():
    spent = Budget(0)
    conductor = conductor_of(SimpleNamespace(broken="", budget=spent))
    conductor.try_chapter(Chapter(0, "a chapter", ()))
    (finding,) = conductor.session.findings
    assert finding.blocking and "a chapter" in finding.text


def test_a_peer_that_another_instance_alone_spoke_to_forbids_a_green():
    names = Finding("undisclosed", "2 names were looked up: a, b")
    peer = Finding("undisclosed", "it spoke to 192.0.2.1:9", blocking=True)
    more = Finding("undisclosed", "3 names were looked up: a, b, c")
    assert unknown_yet([more, peer, names], [names]) == [peer]
    assert unknown_yet([peer], [peer]) == []


class Crashing:
    def __reduce__(self):
        return eval, ("lambda tell: 1 / 0",)


def test_a_fault_of_our_own_is_not_taken_for_the_end_of_the_work():
    with (
        Telling(Crashing(), name="one that crashes") as telling,
        pytest.raises(TargetError, match="ended with code 1"),
    ):
        heard(telling)
