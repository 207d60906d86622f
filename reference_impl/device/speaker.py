"""The loudspeaker: what the device says is played piece by piece as time passes, so that it can be cut
off."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.sound import Samples

Sink = Callable[[Samples], None]
"""Takes each piece of 80 ms as it is played, silence included: a sound card, a pipe, a file."""
TONE = (
    np.sin(np.arange(RATE // 10) * (2 * np.pi * 880 / RATE)) * 6_000
).astype(np.int16)
"""100 ms of a tone that says: I listen."""


def _play_nowhere(piece: Samples) -> None:
    """Plays to nobody."""


class Speaker:
    """Plays one thing after another. `sink` takes each piece of 80 ms, silence included; `copy` takes only
    what is played."""

    def __init__(
        self, sink: Sink = _play_nowhere, copy: Sink = _play_nowhere
    ) -> None:
        self.sink, self.copy = sink, copy
        self._left: Samples = np.zeros(0, np.int16)

    def play(self, samples: Samples) -> None:
        longer = np.concatenate([self._left, samples])
        self._left = longer

    def stop(self) -> None:
        """Cut off what is being said."""
        self._left = self._left[:0]

    @property
    def playing(self) -> bool:
        return len(self._left) > 0

    def advance(self) -> None:
        """Play the next 80 ms."""
        piece = self._left[:CHUNK]
        self._left = self._left[CHUNK:]
        if len(piece):
            self.copy(piece)
        silence = np.zeros(CHUNK - len(piece), np.int16)
        self.sink(np.concatenate([piece, silence]))
