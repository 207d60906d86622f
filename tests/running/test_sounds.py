"""Where changed sound is found a little off, that is not held against the device."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from earwitness.conformance.running.sounds import DOUBT, EDGE, SoundMemory
from earwitness.conformance.witnesses.finds_of_sound import Heard
from earwitness.conformance.witnesses.found_on_wire import FoundOnWire

PITCH_PERIOD = 8_000
"""Microseconds, of a voice at 125 Hz."""


def passage_of(exact, sender="d1"):
    """What is told of 1 s of sound that was found from 500 ms on."""
    memory = SoundMemory()
    memory.begin()
    memory.add("d1", 0, np.zeros(16_000, "<i2").tobytes(), in_call=False)
    heard = Heard(
        device="d1",
        run=memory.heard.run,
        call=False,
        heard_from=500_000,
        heard_to=1_500_000,
        begins=0,
        ends=32_000,
        layout="x",
        exact=exact,
    )
    crossing = SimpleNamespace(
        device=sender, encrypted=True, door="", time_taken=0
    )
    find = FoundOnWire(crossing, 32_000, heard=heard)
    memory.wire = SimpleNamespace(feed=lambda crossings, streaming: [find])
    (passage,) = memory.passages([])
    memory.close()
    return passage


def test_changed_sound_may_lie_a_pitch_period_later_and_end_one_earlier():
    passage = passage_of(exact=False)
    assert passage.first >= 500_000 + PITCH_PERIOD
    assert passage.last <= 1_500_000 - PITCH_PERIOD
    # No more than a hundredth of a second is given away, or a longer pre-roll would pass.
    assert DOUBT <= 10_000


def test_of_exact_sound_only_samples_are_doubted_that_may_agree_by_chance():
    passage = passage_of(exact=True)
    assert (passage.first, passage.last) == (500_250, 1_499_750)
    assert EDGE < 1_000 < DOUBT


def test_unchanged_sound_is_of_the_device_beside_which_it_was_heard():
    assert passage_of(exact=True, sender="d2").device == "d1"
    # The same words may have been said beside both, and changed they are alike.
    assert passage_of(exact=False, sender="d2").device == "d2"
