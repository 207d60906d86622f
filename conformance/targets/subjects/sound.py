"""Sound as the drivers' servers handle it: how loud it is, when a request ends, and a spoken answer."""

from __future__ import annotations

import math
import wave
from pathlib import Path

from earwitness.conformance.targets.subjects.subject import RATE

LOUD = 300
"""Root mean square of a piece in which somebody speaks; the room has about 12."""
PAUSE = 25_600
"""Bytes of quiet that end a request: 0.8 s."""
LONGEST_REQUEST = 320_000
"""Bytes after which the server ends it anyway: 10 s."""


class EndOfRequest:
    """Hears when somebody who began to speak has ended."""

    def __init__(self) -> None:
        self._heard = self._quiet = 0
        self._has_spoken = False

    def take(self, sound: bytes) -> bool:
        """Whether the request ends with this piece."""
        is_loud = loudness(sound) > LOUD
        self._has_spoken = self._has_spoken or is_loud
        self._quiet = 0 if is_loud else self._quiet + len(sound)
        self._heard += len(sound)
        is_over = self._has_spoken and self._quiet >= PAUSE
        return is_over or self._heard >= LONGEST_REQUEST


def loudness(sound: bytes) -> float:
    """Root mean square of the samples."""
    samples = memoryview(sound[: len(sound) // 2 * 2]).cast("h")
    squares = sum(sample * sample for sample in samples)
    return math.sqrt(squares / max(1, len(samples)))


# 440 Hz is the musician's A.
def tone(seconds: float, pitch: int = 440) -> bytes:
    """A tone, in place of speech or as a chime."""
    samples = (
        # 6,000 of 32,767: as loud as clear speech; chosen.
        int(6_000 * math.sin(2 * math.pi * pitch * at / RATE))
        for at in range(int(RATE * seconds))
    )
    return b"".join(
        sample.to_bytes(2, "little", signed=True) for sample in samples
    )


def write_chime(path: Path) -> None:
    """A short sound file for a device that plays one when it wakes."""
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        # A tenth of a second, an octave higher: chosen.
        out.writeframes(tone(0.1, 880))
