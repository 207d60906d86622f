"""What the drivers hear is the same in whatever form it comes; the drivers' modules show how they are called."""

from __future__ import annotations

import doctest
import io
import math
import wave

import numpy as np
import pytest

from earwitness.conformance.targets.subjects import (
    mqtt_broker,
    opening,
    ovos_settings,
    serving,
)
from earwitness.conformance.targets.subjects.sound import (
    in_our_form,
    samples_of,
)

TONE = np.array(
    [round(9_000 * math.sin(at / 12)) for at in range(16_000)], "<i2"
)
"""A second."""


def as_form(rate, width, channels):
    at = np.arange(rate) * 16_000 // rate
    samples = TONE[at].astype(np.int64)
    if width == 1:
        wide = ((samples >> 8) + 128).astype(np.uint8).reshape(-1, 1)
    else:
        wide = (samples << (8 * (width - 2))).astype("<i8")
        wide = wide.view(np.uint8).reshape(-1, 8)[:, :width]
    return np.tile(wide, channels).tobytes()


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_sound_in_any_form_is_the_same_sound(rate, width, channels):
    heard = in_our_form(
        sound=as_form(rate, width, channels),
        rate=rate,
        width=width,
        channels=channels,
    )
    samples = np.frombuffer(heard, "<i2").astype(int)
    assert len(samples) == 16_000
    # 256: what a sample of one byte loses; 760: the steepest step of the tone, where samples are left out.
    coarse = 256 * (width == 1) + 1_520 * (rate != 16_000)
    assert np.abs(samples - TONE).max() <= coarse


@pytest.mark.parametrize("form", [(0, 2, 1), (16_000, 5, 1), (16_000, 2, 0)])
def test_what_is_no_form_of_sound_is_refused(form):
    rate, width, channels = form
    with pytest.raises(ValueError, match="no form of sound"):
        in_our_form(sound=b"12", rate=rate, width=width, channels=channels)


def test_a_sound_file_is_heard_and_what_is_none_is_silence():
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setparams((2, 3, 16_000, 0, "NONE", ""))
        out.writeframes(as_form(16_000, 3, 2))
    assert samples_of(held.getvalue()) == TONE.tobytes()
    assert samples_of(held.getvalue()[:20]) == b""
    assert samples_of(b"no sound") == b""


@pytest.mark.parametrize(
    ("payload", "said"),
    [(b'{"id": "a"}', "a"), (b'{"id": null}', ""), (b"[1]", ""), (b"?", "")],
)
def test_a_message_of_hermes_that_says_nothing_is_no_error(payload, said):
    assert mqtt_broker.text_in(payload, "id") == said


@pytest.mark.parametrize("module", [opening, ovos_settings, serving])
def test_the_examples_of_the_modules_run(module):
    done = doctest.testmod(module)
    assert done.attempted and not done.failed
