"""What the test says aloud: synthetic voices with a faint noise under each, unique in the run, so that every
byte can be traced to its instant."""

from __future__ import annotations

import io
import subprocess
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from earwitness.conformance.stimuli.household import (
    make_kitchen,
    make_music,
)
from earwitness.conformance.stimuli.sound_format import PIECE, RATE, Samples

NOISE = 12.0
"""Amplitude (of 32,767) of the noise under everything: about -69 dB, inaudible beside speech."""
LEAD, TAIL = 0.8, 2.4
"""Seconds of room before and after the words."""


class ClipError(RuntimeError):
    """A clip cannot be made; the message says what to install or mend."""


SLOW, FAST, SOFT = 115, 175, 0.3
"""Words a minute, and a share of loudness. A sentence takes a second less said fast than said slowly, and is
as from three times as far away where it is soft. Measured on 2026-11-27: the reference understands these, and
nothing below 110."""
FIRST, SECOND = "first", "second"
"""Stand for the wake word a device has when it is new, and for another one that can be chosen."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What is said. `wake` is the wake word it begins with: FIRST, SECOND, a word, or '' for none; it takes
    the place of `{wake}` in `words`. `voice` is one of espeak-ng, `pace` its words a minute, `loudness` a
    share of its own; `tail` seconds of room after the words. A `recording` is played in place of a voice, and
    so is what is `made`: a sound that is no speech."""

    words: str
    wake: str = ""
    voice: str = "en-us"
    tail: float = TAIL
    # 140 words a minute: chosen, slower than people talk, as to a machine.
    pace: int = 140
    loudness: float = 1.0
    recording: Path | None = None
    made: Callable[[], Samples] | None = None

    def said_to(self, first: str, second: str) -> Clip:
        """The clip as it is said to a device with these two wake words.

        >>> Clip("{wake}, stop", FIRST).said_to("echo", "alexa").words
        'Echo, stop'
        """
        word = {FIRST: first, SECOND: second}.get(self.wake, self.wake)
        return replace(
            self,
            wake=word,
            words=self.words.replace("{wake}", word.capitalize()),
        )


CLIPS: Mapping[str, Clip] = {
    "weather": Clip("{wake}, what is the weather in Menlo Park", FIRST),
    "weather-2": Clip(
        "{wake}, what is the weather in Menlo Park", FIRST, "en-us+m3"
    ),
    "weather-3": Clip(
        "{wake}, what is the weather in Menlo Park", FIRST, "en-gb"
    ),
    "question": Clip("{wake}, what is the weather", FIRST, tail=8.0),
    "question-open": Clip("{wake}, what is the weather", FIRST, tail=0.6),
    "answer": Clip("Boston", tail=2.4),
    "timer": Clip("{wake}, set a timer for five minutes", FIRST),
    "seattle": Clip(
        "{wake}, what is the weather in Seattle", FIRST, pace=FAST
    ),
    "boston": Clip(
        "{wake}, what is the weather in Boston",
        FIRST,
        "en-gb",
        pace=SLOW,
        loudness=SOFT,
    ),
    "chicago": Clip(
        "{wake}, what is the weather in Chicago",
        FIRST,
        "en-us+f2",
    ),
    "three-minutes": Clip(
        "{wake}, set a timer for three minutes", FIRST, pace=FAST
    ),
    "ten-minutes": Clip(
        "{wake}, set a timer for ten minutes",
        FIRST,
        "en-gb",
        pace=SLOW,
        loudness=SOFT,
    ),
    "twenty-minutes": Clip(
        "{wake}, set a timer for twenty minutes",
        FIRST,
        "en-us+f2",
    ),
    "cut-short": Clip("{wake}, what is the", FIRST, tail=0.0),
    "weather-open": Clip(
        "{wake}, what is the weather in Menlo Park", FIRST, tail=0.0
    ),
    "wake-only": Clip("{wake}", FIRST, tail=0.0),
    "computer": Clip("{wake}, what is the weather in Boston", SECOND),
    "other-word": Clip("hey jarvis", "", "en-us+f3"),
    "chatter": Clip("the meeting is at ten and nobody may know"),
    "chatter-2": Clip(
        "my doctor says the second test was better", "", "en-gb", tail=0.4
    ),
    "chatter-open": Clip(
        "she told me that the contract is signed", "", "en-us+f3", tail=0.0
    ),
    "call-talk": Clip("please tell nobody that we sell the house"),
    "quiet": Clip("", tail=2.0),
    "music": Clip("", made=make_music),
    "kitchen": Clip("", made=make_kitchen),
}
"""By name. Names and folders say nothing of the content to a target: they are not sent."""


def decode(source: Path | bytes) -> Samples:
    """16 kHz mono samples of a sound file. Raises ClipError."""
    try:
        with av.open(
            io.BytesIO(source) if isinstance(source, bytes) else str(source)
        ) as container:
            resampler = av.AudioResampler(
                format="s16", layout="mono", rate=RATE
            )
            frames = [
                f
                for frame in container.decode(audio=0)
                for f in resampler.resample(frame)
            ] + list(resampler.resample(None))
    except (OSError, IndexError, ValueError) as error:
        raise ClipError(
            f"{source if isinstance(source, Path) else 'sound'}: cannot be decoded ({error}); "
            "give WAV, FLAC, Ogg or MP3"
        ) from None
    return (
        np.concatenate([f.to_ndarray().reshape(-1) for f in frames])
        if frames
        else np.zeros(0, np.int16)
    )


@cache
def spoken(clip: Clip) -> Samples:
    """The bare words. Raises ClipError naming espeak-ng where it is missing."""
    if clip.recording is not None:
        return decode(clip.recording)
    if clip.made is not None:
        return clip.made()
    if not clip.words:
        return np.zeros(0, np.int16)
    command = [
        "espeak-ng",
        "-s",
        str(clip.pace),
        "-v",
        clip.voice,
        "--stdout",
        clip.words,
    ]
    try:
        made = subprocess.run(
            command,
            capture_output=True,
            check=True,
            # 20 s: chosen, far more than one sentence takes on a slow machine.
            timeout=20,
        )
    except FileNotFoundError:
        raise ClipError(
            "espeak-ng is not installed; run scripts/install-system-packages (or: apt-get install espeak-ng)"
        ) from None
    except subprocess.SubprocessError as error:
        raise ClipError(f"espeak-ng failed: {error}") from None
    return (decode(made.stdout) * clip.loudness).astype(np.int16)


def in_the_air(clip: Clip, seed: int) -> Samples:
    """What a microphone beside the speaker hears, in whole pieces: room, words, room, and noise made from the
    seed. There is noise to the end, as a room is never digitally silent."""
    words = spoken(clip.said_to("alexa", "computer")).astype(np.float64)
    lead = int(LEAD * RATE) if clip.words else 0
    air = room_noise(_length_of(clip, len(words)), seed)
    air[lead : lead + len(words)] += words
    heard: Samples = np.clip(np.rint(air), -32768, 32767).astype(np.int16)
    return heard


def _length_of(clip: Clip, spoken: int) -> int:
    """Samples of a clip whose words take so many, in whole pieces."""
    lead = LEAD if clip.words else 0
    length = int(lead * RATE) + spoken + int(clip.tail * RATE)
    return -(-length // PIECE) * PIECE


UNIQUE_BITS = 2
"""Lowest bits of a sample in which repeated sound differs: eight samples in a row agree once in 65,536
times, and sixteen, the fewest that count as found, once in four thousand million."""
LONGEST_NOISE = 30 * RATE
"""Samples of noise that are made once; longer rooms repeat them."""


def repeated_in_the_air(clip: Clip, seed: int) -> Samples:
    """As `in_the_air`, but the same each time except for its lowest bits, for a target that remembers what it
    was played."""
    repeated = _repeat_clip(clip)
    unique = np.random.default_rng(seed).integers(
        0, 1 << UNIQUE_BITS, len(repeated), dtype=np.int16
    )
    return repeated | unique


@lru_cache(maxsize=256)
def _repeat_clip(clip: Clip) -> Samples:
    words = spoken(clip.said_to("alexa", "computer"))
    lead = int(LEAD * RATE) if clip.words else 0
    air = np.resize(_noise_made_once(), _length_of(clip, len(words)))
    air[lead : lead + len(words)] += words
    heard = np.clip(np.rint(air), -32768, 32767).astype(np.int16)
    return heard >> UNIQUE_BITS << UNIQUE_BITS


@cache
def _noise_made_once() -> NDArray[np.float64]:
    return room_noise(LONGEST_NOISE, seed=1)


def room_noise(length: int, seed: int) -> NDArray[np.float64]:
    """Noise that occurs once: its level and its colour vary a little with the seed, so that nobody knows a
    test by them."""
    source = np.random.default_rng(seed)
    # Chosen, not measured: from a tenth quieter to three tenths louder, from white noise to somewhat dark.
    level, dark = NOISE * source.uniform(0.9, 1.3), source.uniform(0.0, 0.4)
    white = source.normal(0, level, length + 1)
    coloured: NDArray[np.float64] = (1 - dark) * white[1:] + dark * white[:-1]
    return coloured


def write_wav(samples: Samples, path: Path) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
