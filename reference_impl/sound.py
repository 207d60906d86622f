"""Sound files in, 16 kHz mono 16-bit little-endian out."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from earwitness.reference_impl.protocol import CHUNK, RATE

Samples = NDArray[np.int16]


class SoundError(ValueError):
    """A file that holds no sound that can be decoded."""


def decode_sound(source: Path | bytes) -> Samples:
    """All samples of a sound file or of its bytes. Raises SoundError."""
    opened = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    try:
        with av.open(opened) as container:
            decoded = list(_resample_frames(container.decode(audio=0)))
    except (OSError, IndexError, ValueError) as error:
        name = source if isinstance(source, Path) else "sound"
        raise SoundError(
            f"{name} cannot be decoded ({error}); give WAV, FLAC or Ogg"
        ) from None
    return np.concatenate([np.zeros(0, np.int16), *decoded])


def _resample_frames(frames: Iterable[av.AudioFrame]) -> Iterator[Samples]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    # At the end, None asks for what the resampler still holds.
    for frame in (*frames, None):
        for resampled in resampler.resample(frame):
            yield resampled.to_ndarray().reshape(-1)


def split_sound(sound: Samples) -> Iterator[Samples]:
    """Sound in pieces of 80 ms, the last filled up with silence."""
    silence = np.zeros(-len(sound) % CHUNK, np.int16)
    padded = np.concatenate([sound, silence])
    yield from padded.reshape(-1, CHUNK)
