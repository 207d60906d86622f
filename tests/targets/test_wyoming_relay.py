"""A satellite and a server behind it, neither of them ours to tell: the driver sits between both, and what the
server does is seen as well."""

from __future__ import annotations

import random
import shlex
import sys
from pathlib import Path

import pytest
from test_satellite_faults import python_with_tiny

from earwitness.conformance.running.doctor import control_target
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.satellite_tour import chapters_of
from earwitness.conformance.stimuli.stimulus import Say
from earwitness.conformance.targets.entry_points import open_target
from earwitness.model.trace import Origin
from earwitness.policies.pack import find

SERVER = Path(__file__).with_name("tiny") / "wyoming_pipeline.py"

LEAVES = (
    "import socket, sys, time;"
    "socket.create_connection(('127.0.0.1', int(sys.argv[1]))).close(); time.sleep(60)"
)
"""A server that closes its connection at once."""


def relayed(folder, fault=""):
    words = [sys.executable, str(SERVER), "{satellite}", fault]
    server = shlex.join(word for word in words if word)
    return f"wyoming-relay:{python_with_tiny(folder)} -- {server}"


def judged(target, chapter=""):
    clauses = find("self-hosted-satellite").clauses
    opened = open_target(target)
    with Harness(opened, clauses) as harness:
        told = dict(chapters_of(harness.hello, random.Random(1)))
        steps = told.get(
            f"satellite {chapter}", (Say("satellite", "chatter"),)
        )
        run = harness.run(steps, controls=not chapter)
        flows = opened.cell.flows()
    found = {name.partition(".")[0] for name in run.violated()}
    return run, found - {"SAT-2"}, flows


def test_two_strangers_are_heard_and_answer(tmp_path):
    run, found, _ = judged(relayed(tmp_path))
    assert (run.dead, run.heard, found) == ("", Origin.WITNESSED, set())
    over = [seen for seen in run.trace if seen.event == "request.processed"]
    assert over and all(seen.origin is Origin.DEVICE for seen in over)


@pytest.mark.parametrize(
    ("fault", "broken"),
    [("", set()), ("restart-unmutes", {"MUT-3"})],
)
def test_a_server_that_unmutes_when_it_restarts_is_found(
    fault, broken, tmp_path
):
    _, found, _ = judged(
        relayed(tmp_path, fault), "muted while its server restarts"
    )
    assert found == broken


def test_what_a_server_keeps_is_found(tmp_path):
    _, found, _ = judged(relayed(tmp_path, "keeps-recordings"))
    assert found == {"SAT-5"}


def test_to_whom_else_a_server_sends_is_found(tmp_path):
    _, _, flows = judged(relayed(tmp_path, "sends-elsewhere"))
    elsewhere = [flow for flow in flows if flow.peer == "203.0.113.7:443"]
    assert sum(flow.bytes for flow in elsewhere) > 10_000


def test_a_server_that_is_not_named_or_ends_is_told_as_such(tmp_path):
    python = python_with_tiny(tmp_path)
    for words, told in {
        "": "write wyoming-relay:OPTIONS -- SERVER OPTIONS",
        " -- false": "its server ended with code 1",
        " -- /nowhere/server": "'/nowhere/server' cannot be started",
        f" -- {sys.executable} -c {shlex.quote(LEAVES)} {{satellite}}": "called and left at once",
    }.items():
        done = control_target(f"wyoming-relay:{python}{words}")
        assert told in done.failure
