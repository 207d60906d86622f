"""A small satellite of ours that speaks real Wyoming, one fault at a time: each is found without a hint from
the driver, in exactly its clause; the honest one breaks none but that its protocol is plain."""

from __future__ import annotations

import random
import shlex
import sys
from pathlib import Path

import pytest

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.run import clause_of
from earwitness.conformance.running.satellite_tour import (
    chapters_of,
    variants,
    was_tried,
)
from earwitness.conformance.stimuli.stimulus import Mute, Say
from earwitness.conformance.targets.entry_points import open_target
from earwitness.policies.pack import find

TINY = Path(__file__).with_name("tiny")
PLAIN = {"SAT-2.1"}
"""Wyoming has no encryption of its own."""

FAULTS = (
    ("mute-does-nothing", "muted", "MUT-1.1"),
    ("mute-waits-for-the-request", "muted in mid-request", "MUT-1.2"),
    ("anyone-unmutes", "muted and told to run by another", "MUT-2.2"),
    ("forgets-mute", "muted and restarted", "MUT-3.2"),
    ("server-restart-unmutes", "muted while its server restarts", "MUT-3.3"),
    ("sends-old-words-in-a-mute", "muted in mid-request", "MUT-4.1"),
    ("sends-old-words", "muted in mid-request", "MUT-4.2"),
    ("zeros-while-muted", "muted", "MUT-5.1"),
    ("goes-on-after-error", "with an error of its server", "SRV-1.1"),
    ("goes-on-in-silence", "with a silent server", "SRV-2.1"),
    ("goes-on-for-strangers", "while its server restarts", "SRV-3.1"),
    ("goes-on-for-strangers", "after its server a stranger", "SRV-4.1"),
    ("lets-second-client-listen", "with a second client", "SRV-5.1"),
    ("goes-on", "with a second client", "SAT-4.1"),
    ("keeps-recordings", "muted", "SAT-5.2"),
    ("stays-dark", "with a second client", "SAT-6.1"),
)
"""Each seeded fault, the chapter in which it must show, and the conjunct that it breaks."""
LEVELS = {
    "reads-while-muted": (3, "MUT-7.1"),
    "wakes-while-muted": (2, "MUT-6.1"),
}
"""Faults of a mute that are faults from that level on."""
FOUR = {
    "mute-waits-for-the-request": ("muted in mid-request", "MUT-1"),
    "goes-on-after-error": ("with an error of its server", "SRV-1"),
    "forgets-mute": ("muted and restarted", "MUT-3"),
    "goes-on-for-strangers": ("after its server a stranger", "SRV-4"),
}
"""What the broken one does wrong all at once, the chapter that shows it, and its clause."""
INSTANTS = 6
"""Seeds, each of which brings other instants: a window of half a second in a turn of five is met."""


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


@pytest.mark.parametrize(("fault", "chapter", "conjunct"), FAULTS)
def test_a_fault_is_found_in_exactly_its_clause(
    fault, chapter, conjunct, satellite, chapters
):
    found, run = broken(satellite, fault, chapters[chapter])
    assert found - PLAIN == {conjunct}, run.skipped


def test_the_honest_one_breaks_nothing_in_any_of_these(satellite, chapters):
    for name in sorted({chapter for _, chapter, _ in FAULTS}):
        found, run = broken(satellite, "", chapters[name])
        assert found <= PLAIN, (name, run.skipped)


@pytest.mark.parametrize(
    "way", ["another-form", "names-nothing", "says-more"]
)
def test_ways_in_which_versions_differ_change_no_verdict(
    way, satellite, chapters
):
    """Sound in another form, no names, messages that nobody knows, an empty info."""
    found, run = broken(satellite, way, chapters["muted in mid-request"])
    assert found <= PLAIN, run.skipped
    told = {o.event for o in run.trace if o.attributes.get("voice")}
    assert "stream.audio" in told
    fault = f"mute-does-nothing {way}"
    found, run = broken(satellite, fault, chapters["muted"])
    assert found - PLAIN == {"MUT-1.1"}, run.skipped


def clauses_broken(satellite, faults, chapters):
    """In the four chapters, by a satellite with all of these faults."""
    told = [
        broken(satellite, " ".join(faults), chapters[chapter])[0]
        for chapter, _ in FOUR.values()
    ]
    return {clause_of(name) for found in told for name in found - PLAIN}


@pytest.mark.parametrize("repair", ["", *FOUR])
def test_one_repair_at_a_time_differs_in_exactly_its_clause(
    repair, satellite, chapters
):
    faults = [fault for fault in FOUR if fault != repair]
    owed = {clause for fault, (_, clause) in FOUR.items() if fault != repair}
    assert clauses_broken(satellite, faults, chapters) == owed


def test_a_mute_that_is_lost_during_the_chime_is_found_by_its_instant(
    satellite,
):
    """The instant is no driver's hint: it varies with the seed, and one of a few meets the half second."""
    found = []
    for seed in range(INSTANTS):
        told = dict(chapters_of(satellite.hello, random.Random(seed)))
        steps = told["satellite muted around its wake word"]
        names, _ = broken(satellite, "mute-lost-in-the-chime", steps)
        found.append(names - PLAIN)
    assert {"MUT-1.2"} in found
    assert set().union(*found) == {"MUT-1.2"}


@pytest.mark.parametrize("fault", ["", *LEVELS])
def test_a_mute_is_judged_at_the_level_that_is_claimed(fault, tmp_path):
    level, conjunct = LEVELS.get(fault, (3, ""))
    for claimed in (level - 1, level):
        with opened(tmp_path, f"claims={claimed}") as claims:
            device = next(iter(claims.hello.devices))
            (claims.target.folder / "fault").write_text(fault)
            # What is said is what a wake word service would hear.
            steps = (Mute(device, True), Say(device, "chatter"))
            found = set(claims.run(steps, controls=False).violated())
        assert found == ({conjunct} if fault and claimed == level else set())
