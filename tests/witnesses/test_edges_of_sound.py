"""Where changed sound begins in content is told by what is like it, and not by a moment of noise."""

from __future__ import annotations

import numpy as np

from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.conformance.witnesses.resemblance import (
    BLOCK,
    SpokenSpectra,
    find_alignments,
)

SOUND = SpokenSpectra(in_the_air(CLIPS["weather"], 5))
BEGINS = 1_500
"""Compared samples of other noise before the sound."""


def test_sixteen_milliseconds_of_noise_that_are_like_it_are_no_beginning():
    place = int(np.argmax(np.abs(SOUND.signal))) - BEGINS - 200
    content = SOUND.signal[place : place + 3 * BLOCK].copy()
    noise = np.random.default_rng(3).normal(0, 1e-3, BEGINS)
    like_it = content[400:540]
    noise[400:540] = like_it * 1e-3 / like_it.std()
    content[:BEGINS] = noise
    (found,) = find_alignments(content, [SOUND]).values()
    assert BEGINS - 64 <= min(each.begins for each in found) <= BEGINS + 128
