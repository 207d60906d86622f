"""Any program that speaks the protocol on standard input and output. Its whole process group ends with the
run."""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import time

from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.lines import (
    answer_from,
    decode_line,
    encode_request,
    hello_from,
    is_reply,
)
from earwitness.conformance.targets.protocol import (
    VERSION,
    Answer,
    Hello,
    HelloRequest,
    Message,
    Request,
    Target,
    TargetError,
)
from earwitness.model.trace import LONGEST_LINE

MOST_MESSAGES = 100_000
"""Messages of one step; more is a flood."""


def open_process(rest: str, options: TargetOptions) -> Target:
    """`exec:COMMAND`: any program that speaks the protocol. Raises TargetError."""
    if not rest.strip():
        raise TargetError("exec: names no program; write exec:COMMAND, such as 'exec:python3 driver.py'")
    return ProcessTarget(rest, options.patience)


class ProcessTarget:
    """`patience` is how many seconds of silence, and of one step in all times ten, count as a hang."""

    def __init__(self, command: str, patience: float = 30.0) -> None:
        self.patience = patience
        self._number = 0
        self._spoken = VERSION
        self._rest = b""
        try:
            words = shlex.split(command)
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
        except (OSError, ValueError, IndexError) as error:
            raise TargetError(f"'{command}' cannot be started: {error}") from None
        assert self._process.stdout is not None
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def introduce(self) -> Hello:
        messages = self._exchange(HelloRequest())
        hello = hello_from(messages, self._number)
        self._spoken = hello.earwitness
        return hello

    def request(self, request: Request) -> Answer:
        messages = self._exchange(request)
        return answer_from(messages, self._number, self._spoken)

    def _exchange(self, request: Request) -> list[Message]:
        """Send one request and take every message up to its reply."""
        self._number += 1
        word = str(request.__struct_config__.tag)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode_request(self._number, request))
        except OSError:
            raise TargetError(f"the implementation died before '{word}'{self._code()}") from None
        messages: list[Message] = []
        deadline = time.monotonic() + 10 * self.patience
        while not messages or not is_reply(messages[-1]):
            if len(messages) > MOST_MESSAGES:
                raise TargetError(
                    f"the implementation floods: over {MOST_MESSAGES} messages in answer to '{word}'"
                )
            messages.append(self._message(word, deadline))
        return messages

    def _message(self, doing: str, deadline: float) -> Message:
        assert self._process.stdout is not None
        while b"\n" not in self._rest:
            if len(self._rest) > LONGEST_LINE:
                raise TargetError(
                    f"the implementation sent a line of over {LONGEST_LINE} bytes; one message a line"
                )
            if not self._selector.select(min(self.patience, max(0.0, deadline - time.monotonic()))):
                raise TargetError(
                    f"the implementation is silent: no answer to '{doing}' within {self.patience:g} s"
                )
            piece = os.read(self._process.stdout.fileno(), 1 << 16)
            if not piece:
                raise TargetError(f"the implementation died during '{doing}'{self._code()}")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return decode_line(line)

    def _code(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return f" (exit code {self._process.wait(1)})"
        return ""

    def close(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(3)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._selector.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
