"""Any program that speaks the protocol on standard input and output, in a cell as firm as the machine allows.

Whatever the program says, or does not say, ends in an answer or in a TargetError with its last words; every
step is bounded in bytes, messages, memory and time."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import shlex
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from earwitness.conformance.targets.cell import Cell
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.folders import remove_folder
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
"""Messages of one step; more is a flood. The fullest honest step, half a day of waiting, has some ten
thousand."""
MOST_BYTES_A_STEP = 64 << 20
"""Bytes of one step: 64 of the longest lines."""
LONGEST_OBSERVATION = 1 << 15
"""Bytes of a line that is no reply: seven texts of the longest kind. So 100,000 of them fit in memory."""
PATIENCE_OF_A_STEP = 4
"""A step may last so many times the patience with silence."""
SLOW_START = 4
"""Times the patience that a program may take until its first reply: it loads what it needs, on a machine that
may do much else at once."""
PATIENCE_WITH_ENDING = 3.0
"""Seconds that a program has for its end after its input has ended."""
SHOWN_OF_LAST_WORDS = 600
"""Characters of standard error that an error message shows."""


def open_process(rest: str, options: TargetOptions) -> Target:
    """`exec:COMMAND`: any program that speaks the protocol. Raises TargetError."""
    if not rest.strip():
        raise TargetError(
            "exec: names no program; write exec:COMMAND, such as 'exec:python3 driver.py'"
        )
    return ProcessTarget(rest, options)


class ProcessTarget:
    """A program that is driven. `folder` is shown to it at the same path, to read; in `folder/out` it may
    write."""

    def __init__(
        self, command: str, options: TargetOptions | None = None
    ) -> None:
        options = options or TargetOptions()
        self.patience = options.patience
        self._number = 0
        self._spoken = VERSION
        self._rest = bytearray()
        self._word = "hello"
        # One that has not introduced itself has begun nothing that it could end.
        self._patience_with_ending = 0.0
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise TargetError(
                f"'{command}' cannot be started: {error}"
            ) from None
        self.folder = Path(
            tempfile.mkdtemp(prefix=f"run-{secrets.token_hex(4)}-")
        )
        out = self.folder / "out"
        out.mkdir()
        try:
            self.cell = Cell.start(
                words,
                folders=[(self.folder, False), (out, True)],
                confinement=options.confinement,
            )
        except BaseException:
            remove_folder(self.folder)
            raise
        os.set_blocking(self.cell.stdin.fileno(), False)
        os.set_blocking(self.cell.stdout.fileno(), False)

    @property
    def confinement(self) -> Confinement:
        """How firmly it is held."""
        return self.cell.level

    def introduce(self) -> Hello:
        messages = self._exchange_messages(HelloRequest())
        with self._with_last_words():
            hello = hello_from(messages, self._number)
        self._spoken = hello.earwitness
        self._patience_with_ending = PATIENCE_WITH_ENDING
        # In a sealed cell its folders are not ours: we see them from outside.
        paths = tuple(
            str(self.cell.outside(path)) for path in hello.data_paths
        )
        return replace(hello, data_paths=paths)

    def request(self, request: Request) -> Answer:
        messages = self._exchange_messages(request)
        with self._with_last_words():
            return answer_from(messages, self._number, self._spoken)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.cell.stdin.close()
        try:
            with contextlib.suppress(TargetError):
                self.cell.exit_code(patience=self._patience_with_ending)
        finally:
            self.cell.close()
            remove_folder(self.folder)

    def _exchange_messages(self, request: Request) -> list[Message]:
        """Send one request and take every message up to its reply. What it reported meanwhile comes first."""
        self._word = str(request.__struct_config__.tag)
        patience = self.patience * (
            SLOW_START if isinstance(request, HelloRequest) else 1
        )
        step = _Step(
            time.monotonic() + PATIENCE_OF_A_STEP * self.patience, patience
        )
        messages = self._take_early_messages(step)
        # Not the next number: a program must not reply to what it has not read.
        self._number = 1 + secrets.randbelow(1 << 31)
        try:
            self._send_line(encode_request(self._number, request), step)
            while not messages or not is_reply(messages[-1]):
                messages.append(self._next_message(step))
        except (KeyboardInterrupt, SystemExit):
            # It is busy and would not notice that its input ends, and a person waits for us.
            self._patience_with_ending = 0.0
            raise
        return messages

    def _take_early_messages(self, step: _Step) -> list[Message]:
        """Reports from between two steps; a reply there answers nothing that was asked."""
        messages: list[Message] = []
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self.cell.stdout.fileno(), 1 << 16):
                self._rest += piece
                self._count_messages(step, len(piece), 0)
        while b"\n" in self._rest:
            messages.append(self._next_message(step))
            if is_reply(messages[-1]):
                raise self._error_with_words(
                    f"the implementation replies before it is asked for '{self._word}'"
                )
        return messages

    def _send_line(self, line: bytes, step: _Step) -> None:
        """Write the request; a program that reads nothing is given up."""
        left = memoryview(line)
        stdin = self.cell.stdin.fileno()
        while left:
            _, writable, _ = select.select(
                [], [stdin], [], self._time_left(step)
            )
            if not writable:
                raise self._error_with_words(
                    f"the implementation does not read: '{self._word}' was not taken in time"
                )
            try:
                left = left[os.write(stdin, left) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._error_with_words(
                    f"the implementation died before '{self._word}'{self._exit_code_text()}"
                ) from None

    def _next_message(self, step: _Step) -> Message:
        while b"\n" not in self._rest:
            if len(self._rest) > LONGEST_LINE:
                raise self._error_with_words(
                    f"the implementation sent a line of over {LONGEST_LINE} bytes; write one message a line"
                )
            self._read_more(step)
        line, _, rest = self._rest.partition(b"\n")
        self._rest = rest
        self._count_messages(step, 0, 1)
        with self._with_last_words():
            message = decode_line(bytes(line))
        if not is_reply(message) and len(line) > LONGEST_OBSERVATION:
            raise self._error_with_words(
                f"the implementation sent an observation of over {LONGEST_OBSERVATION} bytes"
            )
        return message

    def _read_more(self, step: _Step) -> None:
        stdout = self.cell.stdout.fileno()
        if not select.select([stdout], [], [], self._time_left(step))[0]:
            raise self._error_with_words(
                f"the implementation is silent: no answer to '{self._word}' within {step.patience:g} s"
            )
        piece = os.read(stdout, 1 << 16)
        if not piece:
            raise self._error_with_words(
                f"the implementation died during '{self._word}'{self._exit_code_text()}"
            )
        self._rest += piece
        self._count_messages(step, len(piece), 0)

    def _count_messages(self, step: _Step, size: int, messages: int) -> None:
        step.bytes += size
        step.messages += messages
        if step.bytes > MOST_BYTES_A_STEP:
            raise self._error_with_words(
                f"the implementation floods: over {MOST_BYTES_A_STEP} bytes in answer to '{self._word}'"
            )
        if step.messages > MOST_MESSAGES:
            raise self._error_with_words(
                f"the implementation floods: over {MOST_MESSAGES} messages in answer to '{self._word}'"
            )

    def _time_left(self, step: _Step) -> float:
        return min(step.patience, max(0.0, step.deadline - time.monotonic()))

    @contextlib.contextmanager
    def _with_last_words(self) -> Iterator[None]:
        """Whatever is refused within is refused together with the program's last words."""
        try:
            yield
        except TargetError as error:
            raise self._error_with_words(str(error)) from None

    def _error_with_words(self, reason: str) -> TargetError:
        words = " ".join(self.cell.error_tail().split())[
            -SHOWN_OF_LAST_WORDS:
        ]
        return TargetError(
            f"{reason}. Its last words: {words}" if words else reason
        )

    def _exit_code_text(self) -> str:
        code = self.cell.exit_code()
        return "" if code is None else f" (exit code {code})"


@dataclass
class _Step:
    """What one step has cost so far, and how long silence in it may last, in seconds."""

    deadline: float
    patience: float
    bytes: int = 0
    messages: int = 0
