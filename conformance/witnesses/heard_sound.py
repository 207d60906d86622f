"""All sound that was ever played in a check, beside each device and in calls: the ground truth for whatever
crosses or is kept.

One memory serves the whole check, because sound may be held back and leave later: at a reset, at the end,
in the next run.
"""

from __future__ import annotations

from earwitness.conformance.stimuli.sound_format import RATE, Samples
from earwitness.conformance.witnesses.changed_sound import ChangedSearch
from earwitness.conformance.witnesses.exact_sound import ExactSearch
from earwitness.conformance.witnesses.played_stretches import PlayedStretches
from earwitness.model.vocabulary import Microseconds


class HeardSound:
    """Remembers what was played. `exact` finds its samples in bytes, `changed` what was made of them."""

    def __init__(self) -> None:
        self.played = PlayedStretches()
        self.exact = ExactSearch(self.played)
        self.changed = ChangedSearch(self.played)

    @property
    def run(self) -> int:
        """The number of the run."""
        return self.played.run

    @property
    def seconds(self) -> float:
        """How much was played in all."""
        return len(self.played.index) / RATE

    def begin_run(self) -> int:
        """A new run begins, with clocks of its own; returns its number."""
        return self.played.begin_run()

    def play(
        self,
        device: str,
        began: Microseconds,
        samples: Samples,
        call: bool = False,
    ) -> None:
        """Sound was played beside a device, 16-bit mono at 16 kHz, from an instant of the device's clock;
        `call` says during a call."""
        self.played.add(device, began, samples, call=call)
