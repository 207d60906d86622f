"""What the test says aloud: synthetic voices with a faint noise under each, unique in the run, so that every byte can be traced to its instant."""

from __future__ import annotations

import io
import subprocess
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000
NOISE = 12.0
"""Amplitude (of 32,767) of the noise under everything: about -69 dB, inaudible beside speech."""
LEAD, TAIL = 0.8, 2.4
"""Seconds of room before and after the words."""
Samples = NDArray[np.int16]


class ClipError(RuntimeError):
    """A clip cannot be made; the message says what to install or mend."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Words, the voice that says them (an espeak-ng voice), and the wake word they begin with, if any."""

    words: str
    wake: str
    voice: str = "en-us"
    tail: float = TAIL
    recording: Path | None = None


CLIPS: Mapping[str, Clip] = {
    "weather": Clip("Alexa, what is the weather in Menlo Park", "alexa"),
    "weather-2": Clip("Alexa, what is the weather in Menlo Park", "alexa", "en-us+m3"),
    "weather-3": Clip("Alexa, what is the weather in Menlo Park", "alexa", "en-gb"),
    "question": Clip("Alexa, what is the weather", "alexa", tail=8.0),
    "timer": Clip("Alexa, set a timer for five minutes", "alexa"),
    "seattle": Clip("Alexa, what is the weather in Seattle", "alexa"),
    "boston": Clip("Alexa, what is the weather in Boston", "alexa", "en-gb"),
    "three-minutes": Clip("Alexa, set a timer for three minutes", "alexa"),
    "ten-minutes": Clip("Alexa, set a timer for ten minutes", "alexa", "en-gb"),
    "cut-short": Clip("Alexa, what is the", "alexa", tail=0.0),
    "computer": Clip("Computer, what is the weather in Boston", "computer"),
    "other-word": Clip("hey jarvis", "", "en-us+f3"),
    "chatter": Clip("the meeting is at ten and nobody may know", ""),
    "quiet": Clip("", "", tail=1.2),
}


def decode(source: Path | bytes) -> Samples:
    """16 kHz mono samples of a sound file. Raises ClipError."""
    try:
        with av.open(io.BytesIO(source) if isinstance(source, bytes) else str(source)) as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)] + list(
                resampler.resample(None)
            )
    except (OSError, IndexError, ValueError) as error:
        raise ClipError(
            f"{source if isinstance(source, Path) else 'sound'}: cannot be decoded ({error}); give WAV, FLAC, Ogg or MP3"
        ) from None
    return np.concatenate([f.to_ndarray().reshape(-1) for f in frames]) if frames else np.zeros(0, np.int16)


@cache
def spoken(clip: Clip) -> Samples:
    """The bare words. Raises ClipError naming espeak-ng where it is missing."""
    if clip.recording is not None:
        return decode(clip.recording)
    if not clip.words:
        return np.zeros(0, np.int16)
    command = ["espeak-ng", "-s", "140", "-v", clip.voice, "--stdout", clip.words]
    try:
        made = subprocess.run(command, capture_output=True, check=True, timeout=20)
    except FileNotFoundError:
        raise ClipError(
            "espeak-ng is not installed; run scripts/install-system-packages (or: apt-get install espeak-ng)"
        ) from None
    except subprocess.SubprocessError as error:
        raise ClipError(f"espeak-ng failed: {error}") from None
    return decode(made.stdout)


def in_the_air(clip: Clip, seed: int) -> Samples:
    """What a microphone beside the speaker hears: room, words, room, and noise made from the seed."""
    words = spoken(clip).astype(np.float64)
    air = np.concatenate([np.zeros(int(LEAD * RATE)), words, np.zeros(int(clip.tail * RATE))])
    air += np.random.default_rng(seed).normal(0, NOISE, len(air))
    heard: Samples = np.clip(np.rint(air), -32768, 32767).astype(np.int16)
    return heard


def write_wav(samples: Samples, path: Path) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
