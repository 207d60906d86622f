"""Sound files in, 16 kHz mono 16-bit little-endian out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from earwitness.reference_impl.protocol import CHUNK, RATE

Samples = NDArray[np.int16]


class SoundError(ValueError):
    """A file that holds no sound that can be decoded."""


def decode(source: Path | bytes) -> Samples:
    """All samples of a sound file or of its bytes. Raises SoundError."""
    pieces: list[Samples] = []
    try:
        with av.open(io.BytesIO(source) if isinstance(source, bytes) else str(source)) as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in container.decode(audio=0):
                pieces += [f.to_ndarray().reshape(-1) for f in resampler.resample(frame)]
            pieces += [f.to_ndarray().reshape(-1) for f in resampler.resample(None)]
    except (OSError, IndexError, ValueError) as error:
        raise SoundError(
            f"{source if isinstance(source, Path) else 'sound'} cannot be decoded ({error}); give WAV, FLAC or Ogg"
        ) from None
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def pieces(sound: Samples) -> Iterator[Samples]:
    """Sound in pieces of 80 ms, the last filled up with silence."""
    padded = np.concatenate([sound, np.zeros(-len(sound) % CHUNK, np.int16)])
    yield from padded.reshape(-1, CHUNK)
