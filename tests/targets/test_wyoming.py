"""A Wyoming satellite is judged: a tiny one of ours, one fault at a time, and the real one where it is
installed."""

from __future__ import annotations

import random
import socket
from pathlib import Path

import pytest
from test_satellite_faults import python_with_tiny

from earwitness.conformance.running.doctor import control_target
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.satellite_tour import (
    chapters_of,
    variants,
    was_tried,
)
from earwitness.conformance.stimuli.stimulus import Kill, Say
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import open_target
from earwitness.conformance.targets.protocol import TargetError
from earwitness.conformance.targets.subjects.wyoming_link import (
    WyomingLink,
    read_messages,
)
from earwitness.model.trace import Origin
from earwitness.policies.pack import find

HOUSE = Path(__file__).parents[2]
REAL = HOUSE / ".real-targets" / "wyoming" / "bin" / "python"
D = "satellite"


def tiny(tmp_path, fault=""):
    """The small satellite under the name of the real one."""
    return f"wyoming:{python_with_tiny(tmp_path, fault)}"


def run_with(target, clauses, *steps):
    opened = open_target(target)
    with Harness(opened, clauses) as harness:
        run = harness.run(steps)
        return run, opened.cell.flows() if opened.cell is not None else ()


def test_an_honest_satellite_is_heard_on_the_wire(tmp_path, clauses):
    run, flows = run_with(
        tiny(tmp_path), clauses, Say(D, "chatter"), Kill(D), Say(D, "weather")
    )
    assert run.dead == "" and run.heard is Origin.WITNESSED
    sent = [seen for seen in run.trace if seen.event == "stream.audio"]
    assert len(sent) > 20 and all(
        seen.origin is Origin.WITNESSED for seen in sent
    )
    # It speaks plain; what it may not send or keep it does not.
    found = {name.partition(".")[0] for name in run.violated()}
    assert found == {"STR-2"}
    assert not [
        flow for flow in flows if flow.refused and flow.protocol != "dns"
    ]


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("streams-always", "WAKE-1"),
        ("keeps-recordings", "RET-1"),
        ("second-server", ""),
    ],
)
def test_a_fault_of_a_satellite_is_found_without_a_hint_from_its_driver(
    fault, broken, tmp_path, clauses
):
    run, flows = run_with(tiny(tmp_path, fault), clauses, Say(D, "chatter"))
    if broken:
        assert broken in {name.partition(".")[0] for name in run.violated()}
    else:
        strangers = [flow for flow in flows if flow.peer == "203.0.113.7:443"]
        assert sum(flow.bytes for flow in strangers) > 10_000


def test_a_satellite_that_is_not_there_is_told(tmp_path):
    with pytest.raises(TargetError, match="scripts/real-targets wyoming"):
        open_target(f"wyoming:{tmp_path / 'python'}")


def test_a_satellite_that_does_not_start_is_told_with_its_last_words(
    tmp_path,
):
    script = tmp_path / "python"
    script.write_text(
        "#!/bin/sh\necho no module named wyoming_satellite >&2; exit 1\n"
    )
    script.chmod(0o755)
    done = control_target(f"wyoming:{script}")
    assert "ended by itself with code 1" in done.failure


def test_a_satellite_that_asks_whether_its_server_lives_is_answered():
    """Later versions leave one that does not answer, whatever the driver does just then."""
    ours, theirs = socket.socketpair()
    WyomingLink(ours, lambda work: None, lambda link, said: None)
    theirs.sendall(b'{"type": "ping", "data": {"text": "there?"}}\n')
    theirs.settimeout(5)
    with theirs.makefile("rb") as stream:
        said = next(read_messages(stream))
    assert (said.kind, said.data) == ("pong", {"text": "there?"})


needs_real = pytest.mark.skipif(
    not REAL.exists(), reason="scripts/real-targets wyoming installs it"
)
IN_1_0_0 = {
    "muted": {"MUT-1"},
    "with an error of its server": {"SRV-1"},
    "after its server a stranger": {"SRV-4"},
    "with a second client": set(),
}
"""What wyoming-satellite 1.0.0 does in this set-up, by chapter."""


@needs_real
def test_what_the_real_satellite_does_is_found_without_a_hint():
    clauses = find("self-hosted-satellite").clauses
    with Harness(open_target(f"wyoming:{REAL}"), clauses) as harness:
        told = dict(chapters_of(harness.hello, random.Random(1)))
        for chapter, broken in IN_1_0_0.items():
            for steps in variants(told[f"{D} {chapter}"]):
                run = harness.run(steps, controls=False)
                found = {n.partition(".")[0] for n in run.violated()}
                if was_tried(run):
                    break
            assert found - {"SAT-2"} == broken, chapter


@needs_real
def test_the_real_satellite_passes_its_control_in_a_cell():
    done = control_target(f"wyoming:{REAL}")
    assert (done.name, done.version, done.failure) == (
        "wyoming-satellite",
        "1.0.0",
        "",
    )
    assert (
        done.heard is Origin.WITNESSED
        and done.confinement is not Confinement.FENCED
    )
