"""Sound in messages that each begin with a header is heard as if they had none."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from test_packet_line import message

from earwitness.conformance.running.sounds import SoundMemory
from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.message_header import find_header
from earwitness.reference_impl.wire_sound import WireCoding, make_coder

PIECE = 1_280
BEGINS = 10
"""Pieces before the first that is sent."""
SOUND = in_the_air(CLIPS["weather"].said_to("alexa", "computer"), 5)


def headed(number, body, length):
    """A counter and a checksum, and more of both where it is longer."""
    stamp = number.to_bytes(4) + zlib.crc32(body).to_bytes(4)
    noise = np.random.default_rng(number).bytes(64)
    return (stamp + noise)[:length] + body


def encoded(length, piece=PIECE):
    coder = make_coder(WireCoding.MU_LAW)
    return [
        headed(at, coder.encode_piece(SOUND[at : at + piece]), length)
        for at in range(8_000, 30_000, piece)
    ]


@pytest.mark.parametrize("length", [0, 1, 4, 8, 37, 64])
def test_the_length_of_headers_shows_in_where_sound_goes_on(length):
    sound = HeardSound()
    sound.play("d1", 0, SOUND)
    assert find_header(encoded(length), sound) == length


def test_small_messages_of_a_telephone_have_headers_too():
    sound = HeardSound()
    sound.play("d1", 0, SOUND)
    assert find_header(encoded(12, piece=320), sound) == 12


def test_where_nothing_is_sound_that_was_played_no_header_is_known():
    sound = HeardSound()
    sound.play("d1", 0, SOUND)
    dice = np.random.default_rng(1)
    noise = [
        dice.normal(0, 300, 640).astype("<i2").tobytes() for _ in range(16)
    ]
    assert find_header(noise, sound) is None
    assert find_header([dice.bytes(1_300) for _ in range(16)], sound) is None


@pytest.mark.parametrize("length", [8, 37])
def test_sound_after_headers_is_heard_as_it_crosses(length):
    memory, coder, found = SoundMemory(), make_coder(WireCoding.MU_LAW), []
    memory.begin()
    for number in range(len(SOUND) // PIECE):
        piece = SOUND[number * PIECE : (number + 1) * PIECE]
        now = number * 80_000
        memory.add("d1", now, piece.tobytes(), in_call=False)
        if number >= BEGINS:
            content = headed(number, coder.encode_piece(piece), length)
            found += memory.passages([message(content, now)])
    memory.close()
    begun = BEGINS * 80_000
    assert 0 <= found[0].first - begun <= 9_000
    heard = sum(passage.last - passage.first for passage in found)
    # Three seconds are said; each find may be 8 ms shorter at both ends.
    assert heard > 2_000_000
