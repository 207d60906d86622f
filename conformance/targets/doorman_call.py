"""The harness's end of the conversation with the doorman."""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Unpack

from earwitness.conformance.targets.folders import remove_folder
from earwitness.conformance.targets.protocol import TargetError

if TYPE_CHECKING:
    from earwitness.conformance.targets.doorman.messages import (
        DoormanAnswer,
        ListedFile,
        Question,
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


class CellError(TargetError):
    """The cell could not be built, the program not started in it, or what keeps it did not do what it was
    asked."""


class DoormanCall:
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
        self._tail = ErrorTail(self._process.stderr)

    def build(
        self,
        argv: tuple[str, ...],
        folders: tuple[tuple[Path, bool], ...],
        env: dict[str, str],
    ) -> list[socket.socket]:
        """Start the program; returns the sockets that see what leaves. Raises CellError."""
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
            argv=list(argv),
            env=kept | env,
            cwd=os.getcwd(),
            folder=self._folder,
            folders=[(str(path), writable) for path, writable in folders],
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
            raise CellError(
                self._tail.text() or "the cell ended while it was built"
            )
        self.ask("baseline")
        self.stdin.write(b"\n")

    @contextlib.contextmanager
    def _while_attended(self) -> Iterator[None]:
        """Raises CellError where the doorman has gone."""
        try:
            yield
        except OSError as error:
            raise CellError(
                f"what keeps the cell has ended: {error}; {self._tail.text()}"
            ) from None

    def ask(
        self, word: str, **more: Unpack[Question]
    ) -> tuple[DoormanAnswer, list[socket.socket]]:
        """One question, its answer and the sockets that came with it. Raises CellError."""
        with self._lock, self._while_attended():
            self._socket.send(json.dumps({**more, "do": word}).encode())
            answer, descriptors = self._receive_answer()
        if "error" in answer:
            raise CellError(str(answer["error"]))
        return answer, [socket.socket(fileno=d) for d in descriptors]

    def ask_for_file(self, path: str) -> tuple[DoormanAnswer, int]:
        """A descriptor of the file, opened by the doorman. Raises OSError where it cannot be, CellError
        where there is no doorman any more."""
        with self._lock, self._while_attended():
            self._socket.send(
                json.dumps({"do": "open", "path": path}).encode()
            )
            answer, descriptors = self._receive_answer()
        if "error" in answer:
            raise OSError(str(answer["error"]))
        return answer, descriptors[0]

    def list_files(self) -> list[ListedFile]:
        """The whole listing. Raises CellError where there is no doorman any more."""
        entries: list[ListedFile] = []
        with self._lock, self._while_attended():
            self._socket.send(json.dumps({"do": "files"}).encode())
            last = False
            while not last:
                answer, _ = self._receive_answer()
                if "error" in answer:
                    return [
                        *entries,
                        {"name": "/", "reason": str(answer["error"])},
                    ]
                entries += answer["files"]
                last = answer.get("last", False)
        return entries

    def _receive_answer(self) -> tuple[DoormanAnswer, list[int]]:
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
        answer: DoormanAnswer = json.loads(packet)
        return answer, list(descriptors)

    def error_tail(self) -> str:
        return self._tail.text()

    def error_content(self) -> bytes:
        return self._tail.content()

    def close(self) -> None:
        with contextlib.suppress(CellError):
            self.ask("end")
        self._socket.close()
        try:
            # 10 s: chosen, time to end by itself.
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self.stdin, self.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        self._tail.close()
        remove_folder(self._folder)


class ErrorTail:
    """Reads a stream to its end in a thread of its own, so that whoever writes never waits, and keeps the
    last."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read_errors, daemon=True)
        self._thread.start()

    def _read_errors(self) -> None:
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
