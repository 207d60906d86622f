"""Targets that misbehave: each gets one clear sentence and its own exit code, none a pass, none a hang."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from earwitness.conformance.evidence.schemas import bundle_schemas
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.stimuli.stimulus import (
    Press,
    Say,
    from_json,
    to_json,
)
from earwitness.conformance.targets.entry_points import (
    TargetOptions,
    open_target,
)
from earwitness.conformance.targets.process import ProcessTarget
from earwitness.conformance.targets.protocol import TargetError

IMPOSTOR = Path(__file__).with_name("impostor.py")


def drive(way, clauses):
    with Harness(
        ProcessTarget(
            f"{sys.executable} {IMPOSTOR} {way}", TargetOptions(patience=2.0)
        ),
        clauses,
    ) as harness:
        return harness.run((Say("d1", "quiet"),))


@pytest.mark.parametrize(
    ("way", "part"),
    [
        ("dies", "died"),
        ("hangs", "silent"),
        ("noise", "not JSON"),
        ("binary", "not JSON in UTF-8"),
        ("long", "line of over"),
        ("flood", "floods"),
        ("wrong-id", "answered request"),
        ("unknown-event", "Did you mean 'tick'?"),
        ("backwards", "goes backwards"),
        ("perjury", "only the harness may"),
        ("open-outcome", "left open"),
    ],
)
def test_a_misbehaving_target_cannot_be_driven(way, part, clauses):
    try:
        reason = drive(way, clauses).dead
    except TargetError as error:
        reason = str(error)
    assert part in reason


def test_a_target_that_does_nothing_keeps_every_prohibition_and_still_does_not_pass(
    clauses,
):
    run = drive("idle", clauses)
    assert run.violated() == ()
    assert "positive control before the run failed" in run.dead


@pytest.mark.parametrize(
    "target",
    [
        "",
        "ref:honest",
        "exec:",
        "exec:/no/such/program",
        "ref:faulty/streams-when-mutd",
        "ftp:x",
    ],
)
def test_a_target_that_is_none_is_named(target):
    with pytest.raises(TargetError):
        open_target(target)


def test_the_reference_over_standard_input_and_output(clauses):
    with Harness(
        ProcessTarget(
            f"{sys.executable} -m earwitness.reference_impl.session"
        ),
        clauses,
    ) as harness:
        run = harness.run((Press("d1", "microphone"), Say("d1", "weather")))
    assert run.violated() == () and not run.dead
    assert run.exercised("MIC-3") and run.voice > 20


SCENARIO = Draft202012Validator(bundle_schemas()["scenario"])


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"do": "dance"},
        {"do": "say"},
        {"do": "say", "device": 1, "clip": "x"},
        {"do": "wait", "device": "d1", "microseconds": True},
        {"do": "say", "device": "d1", "clip": "x", "surprise": 1},
    ],
)
def test_a_wrong_stimulus_is_refused(entry):
    with pytest.raises(ValueError, match=r"."):
        from_json(entry)
    assert not SCENARIO.is_valid([entry])
    assert from_json(to_json(Say("d1", "weather"))) == Say("d1", "weather")
    assert SCENARIO.is_valid([to_json(Say("d1", "weather"))])
