"""Sound without a gap that was played beside a device."""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.conformance.stimuli.sound_format import RATE, Samples
from earwitness.conformance.witnesses.resemblance import (
    SpokenSpectra,
)
from earwitness.model.vocabulary import SECOND, Microseconds

LONGEST_STRETCH = 10 * RATE
"""Samples after which sound that goes on is a new stretch, so that a search need not go through all of a
long one."""


@dataclass(slots=True)
class Stretch:
    """Sound without a gap, beside one device."""

    device: str
    run: int
    call: bool
    began: Microseconds
    samples: Samples
    spectra: SpokenSpectra | None = None

    def time_of(self, sample: float, rate: int) -> Microseconds:
        return Microseconds(self.began + round(sample * SECOND / rate))

    def is_continued_at(self, began: Microseconds) -> bool:
        """Whether sound from an instant belongs to this stretch."""
        return len(self.samples) < LONGEST_STRETCH and self.ends_at(began)

    def ends_at(self, began: Microseconds) -> bool:
        """Whether sound from an instant goes on where this ends."""
        ends = self.time_of(len(self.samples), RATE)
        # A sample lasts 62.5 microseconds, so instants in whole microseconds may be one off.
        return abs(ends - began) <= 1

    def compared(self) -> SpokenSpectra:
        """The stretch, ready for comparison."""
        if self.spectra is None:
            self.spectra = SpokenSpectra(self.samples)
        return self.spectra
