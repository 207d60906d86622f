"""What was seen and nobody declared, with how hard we looked: an empty list is worth only as much as the
looking."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from earwitness.conformance.witnesses.doors import Connection
from earwitness.conformance.witnesses.processes import ProcessSeen


class UndisclosedKind(Enum):
    PEER = "peer"
    """Somebody else was spoken to, or tried."""
    NAME = "name looked up"
    SERVER_NAME = "server name"
    """A door was asked for a server that is not behind it."""
    FILE = "file"
    """Something was written outside the declared data paths."""
    PROCESS = "process"
    SENSOR = "sensor"
    """A process that is none of the device's holds its microphone open."""


@dataclass(frozen=True, slots=True)
class Undisclosed:
    """One thing that nobody declared."""

    kind: UndisclosedKind
    what: str
    detail: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.kind.value} {self.what}" + (
            f" ({self.detail})" if self.detail else ""
        )


@dataclass(frozen=True, slots=True)
class Looking:
    """How hard we looked: runs, minutes of the devices' time, doors watched, and the confinement in words.
    `gaps` are what was not seen."""

    runs: int
    minutes: float
    doors: int
    confinement: str
    gaps: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        looked = f"{self.runs} runs, {self.minutes:.1f} minutes, {self.doors} doors, {self.confinement}"
        return looked + (
            f"; not seen: {'; '.join(self.gaps)}" if self.gaps else ""
        )


@dataclass(frozen=True, slots=True)
class Completeness:
    """What was found, and by what looking."""

    found: tuple[Undisclosed, ...]
    looking: Looking


class FlowLike(Protocol):
    """Bytes to one peer, as the cell counts them."""

    @property
    def peer(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def refused(self) -> bool: ...
    @property
    def local(self) -> bool: ...


NAME_LOOKUP = "dns"
"""The protocol of a flow that asks for a name."""


def undisclosed_flows(
    flows: Iterable[FlowLike], declared_peers: Collection[str] = ()
) -> list[Undisclosed]:
    """Flows that went past the doors. A peer is declared by its address and port, its address, or its
    name."""
    found = []
    for flow in flows:
        host = flow.peer.rpartition(":")[0]
        if flow.local or {flow.peer, host, flow.name} & set(declared_peers):
            continue
        if flow.protocol == NAME_LOOKUP:
            found.append(
                Undisclosed(UndisclosedKind.NAME, flow.name or flow.peer)
            )
            continue
        what = f"{flow.name} at {flow.peer}" if flow.name else flow.peer
        outcome = "refused" if flow.refused else "carried"
        found.append(
            Undisclosed(
                UndisclosedKind.PEER,
                what,
                f"{flow.protocol}, {flow.bytes} bytes, {outcome}",
            )
        )
    return _each_once(found)


def undisclosed_names(
    connections: Iterable[Connection], declared_names: Collection[str]
) -> list[Undisclosed]:
    """Servers that were asked for at a door and are not behind it."""
    return _each_once(
        Undisclosed(
            UndisclosedKind.SERVER_NAME,
            connection.server_name,
            f"asked for by {connection.device}",
        )
        for connection in connections
        if connection.server_name
        and connection.server_name not in declared_names
    )


def undisclosed_files(
    names: Iterable[str], declared_paths: Collection[str]
) -> list[Undisclosed]:
    """Files that lie neither at nor below a declared path."""
    roots = [path.rstrip("/") for path in declared_paths if path]
    return _each_once(
        Undisclosed(UndisclosedKind.FILE, name)
        for name in names
        if not any(
            name == root or name.startswith(root + "/") for root in roots
        )
    )


def undisclosed_processes(
    processes: Iterable[ProcessSeen], declared_commands: Collection[str]
) -> list[Undisclosed]:
    """Processes whose command begins as no declared one does."""
    return _each_once(
        Undisclosed(
            UndisclosedKind.PROCESS, process.command or str(process.number)
        )
        for process in processes
        if not any(
            process.command.startswith(command)
            for command in declared_commands
            if command
        )
    )


def undisclosed_listeners(
    holders: Iterable[ProcessSeen], devices: Collection[int]
) -> list[Undisclosed]:
    """Processes that hold the microphone open and belong to no device."""
    return _each_once(
        Undisclosed(
            UndisclosedKind.SENSOR,
            "microphone",
            f"held open by {holder.command or holder.number}",
        )
        for holder in holders
        if holder.number not in devices
    )


def _each_once(found: Iterable[Undisclosed]) -> list[Undisclosed]:
    return list(dict.fromkeys(found))
