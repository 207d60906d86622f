"""Work in a process of its own, while the target itself is tried. On two cores it costs little time."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from earwitness.conformance.targets.protocol import TargetError

Answer = TypeVar("Answer")

PATIENCE = 5.0
"""Seconds in which a process that is told to end should have cleaned up."""
MODULE = "earwitness.conformance.running.beside_child"


class Beside(Generic[Answer]):
    """Begins the work at once. `work` must be picklable, and so must what it answers; `nicer` is how far it
    makes way for others. Use it in a `with`, or stop it."""

    TELLS = False
    """Whether the work is given a function that tells what it comes to bit by bit."""

    def __init__(
        self,
        work: Callable[..., Answer | None],
        *,
        name: str,
        nicer: int = 0,
    ) -> None:
        self._name = name
        # Neither a copy of this process, in which its threads would be missing, nor one that begins with the
        # program that called us, which may do anything.
        self._answers, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    MODULE,
                    str(writing),
                    str(nicer),
                    *(["tells"] if self.TELLS else []),
                ],
                stdin=subprocess.PIPE,
                pass_fds=(writing,),
            )
        finally:
            os.close(writing)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(pickle.dumps(work))
            self._process.stdin.close()
        except OSError:
            pass  # It has ended already; its answer will be missing.

    def __enter__(self) -> Beside[Answer]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Whatever it is doing. May be called again."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._answers >= 0:
            os.close(self._answers)
            self._answers = -1

    def result(self, seconds: float) -> Answer:
        """Waits so long for it. Raises TargetError where it came to none."""
        content = self._receive_all(time.monotonic() + seconds)
        if not content:
            raise TargetError(f"{self._name} ended without an answer")
        answer = pickle.loads(content)
        if isinstance(answer, TargetError):
            raise answer
        found: Answer = answer
        return found

    def _receive_all(self, until: float) -> bytes:
        """All that it writes, up to its end."""
        pieces: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while selector.select(max(0.0, until - time.monotonic())):
                piece = os.read(self._answers, 1 << 20)
                if not piece:
                    return b"".join(pieces)
                pieces.append(piece)
        raise TargetError(f"{self._name} did not end within the budget")


class Telling(Beside[Answer]):
    """Work that is given a function, and tells by it what it comes to as soon as it is known."""

    TELLS = True

    def __init__(
        self,
        work: Callable[[Callable[[Answer], None]], None],
        *,
        name: str,
        nicer: int = 0,
    ) -> None:
        super().__init__(work, name=name, nicer=nicer)
        self._told: queue.SimpleQueue[Answer | TargetError | None] = (
            queue.SimpleQueue()
        )
        self.is_over = False
        """Whether all that it will ever tell has been taken."""
        reading = os.dup(self._answers)
        # A pipe holds little, and nobody who tells is to wait until somebody listens.
        threading.Thread(
            target=self._listen, args=(reading,), daemon=True
        ).start()

    def next_told(self, seconds: float = 0.0) -> Answer | None:
        """The next of what it told, waited for so long; None where nothing came, or it is over. Raises
        TargetError where it ended so."""
        if self.is_over:
            return None
        try:
            told = self._told.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        self.is_over = told is None or isinstance(told, TargetError)
        if isinstance(told, TargetError):
            raise told
        return told

    def _listen(self, reading: int) -> None:
        # One that is ended in the middle of a word leaves half of it.
        with (
            os.fdopen(reading, "rb") as stream,
            contextlib.suppress(EOFError, pickle.UnpicklingError),
        ):
            while True:
                self._told.put(pickle.load(stream))
        code = self._process.wait()
        # Less than 0 is a signal: somebody ended it. A fault of ours must not pass for the end of the work.
        broken = TargetError(f"{self._name} ended with code {code}")
        self._told.put(broken if code > 0 else None)
