"""Sound that is coded message by message is heard as it crosses, however the packets are framed."""

from __future__ import annotations

import random

import av
import numpy as np
import pytest

from earwitness.conformance.running.sounds import SoundMemory
from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.witnesses.packet_line import (
    Framing,
    possible_framings,
)
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.wire.connection import Direction
from earwitness.conformance.witnesses.wire.stream import Part

PIECE = 1_280
BEGINS = 10
"""Pieces before the first that is sent."""


def counted(number, packets):
    body = b"".join(len(p).to_bytes(2) + p for p in packets)
    return [number.to_bytes(4) + body]


def numbered(number, packets):
    return [
        (4 * number + k).to_bytes(4) + packet
        for k, packet in enumerate(packets)
    ]


def bare(number, packets):
    return packets


def encoder():
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.format, codec.layout = RATE, "s16", "mono"
    codec.bit_rate = 24_000
    codec.open()
    return codec


def encoded(codec, samples):
    """Packets of 20 ms."""
    packets = []
    for part in samples.reshape(-1, 320):
        frame = av.AudioFrame.from_ndarray(
            part.reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets


def message(content, time):
    return Crossing(
        device="d1",
        time_taken=time,
        direction=Direction.FROM_DEVICE,
        content=content,
        encrypted=True,
        protocol="websocket",
        connection=1,
        part=Part.MESSAGE,
        size=len(content),
    )


@pytest.mark.parametrize("framed", [counted, numbered, bare])
def test_coded_sound_is_heard_as_it_crosses(framed):
    memory, codec, found = SoundMemory(), encoder(), []
    memory.begin()
    sound = in_the_air(CLIPS["weather"].said_to("alexa", "computer"), 5)
    for number in range(BEGINS + 30):
        piece = sound[number * PIECE : (number + 1) * PIECE]
        now = number * 80_000
        memory.add("d1", now, piece.tobytes(), in_call=False)
        if number >= BEGINS:
            sent = framed(number - BEGINS, encoded(codec, piece))
            crossings = [message(content, now) for content in sent]
            passages = memory.passages(crossings)
            found += [(now + 80_000, passage) for passage in passages]
    begun = BEGINS * 80_000
    memory.close()
    assert 0 <= found[0][1].first - begun < 9_000
    # Half a second after its first message at the latest, and what was heard later is told later.
    assert found[0][0] <= begun + 500_000
    assert all(passage.last <= told for told, passage in found)
    (account,) = memory.wire.accounts.parties().values()
    assert account.attributed > 20 * account.unexplained


def test_what_is_no_sound_is_no_sound_in_any_framing():
    dice = random.Random(1)
    memory = SoundMemory()
    memory.begin()
    sound = in_the_air(CLIPS["weather"].said_to("alexa", "computer"), 5)
    memory.add("d1", 0, sound.astype("<i2").tobytes(), in_call=False)
    sent = [message(dice.randbytes(60), i * 20_000) for i in range(80)]
    assert memory.passages(sent) == []
    memory.close()


@pytest.mark.parametrize("width", [1, 2, 4])
def test_lengths_before_packets_are_read_to_the_end_of_each_message(width):
    packets = [np.random.default_rng(n).bytes(30 + n % 7) for n in range(24)]
    packets = [bytes([72]) + packet for packet in packets]
    framing = Framing(3, width)
    messages = [
        b"abc"
        + b"".join(len(p).to_bytes(width) + p for p in packets[i : i + 2])
        for i in range(0, 24, 2)
    ]
    assert framing.split(messages) == packets
    assert framing in possible_framings(messages)
    assert framing.split([*messages, b"abc\x09"]) == []
