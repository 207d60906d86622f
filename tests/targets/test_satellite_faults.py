"""A small satellite of ours that speaks real Wyoming, one fault at a time: each is found without a hint from
the driver, in exactly its clause; the honest one breaks none but that its protocol is plain."""

from __future__ import annotations

import random
import shlex
import sys
from pathlib import Path

import pytest

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.satellite_tour import (
    chapters_of,
    variants,
    was_tried,
)
from earwitness.conformance.stimuli.stimulus import Mute, Wait
from earwitness.conformance.targets.entry_points import open_target
from earwitness.policies.pack import find

TINY = Path(__file__).with_name("tiny")
PLAIN = {"SAT-2.1"}
"""Wyoming has no encryption of its own."""

FAULTS = {
    "mute-does-nothing": ("muted", "MUT-1.1"),
    "mute-waits-for-the-request": ("muted in mid-request", "MUT-1.2"),
    "anyone-unmutes": ("muted and told to run by another", "MUT-2.2"),
    "forgets-mute": ("muted and restarted", "MUT-3.2"),
    "server-restart-unmutes": ("muted while its server restarts", "MUT-3.3"),
    "sends-old-words": ("muted in mid-request", "MUT-4.2"),
    "zeros-while-muted": ("muted", "MUT-5.1"),
    "goes-on-after-error": ("with an error of its server", "SRV-1.1"),
    "goes-on-in-silence": ("with a silent server", "SRV-2.1"),
    "goes-on-for-strangers": ("after its server a stranger", "SRV-4.1"),
    "lets-second-client-listen": ("with a second client", "SRV-5.1"),
    "goes-on": ("with a second client", "SAT-4.1"),
    "keeps-recordings": ("muted", "SAT-5.2"),
}
"""Each seeded fault, the chapter in which it must show, and the conjunct that it breaks."""


def python_with_tiny(folder, fault=""):
    """An interpreter that finds the small satellite under the name of the real one."""
    script = folder / "python"
    exports = f"PYTHONPATH={shlex.quote(str(TINY))} TINY_FAULT={fault}"
    script.write_text(
        f'#!/bin/sh\n{exports} exec {shlex.quote(sys.executable)} "$@"\n'
    )
    script.chmod(0o755)
    return script


def opened(folder, more):
    script = python_with_tiny(folder)
    clauses = find("self-hosted-satellite").clauses
    return Harness(open_target(f"wyoming:{script} {more}"), clauses)


@pytest.fixture(scope="module")
def satellite(tmp_path_factory):
    """One cell for all faults: the satellite reads which it has at each start."""
    with opened(tmp_path_factory.mktemp("tiny"), "") as harness:
        yield harness


@pytest.fixture(scope="module")
def chapters(satellite):
    told = chapters_of(satellite.hello, random.Random(7))
    return {name.removeprefix("satellite "): steps for name, steps in told}


def broken(satellite, fault, steps):
    (satellite.target.folder / "fault").write_text(fault)
    for tried in variants(steps):
        run = satellite.run(tried, controls=False)
        assert run.dead == ""
        if was_tried(run):
            return set(run.violated()), run
    raise AssertionError("no request was heard in any voice")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_in_exactly_its_clause(fault, satellite, chapters):
    chapter, conjunct = FAULTS[fault]
    found, run = broken(satellite, fault, chapters[chapter])
    assert found - PLAIN == {conjunct}, run.skipped


def test_the_honest_one_breaks_nothing_in_any_of_these(satellite, chapters):
    for name in sorted({chapter for chapter, _ in FAULTS.values()}):
        found, run = broken(satellite, "", chapters[name])
        assert found <= PLAIN, (name, run.skipped)


@pytest.mark.parametrize("fault", ["", "reads-while-muted"])
def test_a_mute_is_judged_at_the_level_that_is_claimed(fault, tmp_path):
    with opened(tmp_path, "claims=3") as claims:
        device = next(iter(claims.hello.devices))
        (claims.target.folder / "fault").write_text(fault)
        steps = (Mute(device, True), Wait(device, 3_000_000))
        found = set(claims.run(steps, controls=False).violated())
    assert found == ({"MUT-7.1"} if fault else set())
