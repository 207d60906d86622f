"""What nobody declared is listed, what was declared is not, and witnesses say beforehand what they can
see."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from earwitness.conformance.witnesses.completeness import (
    Looking,
    undisclosed_files,
    undisclosed_flows,
    undisclosed_listeners,
    undisclosed_names,
    undisclosed_processes,
)
from earwitness.conformance.witnesses.doors import Connection
from earwitness.conformance.witnesses.processes import (
    ProcessSeen,
    holders_of,
    processes_below,
)
from earwitness.conformance.witnesses.witness import (
    CapabilityWitness,
    Witness,
    WitnessError,
    installed_witnesses,
    witnessed_events,
)
from earwitness.model.vocabulary import vocabulary


@dataclass(frozen=True)
class Flow:
    peer: str
    name: str = ""
    protocol: str = "tcp"
    bytes: int = 10
    refused: bool = True
    local: bool = False


def told(found):
    return [each.sentence for each in found]


def test_peers_and_names_past_the_doors_are_listed_once():
    flows = [
        Flow("10.0.0.9:443", "ads.example"),
        Flow("10.0.0.9:443", "ads.example"),
        Flow("198.18.0.1:53", "they-said-yes.example", "dns"),
        Flow("127.0.0.1:5000", local=True),
        Flow("10.0.0.1:443", "cloud.example"),
    ]
    assert told(undisclosed_flows(flows, {"cloud.example"})) == [
        "peer ads.example at 10.0.0.9:443 (tcp, 10 bytes, refused)",
        "name looked up they-said-yes.example",
    ]


def test_server_names_files_and_processes_that_nobody_declared_are_listed():
    connections = [
        Connection(
            number=n,
            device="d1",
            door="cloud",
            peer="",
            opened=0,
            server_name=name,
        )
        for n, name in enumerate(("cloud.example", "other.example", ""))
    ]
    assert told(undisclosed_names(connections, {"cloud.example"})) == [
        "server name other.example (asked for by d1)"
    ]
    files = ["/data/d1/a", "/data/d10/b", "/tmp/c", "/data/d1"]
    assert told(undisclosed_files(files, ["/data/d1/"])) == [
        "file /data/d10/b",
        "file /tmp/c",
    ]
    processes = [
        ProcessSeen(1, 0, "./device --fast"),
        ProcessSeen(2, 1, "curl http://x"),
    ]
    assert told(undisclosed_processes(processes, ["./device"])) == [
        "process curl http://x"
    ]
    assert told(undisclosed_listeners(processes, {1})) == [
        "sensor microphone (held open by curl http://x)"
    ]


def test_how_hard_we_looked_is_said():
    looked = Looking(
        runs=12,
        minutes=3.25,
        doors=2,
        confinement="sealed",
        gaps=("content of pinned TLS",),
    )
    assert (
        looked.sentence
        == "12 runs, 3.2 minutes, 2 doors, sealed; not seen: content of pinned TLS"
    )


def test_who_holds_the_microphone_is_found(tmp_path):
    pipe = tmp_path / "microphone"
    os.mkfifo(pipe)
    ours = os.open(pipe, os.O_RDWR)
    program = "import os, sys; os.open(sys.argv[1], os.O_RDONLY); print('ready', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, str(pipe)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"ready\n"
        assert [
            process.number for process in holders_of(pipe, {os.getpid()})
        ] == [holder.pid]
        assert holder.pid in {
            process.number for process in processes_below(os.getpid())
        }
        holder.stdin.close()
    assert holders_of(pipe, {os.getpid()}) == []
    assert holders_of(tmp_path / "nothing") == []
    os.close(ours)


def test_installed_witnesses_speak_of_events_in_the_vocabulary():
    witnesses = installed_witnesses()
    assert {"microphone", "loudspeaker", "display", "relay", "files"} <= set(
        witnesses
    )
    everything = set(vocabulary().capabilities)
    for witness in witnesses.values():
        assert witness.sees and witness.events(everything, True) <= set(
            vocabulary().events
        )


def test_what_can_be_seen_depends_on_capabilities_and_confinement():
    assert witnessed_events({"microphone"}, False) == {
        "audio.captured": ("microphone",),
        "microphone.power": ("microphone",),
    }
    assert witnessed_events((), True) == {"record.found": ("files",)}
    assert "stream.audio" in witnessed_events({"route"}, True)


class _Entry:
    name, value = "strange", "strange:witness"

    def __init__(self, loaded):
        self.loaded = loaded

    def load(self):
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


@pytest.mark.parametrize("loaded", [ImportError("no module"), object()])
def test_a_witness_that_cannot_be_used_is_named(monkeypatch, loaded):
    monkeypatch.setattr(
        "earwitness.conformance.witnesses.witness.entry_points",
        lambda group: [_Entry(loaded)],
    )
    with pytest.raises(WitnessError, match="strange"):
        installed_witnesses()


def test_a_strangers_witness_is_one():
    assert isinstance(
        CapabilityWitness("x", "sees x", "screen", frozenset({"screen"})),
        Witness,
    )
