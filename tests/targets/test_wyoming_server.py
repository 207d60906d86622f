"""A server as subject: how sound gets to it, what it keeps, to whom it sends; and a set-up that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwitness.conformance.running.doctor import control_target
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.stimuli.stimulus import Say
from earwitness.conformance.targets.entry_points import open_target
from earwitness.model.trace import Origin
from earwitness.policies.pack import find

HOUSE = Path(__file__).parents[2]
PYTHON = HOUSE / ".real-targets" / "wyoming" / "bin" / "python"
"""An interpreter with the protocol's own library."""
SERVER = Path(__file__).with_name("tiny") / "wyoming_server.py"
pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="scripts/real-targets wyoming installs it"
)


def target(more="", port="{port}"):
    return f"wyoming-server:{PYTHON} {SERVER} --uri tcp://127.0.0.1:{port} {more}"


@pytest.mark.parametrize(
    ("more", "broken"),
    [
        ("", {"SAT-2"}),
        ("--task wake", {"SAT-2"}),
        ("--fault keeps-recordings", {"SAT-2", "SAT-5"}),
    ],
)
def test_a_server_is_judged_by_what_it_keeps(more, broken):
    clauses = find("self-hosted-satellite").clauses
    with Harness(open_target(target(more)), clauses) as harness:
        run = harness.run((Say("satellite", "chatter"),))
    assert (run.dead, run.heard) == ("", Origin.WITNESSED)
    assert {n.partition(".")[0] for n in run.violated()} == broken


def test_what_a_server_sends_elsewhere_is_seen():
    opened = open_target(target("--fault sends-elsewhere"))
    with Harness(opened, ()) as harness:
        harness.run(())
        (sent,) = [
            flow
            for flow in opened.cell.flows()
            if flow.peer == "203.0.113.7:443"
        ]
        kinds = {finding.kind for finding in harness.past_doors.findings()}
    assert sent.bytes > 10_000 and kinds


@pytest.mark.parametrize(
    ("more", "port", "told"),
    [
        ("--fault deaf", "{port}", "sent no transcript"),
        ("--task tts", "{port}", "takes no sound; it can: tts"),
        ("", "10999", "somebody listens at 10999"),
        ("--no-such-option", "{port}", "ended by itself with code 2"),
    ],
)
def test_a_wrong_set_up_is_told_with_its_cause(more, port, told):
    assert told in control_target(target(more, port)).failure
