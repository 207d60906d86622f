"""Standard error is a log like any other: what is written there is read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earwitness.conformance.running.sounds import SoundMemory
from earwitness.conformance.running.stores import STANDARD_ERROR, Stores
from earwitness.conformance.targets.confinement import Confinement


@dataclass
class OpenCell:
    """A target that is not confined, with what it wrote to standard error."""

    written: bytes = b""
    level = Confinement.OPEN

    def error_content(self):
        return self.written


def test_sound_on_standard_error_is_a_recording_that_is_kept():
    sounds, cell = SoundMemory(), OpenCell(b"ready\n")
    stores = Stores(cell, (), sounds)
    stores.take_baseline()
    heard = np.random.default_rng(1).integers(-9_000, 9_000, 16_000, "i2")
    sounds.begin()
    sounds.add("d1", 0, heard.tobytes(), in_call=False)
    stores.mark()
    assert stores.search(()).finds == ()
    cell.written += heard.tobytes()
    (find,) = stores.search(()).finds
    sounds.close()
    assert (find.store, find.category) == (STANDARD_ERROR, "recording")
    # How much is written there is no growth of a store.
    assert stores.growth() == {}
