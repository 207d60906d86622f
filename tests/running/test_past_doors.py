"""What leaves a cell other than by a door: it is read, counted, listed, and forbids a green."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from earwitness.conformance.running.circumstances import (
    UNEXPLAINED,
    clauses_about,
    doubt_of_what_left,
)
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.past_doors import (
    MOST_LETTERS_OF_NAMES,
    MOST_LISTED,
    UNDISCLOSED,
    PastDoors,
)
from earwitness.conformance.running.run import clause_of
from earwitness.conformance.stimuli.stimulus import Say
from earwitness.conformance.targets.cell import strongest_confinement
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import (
    TargetOptions,
    open_target,
)
from earwitness.conformance.targets.packets import NAMES
from earwitness.conformance.targets.traffic import FlowPiece

CLOUD = 8_443


@dataclass
class FakeCell:
    """Gives prepared pieces at each look."""

    pieces: list[FlowPiece] = field(default_factory=list)

    def take_flows(self):
        taken, self.pieces = self.pieces, []
        return taken


def piece(peer, protocol="udp", *, name="", local=False, content=b"sound"):
    return FlowPiece(
        number=0,
        peer=peer,
        name=name,
        protocol=protocol,
        local=local,
        content=content,
        size=len(content),
    )


def doors_after(*pieces):
    doors = PastDoors(FakeCell())
    doors.watch_cloud(CLOUD)
    doors.cell.pieces = list(pieces)
    return doors, doors.take()


def test_datagrams_to_whatever_ports_are_read_as_one_line():
    _, crossed = doors_after(
        piece("192.0.2.7:1"), piece("192.0.2.7:2"), piece("192.0.2.8:1")
    )
    assert len({c.line for c in crossed}) == 1
    assert not any(c.encrypted for c in crossed)


def test_a_peer_outside_is_a_finding_that_forbids_a_green_once():
    doors, _ = doors_after(piece("192.0.2.7:1"), piece("192.0.2.7:1"))
    (found,) = doors.findings()
    assert found.blocking and found.kind == UNDISCLOSED
    assert "192.0.2.7:1" in found.text


def test_of_very_many_peers_some_are_listed_and_the_others_counted():
    doors, _ = doors_after(
        *(piece(f"192.0.2.7:{n}") for n in range(MOST_LISTED + 3))
    )
    found = doors.findings()
    assert len(found) == MOST_LISTED + 1 and found[-1].text == "3 peers more"


def test_a_second_way_to_the_own_cloud_is_counted_and_no_finding():
    doors, crossed = doors_after(
        piece(f"127.0.0.1:{CLOUD}", "tcp", local=True)
    )
    assert [c.size for c in crossed] == [5] and doors.findings() == []


def test_what_processes_of_a_target_say_to_each_other_is_theirs():
    _, crossed = doors_after(piece("127.0.0.1:5000", "tcp", local=True))
    assert crossed == []


def test_some_names_may_be_looked_up_but_not_so_many_that_they_say_something():
    few, _ = doors_after(piece("127.0.0.1:53", NAMES, name="time.example"))
    assert [f.blocking for f in few.findings()] == [False]
    letters = "a" * (MOST_LETTERS_OF_NAMES + 1)
    many, crossed = doors_after(
        piece("127.0.0.1:53", NAMES, name=f"{letters}.example")
    )
    assert [f.blocking for f in many.findings()] == [True]
    assert crossed[0].content == letters.encode()


def test_an_unread_way_out_leaves_every_promise_about_sending_open(clauses):
    about = clauses_about(clauses, "stream.audio")
    assert {"WAKE-1", "IND-1", "STR-2"} <= set(about)
    assert "RET-2" not in about
    for kind in (UNDISCLOSED, UNEXPLAINED):
        assert doubt_of_what_left([Finding(kind, "x", blocking=True)])
        assert not doubt_of_what_left([Finding(kind, "x")])


@pytest.mark.skipif(
    strongest_confinement()[0] is not Confinement.SEALED,
    reason="this machine allows no cell",
)
def test_sound_in_datagrams_is_sound_that_was_sent(clauses):
    target = open_target("ref:liar/datagrams", TargetOptions(patience=300.0))
    with Harness(target, clauses) as harness:
        run = harness.run((Say("d1", "chatter"),), controls=False)
        found = harness.past_doors.findings()
    assert {"WAKE-1", "STR-2"} <= {clause_of(name) for name in run.violated()}
    assert [f.blocking for f in found] == [True]


def test_a_peer_that_was_declared_is_listed_and_forbids_nothing():
    doors = PastDoors(
        FakeCell(), frozenset({"time.example", "192.0.2.7:443"})
    )
    doors.cell.pieces = [
        piece("198.18.0.2:123", name="time.example"),
        piece("127.0.0.1:53", NAMES, name="time.example"),
        piece("192.0.2.7:443", "tcp"),
        piece("192.0.2.7:444", "tcp"),
    ]
    assert len(doors.take()) == 4
    blocking = [f.text for f in doors.findings() if f.blocking]
    listed = [f.text for f in doors.findings() if not f.blocking]
    assert len(blocking) == 1 and "192.0.2.7:444" in blocking[0]
    assert sorted(text.split()[0] for text in listed) == [
        "192.0.2.7:443",
        "time.example",
    ]
