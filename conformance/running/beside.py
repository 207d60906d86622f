"""Work in a process of its own, while the target itself is tried. On two cores it costs little time."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Generic, TypeVar

from earwitness.conformance.targets.protocol import TargetError

Answer = TypeVar("Answer")

PATIENCE = 5.0
"""Seconds in which a process that is told to end should have cleaned up."""


class Beside(Generic[Answer]):
    """Begins the work at once. `work` must be picklable, and so must what it answers; `nicer` is how far it
    makes way for others. Use it in a `with`, or stop it."""

    def __init__(
        self, work: Callable[[], Answer], *, name: str, nicer: int = 0
    ) -> None:
        self._name = name
        # Not as a copy: threads of this process, such as the reference's network, would be missing there.
        context = multiprocessing.get_context("spawn")
        self._answers, sending = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_answer_with, args=(work, sending, nicer), daemon=True
        )
        self._process.start()
        sending.close()

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
        if self._process.is_alive():
            self._process.terminate()
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._answers.close()

    def result(self, seconds: float) -> Answer:
        """Waits so long for it. Raises TargetError where it came to none."""
        if not self._answers.poll(seconds):
            raise TargetError(f"{self._name} did not end within the budget")
        try:
            answer = self._answers.recv()
        except (EOFError, OSError):
            raise TargetError(
                f"{self._name} ended without an answer"
            ) from None
        if isinstance(answer, TargetError):
            raise answer
        found: Answer = answer
        return found


def _answer_with(
    work: Callable[[], object], answers: Connection, nicer: int
) -> None:
    os.nice(nicer)
    _end_with_parent()
    # To end by an exception leaves no folders behind. Ctrl-C is for whoever began this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        answers.send(work())
    except TargetError as error:
        answers.send(error)


def _end_with_parent() -> None:
    """Where the kernel can, it tells this process to end when whoever began it is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


PR_SET_PDEATHSIG = 1
"""Of `linux/prctl.h`."""
