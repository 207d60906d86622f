"""Sound goes up in every coding and comes out as it was, as nearly as the coding keeps it."""

from __future__ import annotations

import numpy as np
import pytest

from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.wire_sound import WireCoding, make_coder

SECONDS = np.arange(2 * RATE) / RATE
TONE = (8_000 * np.sin(2 * np.pi * 440 * SECONDS)).astype(np.int16)
LATEST = 200
"""Samples by which what Opus decodes is late (RFC 7845, 4.2)."""


def carried(coding, sound, piece=CHUNK):
    """Sound that went up piece by piece, and how many bytes that took."""
    device, cloud = make_coder(coding), make_coder(coding)
    messages = [
        device.encode_piece(sound[begin : begin + piece])
        for begin in range(0, len(sound), piece)
    ]
    got = b"".join(cloud.decode_piece(message) for message in messages)
    return np.frombuffer(got, np.int16), sum(map(len, messages))


@pytest.mark.parametrize("piece", [CHUNK, 320, 100])
@pytest.mark.parametrize("coding", list(WireCoding))
def test_what_comes_out_is_what_went_in(coding, piece):
    got, _ = carried(coding, TONE, piece)
    assert abs(len(got) - len(TONE)) <= 2 * CHUNK
    likeness = max(
        np.corrcoef(TONE[: len(got) - late], got[late:][: len(TONE)])[0, 1]
        for late in range(LATEST)
        if len(got) - late <= len(TONE)
    )
    assert likeness > 0.98


def test_codings_save_the_network():
    sizes = {coding: carried(coding, TONE)[1] for coding in WireCoding}
    assert sizes[WireCoding.MU_LAW] == len(TONE)
    assert sizes[WireCoding.OPUS] < sizes[WireCoding.MU_LAW] / 3


@pytest.mark.parametrize("content", [b"\x00", b"\x00\x09abc", b"\x00\x00"])
def test_what_is_no_sound_of_a_coding_is_refused(content):
    with pytest.raises(ValueError):
        make_coder(WireCoding.OPUS).decode_piece(content)
