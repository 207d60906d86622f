"""Drivers for other families, each against a small device that speaks the real protocol: the honest one passes
its control as witnessed, and a fault of it is found without a hint from the driver."""

from __future__ import annotations

import importlib.util
import random
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from test_satellite_faults import python_with_tiny

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.satellite_tour import chapters_of
from earwitness.conformance.stimuli.stimulus import Say
from earwitness.conformance.targets.entry_points import open_target
from earwitness.model.trace import Origin
from earwitness.policies.pack import find

HOUSE = Path(__file__).parents[2]
TINY = Path(__file__).with_name("tiny")


def lacks(*modules):
    return [m for m in modules if importlib.util.find_spec(m) is None]


def esphome(fault=""):
    device = TINY / "esphome_device.py"
    return f"esphome:{sys.executable} {device} {{microphone}} {{loudspeaker}} {fault}"


def hermes(folder, more=""):
    return f"hermes:{python_with_tiny(folder)} {more}"


def opened(target):
    return Harness(open_target(target), find("self-hosted-satellite").clauses)


def with_a_control(harness, chapter=""):
    told = chapters_of(harness.hello, random.Random(1))
    steps = next((s for name, s in told if name.endswith(chapter)), ())
    if not chapter:
        device = next(iter(harness.hello.devices))
        steps = (Say(device, "chatter"),)
    run = harness.run(steps)
    return run.dead, run.heard, {n.partition(".")[0] for n in run.violated()}


@pytest.mark.skipif(
    bool(lacks("aioesphomeapi")), reason="pip install 'earwitness[esphome]'"
)
@pytest.mark.parametrize(
    ("fault", "chapter", "broken"),
    [
        ("", "in mid-request", set()),
        ("mute-does-nothing", "in mid-request", {"MUT-1"}),
        # Ways in which devices and versions differ.
        (
            "names-no-phrase fetches-answer has-microphone-switch says-more",
            "in mid-request",
            set(),
        ),
    ],
)
def test_an_esphome_device_is_judged(fault, chapter, broken):
    with opened(esphome(fault)) as harness:
        dead, heard, found = with_a_control(harness, chapter)
    assert (dead, heard) == ("", Origin.WITNESSED)
    assert found == {"SAT-2"} | broken


@pytest.mark.skipif(
    bool(lacks("paho"))
    or shutil.which("mosquitto", path="/usr/sbin") is None,
    reason="pip install 'earwitness[hermes]' and apt-get install mosquitto",
)
@pytest.mark.parametrize(
    ("fault", "broken"), [("", set()), ("streams-always", {"SAT-4"})]
)
def test_hermes_services_are_judged(fault, broken, tmp_path):
    more = f"--fault {fault}" if fault else ""
    with opened(hermes(tmp_path, more)) as harness:
        dead, heard, found = with_a_control(harness)
    assert broken <= found
    if not fault:
        assert (dead, heard, found) == ("", Origin.WITNESSED, {"SAT-2"})


@pytest.fixture(scope="module")
def listener(tmp_path_factory):
    """One cell for all faults of the small listener of Open Voice OS, which it reads at each start."""
    script = python_with_tiny(tmp_path_factory.mktemp("ovos"))
    with opened(f"ovos:{script}") as harness:
        yield harness


def test_open_voice_os_is_heard_and_answered(listener):
    assert with_a_control(listener) == ("", Origin.WITNESSED, {"SAT-2"})


@pytest.mark.parametrize(
    ("fault", "chapter", "broken"),
    [
        ("mute-does-nothing", "satellite muted", {"MUT-1"}),
        ("forgets-mute", "muted and restarted", {"MUT-3"}),
        ("anyone-unmutes", "told to run by another", {"MUT-2"}),
    ],
)
def test_a_fault_in_open_voice_os_is_found_in_exactly_its_clause(
    fault, chapter, broken, listener
):
    told = dict(chapters_of(listener.hello, random.Random(1)))
    steps = next(s for name, s in told.items() if name.endswith(chapter))
    for seeded, owed in ((fault, broken), ("", set())):
        (listener.target.folder / "fault").write_text(seeded)
        run = listener.run(steps, controls=False)
        found = {n.partition(".")[0] for n in run.violated()}
        assert found - {"SAT-2"} == owed, run.skipped


@pytest.mark.skipif(shutil.which("node") is None, reason="node is missing")
def test_a_subject_is_a_folder_with_a_program_in_any_language(tmp_path):
    folder = tmp_path / "subject"
    shutil.copytree(HOUSE / "examples" / "subjects" / "wyoming", folder)
    text = (folder / "subject.yaml").read_text()
    python = shlex.quote(str(python_with_tiny(tmp_path)))
    (folder / "subject.yaml").write_text(text.replace("python3", python))
    with opened(f"subject:{folder}") as harness:
        dead, heard, found = with_a_control(harness, "in mid-request")
    assert (dead, heard, found) == ("", Origin.WITNESSED, {"SAT-2"})
