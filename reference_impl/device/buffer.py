"""The volatile pre-roll: the latest half second heard, in memory only."""

from __future__ import annotations

import numpy as np

from earwitness.reference_impl.protocol import RATE
from earwitness.reference_impl.sound import Samples


class PreRoll:
    """Holds at most `length` samples."""

    length = RATE // 2

    def __init__(self) -> None:
        nothing = np.zeros(0, np.int16)
        self.samples: Samples = nothing

    def push(self, heard: Samples) -> None:
        longer = np.concatenate([self.samples, heard])
        self.samples = longer[-self.length :]

    def take(self) -> Samples:
        """What is held; afterwards it is empty."""
        held = self.samples
        self.samples = held[:0]
        return held

    @property
    def microseconds(self) -> int:
        held = len(self.samples)
        return held * 1_000_000 // RATE
