"""The cell: where a target runs so that no byte and no file escapes unseen.

    with Cell.start(["./device"]) as cell: door = cell.listen()                       # a listening socket in
the cell's network, for the relay cloud = cell.connect("127.0.0.1", 8443)    # from outside into the cell with
cell.frozen(): written = list(cell.found_files())     # everything written anywhere since the start
cell.flows()                               # what tried to leave other than by a door

Where the machine does not allow it the target runs as an ordinary process, `level` says so and `why` tells
the reason; what rests on the cell is then not witnessed."""

from __future__ import annotations

import array
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.protocol import TargetError
from earwitness.conformance.targets.traffic import (
    Flow,
    FlowPiece,
    NoTraffic,
    Traffic,
)

START_DOORMAN = """
import sys
# Behind the standard library, so that no module beside it is taken for one of that.
sys.path.append(sys.argv[1])
from doorman.main import main
main()
"""
LARGEST_PACKET = 1 << 17
"""Bytes, as the doorman sends them."""
MEMORY_FOR_FILES = 2 << 30
"""Bytes that a target may write to files before its disk is full."""
MOST_FILES = 5_000
"""Files looked at in one search."""
LARGEST_FILE = 64 << 20
"""Bytes of one file that are read: half an hour of sound."""
ERROR_TAIL = 256 << 10
"""Bytes of standard error that are kept: eight seconds of sound, or six in base 64."""
PATIENCE_WITH_DOORMAN = 20.0
"""Seconds: what it does takes milliseconds; a search of very many files a few seconds."""
HOME, TEMPORARY = "/earwitness/home", "/earwitness/tmp"
"""Fresh folders of a sealed target."""
KEPT_VARIABLES = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "PYTHONPATH",
    "PYTHONHASHSEED", "PYENV_VERSION", "PYENV_ROOT", "NODE_PATH", "OMP_NUM_THREADS", "COVERAGE_PROCESS_START",
)  # fmt: skip
"""Of our environment a target gets these: what it needs to run, and nothing that names or tells secrets of
ours."""
TOOLS_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
"""Where nft and ip are; a plain user's path often lacks it."""
NAMES_FILE = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
"""There the harness answers for every name."""


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
        doorman: _Doorman,
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
            return _start(
                tuple(argv), tuple(folders), dict(env or {}), sealed, why
            )
        except _BuildError as error:
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

    def _read_file(self, entry: Mapping[str, Any]) -> FoundFile:
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
        with _start(("true",), (), {}, True, "") as cell:
            code = cell.exit_code(5.0)
    except _BuildError as error:
        return Confinement.OPEN, str(error)
    if code != 0:
        return (
            Confinement.OPEN,
            f"a program in the cell ended with code {code}",
        )
    return Confinement.SEALED, ""


class _BuildError(TargetError):
    """The cell could not be built, the program not started in it, or what keeps it did not do what it was
    asked."""


def _start(
    argv: tuple[str, ...],
    folders: tuple[tuple[Path, bool], ...],
    env: dict[str, str],
    sealed: bool,
    why: str,
) -> Cell:
    doorman = _Doorman(sealed)
    try:
        sockets = doorman.build(argv, folders, env)
        traffic = Traffic(sockets) if sealed else NoTraffic()
    except BaseException:
        doorman.close()
        raise
    return Cell(
        doorman,
        Confinement.SEALED if sealed else Confinement.OPEN,
        why,
        traffic,
    )


class _Doorman:
    """The harness's end of the conversation with the doorman."""

    def __init__(self, sealed: bool) -> None:
        self.first = 0
        self._sealed = sealed
        self._lock = threading.RLock()
        self._folder = tempfile.mkdtemp(prefix="earwitness-cell-")
        self._socket, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET
        )
        self._socket.settimeout(PATIENCE_WITH_DOORMAN)
        namespaces = [
            "unshare",
            "--net",
            "--mount",
            "--ipc",
            "--uts",
            "--propagation",
            "private",
        ]
        if os.geteuid() != 0:
            namespaces += ["--user", "--map-root-user"]
        program = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            START_DOORMAN,
            str(Path(__file__).parent),
            str(theirs.fileno()),
        ]
        self._process = subprocess.Popen(
            [*(namespaces if sealed else ()), *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            # Process 1 of the cell has the doorman's environment, which the target can read.
            env={"PATH": TOOLS_PATH},
            start_new_session=True,
            bufsize=0,
        )
        theirs.close()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.stdin, self.stdout = self._process.stdin, self._process.stdout
        self._tail = _Tail(self._process.stderr)

    def build(
        self,
        argv: tuple[str, ...],
        folders: tuple[tuple[Path, bool], ...],
        env: dict[str, str],
    ) -> list[socket.socket]:
        """Start the program; returns the sockets that see what leaves. Raises _BuildError."""
        kept = {
            name: os.environ[name]
            for name in KEPT_VARIABLES
            if name in os.environ
        }
        if self._sealed:
            kept |= {"HOME": HOME, "TMPDIR": TEMPORARY}
        else:
            kept |= {
                "HOME": self._make_folder("home"),
                "TMPDIR": self._make_folder("tmp"),
            }
        answer, sockets = self.ask(
            "start",
            argv=argv,
            env=kept | env,
            cwd=os.getcwd(),
            folder=self._folder,
            folders=[[str(path), writable] for path, writable in folders],
            made=[HOME, TEMPORARY],
            texts={"/etc/resolv.conf": NAMES_FILE},
            limit=MEMORY_FOR_FILES,
            sealed=self._sealed,
            user=os.geteuid() != 0,
        )
        self.first = int(answer["first"])
        if self._sealed:
            self._let_go()
        return sockets

    def _make_folder(self, name: str) -> str:
        path = os.path.join(self._folder, name)
        os.mkdir(path)
        return path

    def _let_go(self) -> None:
        """Everything is built: take the baseline, then let the shell go on to the target."""
        if self.stdout.read(1) != b"\n":
            raise _BuildError(
                self._tail.text() or "the cell ended while it was built"
            )
        self.ask("baseline")
        self.stdin.write(b"\n")

    @contextlib.contextmanager
    def _attended(self) -> Iterator[None]:
        """Raises _BuildError where the doorman has gone."""
        try:
            yield
        except OSError as error:
            raise _BuildError(
                f"what keeps the cell has ended: {error}; {self._tail.text()}"
            ) from None

    def ask(
        self, word: str, **more: Any
    ) -> tuple[Mapping[str, Any], list[socket.socket]]:
        """One question, its answer and the sockets that came with it. Raises _BuildError."""
        with self._lock, self._attended():
            self._socket.send(json.dumps({"do": word, **more}).encode())
            answer, descriptors = self._receive()
        if "error" in answer:
            raise _BuildError(str(answer["error"]))
        return answer, [socket.socket(fileno=d) for d in descriptors]

    def ask_for_file(self, path: str) -> tuple[Mapping[str, Any], int]:
        """A descriptor of the file, opened by the doorman. Raises OSError where it cannot be, _BuildError
        where there is no doorman any more."""
        with self._lock, self._attended():
            self._socket.send(
                json.dumps({"do": "open", "path": path}).encode()
            )
            answer, descriptors = self._receive()
        if "error" in answer:
            raise OSError(str(answer["error"]))
        return answer, descriptors[0]

    def list_files(self) -> list[Mapping[str, Any]]:
        """The whole listing. Raises _BuildError where there is no doorman any more."""
        entries: list[Mapping[str, Any]] = []
        with self._lock, self._attended():
            self._socket.send(json.dumps({"do": "files"}).encode())
            last = False
            while not last:
                answer, _ = self._receive()
                if "error" in answer:
                    return [
                        *entries,
                        {"name": "/", "reason": str(answer["error"])},
                    ]
                entries += answer["files"]
                last = answer.get("last", False)
        return entries

    def _receive(self) -> tuple[Mapping[str, Any], list[int]]:
        # CPython 3.11's socket.recv_fds ignores its flags, so recvmsg.
        packet, beside, _, _ = self._socket.recvmsg(
            LARGEST_PACKET, socket.CMSG_SPACE(16 * 4), socket.MSG_CMSG_CLOEXEC
        )
        if not packet:
            raise OSError("the doorman is gone")
        descriptors = array.array("i")
        for _, kind, content in beside:
            if kind == socket.SCM_RIGHTS:
                descriptors.frombytes(
                    content[: len(content) - len(content) % 4]
                )
        answer: Mapping[str, Any] = json.loads(packet)
        return answer, list(descriptors)

    def error_tail(self) -> str:
        return self._tail.text()

    def error_content(self) -> bytes:
        return self._tail.content()

    def close(self) -> None:
        with contextlib.suppress(_BuildError):
            self.ask("end")
        self._socket.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self.stdin, self.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        self._tail.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Tail:
    """Reads a stream to its end in a thread of its own, so that whoever writes never waits, and keeps the
    last."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while piece := os.read(self._stream.fileno(), 1 << 16):
                with self._lock:
                    self._pieces.append(piece)
                    self._size += len(piece)
                    while self._size - len(self._pieces[0]) >= ERROR_TAIL:
                        self._size -= len(self._pieces.popleft())

    def content(self) -> bytes:
        with self._lock:
            return b"".join(self._pieces)[-ERROR_TAIL:]

    def text(self) -> str:
        return self.content().decode("utf-8", "replace")

    def close(self) -> None:
        self._thread.join(1)
        with contextlib.suppress(OSError):
            self._stream.close()
