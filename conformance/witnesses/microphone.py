"""The microphone: a pipe into which the harness writes all that can be heard. Microphones that have power
drain it, others do not.

How far it is drained is seen by the harness itself, so it is witnessed: the bytes that the harness finds
when it empties the pipe are those that nobody took."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from earwitness.conformance.stimuli.sound_format import (
    BYTES_A_SAMPLE,
    RATE,
    Samples,
)

LARGEST_PIPE = 1 << 16
"""Bytes that a pipe holds unless a privileged user widens it: 2 s of sound, so longer times are fed in
steps."""
LONGEST_STEP = LARGEST_PIPE // BYTES_A_SAMPLE * 1_000_000 // RATE
"""Microseconds of sound that fit into the pipe at once."""


class MicrophoneError(RuntimeError):
    """The pipe cannot be made or written; the message says why."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of sound that was fed: bytes offered, and bytes that the device took."""

    offered: int
    taken: int

    @property
    def powered(self) -> bool:
        """Whether microphones took anything, so that they must have power."""
        return self.taken > 0

    @property
    def completely(self) -> bool:
        """Whether all was taken, as microphones with power do."""
        return self.taken == self.offered


class Microphone:
    """Holds the pipe open for reading and writing, so that the device may open and close it as it likes,
    and nobody waits for nobody."""

    def __init__(self, path: Path) -> None:
        """Raises MicrophoneError where no pipe can be made at the path."""
        self.path = path
        self._offered = 0
        try:
            os.mkfifo(path, 0o666)
            # mkfifo's mode is reduced by the umask; a device may run as another user.
            path.chmod(0o666)
            self._pipe = os.open(
                path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
            )
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, LARGEST_PIPE)
        except OSError as error:
            raise MicrophoneError(
                f"no microphone can be made at {path}: {error}"
            ) from None

    def feed(self, samples: Samples) -> None:
        """Offer sound, at most `LONGEST_STEP` at a time. Raises MicrophoneError where it does not fit."""
        offered = samples.astype("<i2").tobytes()
        try:
            written = os.write(self._pipe, offered)
        except BlockingIOError:
            written = 0
        self._offered += written
        if written < len(offered):
            raise MicrophoneError(
                f"only {written} of {len(offered)} bytes fit into the microphone; collect what was left first"
            )

    def collect(self) -> Drained:
        """Take out what nobody took, and tell how much was taken since the last call. Whoever reads later
        finds nothing."""
        left = 0
        while True:
            try:
                left += len(os.read(self._pipe, LARGEST_PIPE))
            except BlockingIOError:
                break
        drained = Drained(offered=self._offered, taken=self._offered - left)
        self._offered = 0
        return drained

    def close(self) -> None:
        os.close(self._pipe)
        self.path.unlink(missing_ok=True)
