"""Sounds of a home that are not speech, made and not recorded: the same each time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwitness.conformance.stimuli.sound_format import RATE

SECONDS = 3.0
"""Of each sound. Chosen: about as long as a sentence."""
LOUDNESS = 9_000.0
"""Highest amplitude (of 32,767). Chosen: about as loud as the words of the test."""
CHORDS = (
    (220.0, 277.2, 329.6),
    (246.9, 293.7, 370.0),
    (196.0, 246.9, 293.7),
    (220.0, 277.2, 329.6),
)
"""Hertz: A, b minor, G and A, in equal temperament from 440."""
HARMONICS = 4
"""Of each note; chosen: enough to sound like strings."""
DISHES = 10
"""That clatter. Chosen, as are the next two."""
PITCHES = (1_000, 5_000)
"""Hertz between which a dish rings."""
RINGING = 0.03
"""Seconds in which the ringing falls to a third."""
SEED = 5
"""Chosen: any will do, as the sound is to be the same each time."""
Sound = NDArray[np.int16]


def make_music() -> Sound:
    """Four chords, each of them struck and dying away."""
    length = int(SECONDS * RATE) // len(CHORDS)
    time = np.arange(length) / RATE
    # 0.4 s: chosen, as a plucked string.
    fading = np.exp(-time / 0.4)
    chords = [
        fading
        * sum(
            np.sin(2 * np.pi * note * order * time) / order
            for note in chord
            for order in range(1, HARMONICS + 1)
        )
        for chord in CHORDS
    ]
    return _as_loud(np.concatenate(chords))


def make_kitchen() -> Sound:
    """Running water, the hum of a refrigerator, and dishes that clatter."""
    chance = np.random.default_rng(SEED)
    length = int(SECONDS * RATE)
    # 0.1: chosen; how loud it all is comes last.
    water = np.diff(chance.normal(0, 0.1, length + 1))
    sound = water + _hum(np.arange(length) / RATE)
    _add_dishes(sound, chance)
    return _as_loud(sound)


def _add_dishes(
    sound: NDArray[np.float64], chance: np.random.Generator
) -> None:
    ringing = np.arange(RATE // 4) / RATE
    latest = len(sound) - len(ringing)
    for begins in chance.integers(0, latest, DISHES):
        pitch = chance.uniform(*PITCHES)
        ends = begins + len(ringing)
        sound[begins:ends] += _ring_dish(ringing, pitch)


def _hum(time: NDArray[np.float64]) -> NDArray[np.float64]:
    """A compressor, faint beside the water."""
    # 100 Hz: twice the mains of Europe.
    tone: NDArray[np.float64] = np.sin(2 * np.pi * 100 * time)
    # 0.05: chosen, half as loud as the water.
    return 0.05 * tone


def _ring_dish(
    time: NDArray[np.float64], pitch: float
) -> NDArray[np.float64]:
    fading = np.exp(-time / RINGING)
    tone: NDArray[np.float64] = np.sin(2 * np.pi * pitch * time)
    return fading * tone


def _as_loud(sound: NDArray[np.float64]) -> Sound:
    loudest = float(np.abs(sound).max())
    scaled: Sound = np.rint(sound * (LOUDNESS / loudest)).astype(np.int16)
    return scaled
