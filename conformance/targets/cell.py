"""The cell: where a target runs so that no byte and no file escapes unseen.

    with Cell.start(["./device"]) as cell:
        door = cell.listen()                       # a listening socket in the cell's network, for the relay
        cloud = cell.connect("127.0.0.1", 8443)    # from outside into the cell
        with cell.frozen():
            written = list(cell.found_files())     # everything written anywhere since the start
        cell.flows()                               # what tried to leave other than by a door

Where the machine does not allow it the target runs as an ordinary process, `level` says so and `why` tells
the reason; what rests on the cell is then not witnessed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.doorman_call import (
    TOOLS_PATH,
    CellError,
    DoormanCall,
)
from earwitness.conformance.targets.protocol import TargetError
from earwitness.conformance.targets.traffic import (
    Flow,
    FlowPiece,
    NoTraffic,
    Traffic,
)
from earwitness.conformance.witnesses.files import MOST_FILES

if TYPE_CHECKING:
    from earwitness.conformance.targets.doorman.messages import ListedFile


LARGEST_FILE = 64 << 20
"""Bytes of one file that are read: half an hour of sound."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """Something that was written since the target started. `content` is None where it could not be read;
    `reason` says why."""

    name: str
    content: bytes | None
    reason: str = ""


class Cell:
    """A target's processes, and everything they can reach. Made by `start`; close it, or use it in a
    `with`."""

    def __init__(
        self,
        doorman: DoormanCall,
        level: Confinement,
        why: str,
        traffic: Traffic | NoTraffic,
    ) -> None:
        self._doorman, self._traffic = doorman, traffic
        self.level, self.why = level, why
        self.stdin, self.stdout = doorman.stdin, doorman.stdout
        self._closed = False

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        folders: Sequence[tuple[Path, bool]] = (),
        env: Mapping[str, str] | None = None,
        confinement: Confinement = Confinement.SEALED,
    ) -> Cell:
        """Start the program in the firmest cell that the machine and `confinement` allow. `folders` are shown
        at their own paths, writable where true. Raises TargetError where the program cannot be started at
        all."""
        if not argv:
            raise TargetError("no program is named")
        if shutil.which(argv[0]) is None:
            raise TargetError(
                f"'{argv[0]}' cannot be started: there is no such program, or it may not be run"
            )
        level, why = (
            (confinement, "asked for")
            if confinement is Confinement.OPEN
            else strongest_confinement()
        )
        sealed = level is Confinement.SEALED
        try:
            return _start_cell(
                argv=tuple(argv),
                folders=tuple(folders),
                env=dict(env or {}),
                sealed=sealed,
                why=why,
            )
        except CellError as error:
            raise TargetError(
                f"'{' '.join(argv)}' cannot be started: {error}"
            ) from None

    def __enter__(self) -> Cell:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def error_tail(self) -> str:
        """The last that the target wrote to standard error."""
        return self._doorman.error_tail()

    def error_content(self) -> bytes:
        """The same as bytes: what is written there is kept by whoever runs the target."""
        return self._doorman.error_content()

    def listen(self, port: int = 0) -> socket.socket:
        """A listening socket on the cell's loopback, for whoever plays the other end of a door. What the
        target sends there is the door's business and is not among the flows."""
        answer, made = self._doorman.ask(
            "socket", listen=True, host="127.0.0.1", port=port
        )
        self._traffic.open_door(int(answer["port"]))
        return made[0]

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection into the cell. Raises OSError."""
        _, made = self._doorman.ask("socket")
        try:
            made[0].settimeout(10)
            # Bound first, so that not even its first packet is taken for one of the target's.
            made[0].bind(("", 0))
            self._traffic.expect_caller(int(made[0].getsockname()[1]))
            made[0].connect((host, port))
            made[0].settimeout(None)
        except OSError:
            made[0].close()
            raise
        return made[0]

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """All processes stand still within, so that nothing is moved while it is searched."""
        self._doorman.ask("freeze")
        try:
            yield
        finally:
            self._doorman.ask("thaw")

    def found_files(self) -> Iterator[FoundFile]:
        """Everything that was written since the start and is still there: files, links, attributes, files
        that only a descriptor holds, waiting in pipes, shared memory. Without a cell: nothing is known of."""
        entries = (
            self._doorman.list_files()
            if self.level is Confinement.SEALED
            else ()
        )
        for number, entry in enumerate(entries):
            if number == MOST_FILES:
                reason = f"more than {MOST_FILES} files; the rest was not looked at"
                yield FoundFile("(further files)", None, reason)
                return
            yield self._read_file(entry)

    def _read_file(self, entry: ListedFile) -> FoundFile:
        name = str(entry["name"]).encode("utf-8", "replace").decode()
        if "text" in entry:
            return FoundFile(
                name, str(entry["text"]).encode("latin-1", "replace")
            )
        if "reason" in entry:
            return FoundFile(name, None, str(entry["reason"]))
        if entry["size"] > LARGEST_FILE:
            return FoundFile(name, None, f"larger than {LARGEST_FILE} bytes")
        try:
            _, files = self._doorman.ask_for_file(entry["path"])
            with os.fdopen(files, "rb") as stream:
                return FoundFile(name, stream.read(LARGEST_FILE))
        except OSError as error:
            return FoundFile(name, None, f"cannot be read: {error}")

    def outside(self, path: str) -> Path:
        """Where we find what the target knows under that absolute path. Follow no links there."""
        if self.level is not Confinement.SEALED or not path.startswith("/"):
            return Path(path)
        return Path(f"/proc/{self._doorman.first}/root{path}")

    def processes(self) -> tuple[str, ...]:
        """The command lines of all its processes, but for number 1 of a sealed cell, which is ours."""
        answer, _ = self._doorman.ask("processes")
        return tuple(
            str(line)
            for number, line in answer["processes"]
            if number != self._doorman.first
        )

    def flows(self) -> Sequence[Flow]:
        """All that tried to leave, or ran between processes, other than by a door, since the start."""
        return self._traffic.flows()

    def take_flows(self) -> Sequence[FlowPiece]:
        """What the flows have sent since the last call."""
        return self._traffic.take()

    @property
    def incomplete(self) -> str:
        """Why the flows are not all, or an empty text."""
        return self._traffic.incomplete

    def exit_code(self, patience: float = 1.0) -> int | None:
        """How the program ended, or None where it still runs."""
        answer, _ = self._doorman.ask("wait", seconds=patience)
        return None if answer["exit"] is None else int(answer["exit"])

    def close(self) -> None:
        """End every process, within milliseconds."""
        if not self._closed:
            self._closed = True
            self._doorman.close()
            self._traffic.close()


@cache
def strongest_confinement() -> tuple[Confinement, str]:
    """The firmest level this machine allows, found by building a whole cell and running `true` in it, and why
    it is not firmer."""
    tools = ("bwrap", "nft", "ip", "unshare")
    missing = [
        name for name in tools if shutil.which(name, path=TOOLS_PATH) is None
    ]
    if sys.platform != "linux":
        return Confinement.OPEN, "a cell needs Linux"
    if missing:
        return (
            Confinement.OPEN,
            f"{', '.join(missing)} not installed (scripts/install-system-packages)",
        )
    try:
        with _start_cell(
            argv=("true",), folders=(), env={}, sealed=True, why=""
        ) as cell:
            # 5 s: chosen, far more than `true` takes.
            code = cell.exit_code(5.0)
    except CellError as error:
        return Confinement.OPEN, str(error)
    if code != 0:
        return (
            Confinement.OPEN,
            f"a program in the cell ended with code {code}",
        )
    return Confinement.SEALED, ""


def _start_cell(
    argv: tuple[str, ...],
    folders: tuple[tuple[Path, bool], ...],
    env: dict[str, str],
    sealed: bool,
    why: str,
) -> Cell:
    doorman = DoormanCall(sealed)
    try:
        sockets = doorman.build(argv, folders, env)
        traffic = Traffic(sockets) if sealed else NoTraffic()
    except BaseException:
        doorman.close()
        raise
    return Cell(
        doorman=doorman,
        level=Confinement.SEALED if sealed else Confinement.OPEN,
        why=why,
        traffic=traffic,
    )
