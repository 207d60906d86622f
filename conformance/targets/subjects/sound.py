"""Sound as the drivers' servers handle it: how loud it is, when a request ends, and a spoken answer."""

from __future__ import annotations

import io
import math
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from earwitness.conformance.stimuli.sound_format import RATE

LOUD = 300
"""Root mean square of a piece in which somebody speaks; the room has about 12."""
PAUSE = 25_600
"""Bytes of quiet that end a request: 0.8 s."""
WIDTHS = range(1, 5)
"""Bytes of a sample, in the forms that sound has."""
LARGEST_MESSAGE = 16 << 20
"""Bytes of one message or request that are read: eight minutes of sound."""
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


def samples_of(content: bytes) -> bytes:
    """The sound of a WAV file in our form; nothing where it is none."""
    try:
        with wave.open(io.BytesIO(content)) as sound:
            return in_our_form(
                sound=sound.readframes(sound.getnframes()),
                rate=sound.getframerate(),
                width=sound.getsampwidth(),
                channels=sound.getnchannels(),
            )
    except (wave.Error, EOFError, ValueError):
        return b""


def in_our_form(sound: bytes, rate: int, width: int, channels: int) -> bytes:
    """Sound of whole samples of so many bytes as s16le, 16 kHz, of the first channel. A rate is changed by
    taking the nearest sample, which is good enough to hear when somebody speaks."""
    if (rate, width, channels) == (RATE, 2, 1):
        return sound
    if min(rate, channels) < 1 or width not in WIDTHS:
        raise ValueError(f"no form of sound: {rate} Hz, {width} bytes")
    samples = _read_samples(_first_channel(sound, width, channels))
    at = np.arange(len(samples) * RATE // rate) * rate // RATE
    return bytes(samples[at].tobytes())


def _first_channel(
    sound: bytes, width: int, channels: int
) -> npt.NDArray[np.uint8]:
    """The bytes of the first channel, a row for each whole sample."""
    frame = width * channels
    whole = sound[: len(sound) // frame * frame]
    return np.frombuffer(whole, np.uint8).reshape(-1, frame)[:, :width]


def _read_samples(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
    """Rows of bytes as s16le: of wider samples the upper two bytes."""
    if rows.shape[1] > 1:
        return np.ascontiguousarray(rows[:, -2:]).view("<i2")[:, 0]
    # WAV's samples of one byte have no sign; 128 is silence.
    high = rows[:, 0].astype(np.int16) - 128
    samples: npt.NDArray[np.int16] = (high << 8).astype("<i2")
    return samples


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


def wav_of(sound: bytes) -> bytes:
    """A sound file."""
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(sound)
    return held.getvalue()


def write_chime(path: Path) -> None:
    """A short sound file for a device that plays one when it wakes."""
    # A tenth of a second, an octave higher: chosen.
    path.write_bytes(wav_of(tone(0.1, 880)))
