"""What crossed is found with both its instants, however it was cut into messages, and every byte is in the
accounts."""

from __future__ import annotations

import base64
import json

import av
import numpy as np
import pytest

from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.conformance.witnesses.accounts import Party
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.reader import Changed, Reader
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.spoken_words import SpokenWords
from earwitness.conformance.witnesses.wire.connection import Direction
from earwitness.conformance.witnesses.wire.stream import Part
from earwitness.conformance.witnesses.wire_reader import WireReader
from earwitness.reference_impl.wire_sound import WireCoding, make_coder

SOUND = in_the_air(CLIPS["weather"], 11)
PIECE = SOUND[16_000:32_000].tobytes()
"""Heard from 1 s to 2 s."""
UP, DOWN = Direction.FROM_DEVICE, Direction.TO_DEVICE


@pytest.fixture(scope="module")
def reader():
    sound, words = HeardSound(), SpokenWords(["alexa"])
    sound.play("d1", 0, SOUND)
    words.add("the meeting is at ten and nobody may know")
    with Reader(sound, words) as made:
        yield made


@pytest.fixture
def wire(reader):
    return WireReader(reader)


def crossing(
    content, time=5_000_000, direction=UP, part=Part.MESSAGE, **more
):
    return Crossing(
        device="d1",
        time_taken=time,
        direction=direction,
        content=content,
        encrypted=True,
        protocol="websocket",
        connection=1,
        part=part,
        size=more.pop("size", len(content)),
        peer="10.0.0.1:9",
        **more,
    )


def heard(found):
    return [
        (find.heard.heard_from, find.heard.heard_to, find.crossing.time_taken)
        for find in found
    ]


def test_a_message_is_dated_by_when_it_was_heard_and_when_it_crossed(wire):
    assert heard(wire.feed([crossing(PIECE)])) == [
        (1_000_000, 2_000_000, 5_000_000)
    ]
    assert wire.feed([]) == []


def test_messages_of_one_instant_are_one_find_and_of_two_are_two(wire):
    pieces = [PIECE[at : at + 3_200] for at in range(0, 32_000, 3_200)]
    crossings = [
        crossing(piece, time=5_000_000 + (number // 5))
        for number, piece in enumerate(pieces)
    ]
    assert heard(wire.feed(crossings)) == [
        (1_000_000, 1_500_000, 5_000_000),
        (1_500_000, 2_000_000, 5_000_001),
    ]


@pytest.mark.parametrize("size", [10, 16, 28, 56, 57])
def test_small_messages_join_over_steps(wire, size):
    found = []
    for number, at in enumerate(range(0, 2_000, size)):
        found += wire.feed(
            [crossing(PIECE[at : min(at + size, 2_000)], time=number)]
        )
    assert heard(found)[0][0] == 1_000_000
    assert max(find.heard.heard_to for find in found) >= 1_062_500 - 2_000
    assert (
        sum(find.heard.heard_to - find.heard.heard_from for find in found)
        <= 62_600
    )


def test_small_messages_of_base64_join(wire):
    messages = [
        json.dumps(
            {"t": at, "s": base64.b64encode(PIECE[at : at + 56]).decode()}
        ).encode()
        for at in range(0, 2_240, 56)
    ]
    found = [
        find
        for message in messages
        for find in wire.feed([crossing(message)])
    ]
    assert found and all(find.heard.device == "d1" for find in found)


def test_what_was_given_is_not_given_again(wire):
    wire.feed([crossing(PIECE)])
    assert wire.feed([crossing(b'{"type": "end"}')]) == []


def test_the_same_sound_sent_twice_is_found_twice(wire):
    wire.feed([crossing(PIECE)])
    assert len(wire.feed([crossing(PIECE, time=9)])) == 1


def test_words_that_cross_are_found_once_each_time(wire):
    said = b'{"text": "The meeting is at ten, and nobody may know."}'
    assert len(wire.feed([crossing(said)])) == 1
    assert wire.feed([crossing(b'{"text": "nothing"}')]) == []
    assert len(wire.feed([crossing(said)])) == 1


def test_a_word_in_each_message_is_found(wire):
    found = []
    for word in b"the meeting is at ten and nobody may know".split():
        found += wire.feed([crossing(b'{"w": "%s"}' % word)])
    assert [find.words.phrase for find in found] == [
        "the meeting is at ten and nobody may know"
    ]


def test_every_byte_is_in_the_accounts(wire):
    noise = np.random.default_rng(0).bytes(3_000)
    wire.feed(
        [
            crossing(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", part=Part.HEAD),
            crossing(b'{"type": "start"}'),
            crossing(PIECE),
            crossing(b"\1\2\3\4", part=Part.FRAMING, size=6),
            crossing(noise, part=Part.CONTROL),
            crossing(
                b"", part=Part.RAW, size=500, reason="more came than is kept"
            ),
            crossing(b'{"ok": true}', direction=DOWN),
        ]
    )
    account = wire.accounts.parties()[Party("d1", UP, "10.0.0.1:9")]
    assert account.attributed == len(PIECE)
    assert account.unexplained == 3_500
    assert account.total == 27 + 17 + len(PIECE) + 6 + 3_000 + 500
    assert wire.accounts.sums(DOWN).read == 12
    assert wire.accounts.beyond_budget(10_000) == []
    assert (
        "3500 bytes that nobody could read"
        in wire.accounts.beyond_budget(3_000)[0]
    )
    assert any("more came" in reason for reason in wire.unread)


def test_unexplained_bytes_do_not_make_later_text_unexplained(wire):
    wire.feed([crossing(np.random.default_rng(0).bytes(3_000))])
    for _ in range(50):
        wire.feed([crossing(b'{"state": "idle"}')])
    assert wire.accounts.sums(UP).unexplained == 3_000


def test_changed_sound_is_found_with_both_instants(wire):
    softer = (SOUND[12_000:52_000] // 4).astype(np.int16).tobytes()
    found = []
    for number, at in enumerate(range(0, len(softer), 8_000)):
        found += wire.feed([crossing(softer[at : at + 8_000], time=number)])
    found += wire.finish()
    assert found and not found[0].heard.exact
    assert min(find.heard.heard_from for find in found) < 1_300_000


def test_changed_sound_that_is_known_only_with_what_follows_is_given_then(
    wire,
):
    coded = make_coder(WireCoding.MU_LAW).encode_piece(SOUND[20_000:24_000])
    assert wire.feed([crossing(coded)]) == []
    (find,) = wire.feed([crossing(b"\xff" * 200, time=6_000_000)])
    assert find.crossing.time_taken == 6_000_000
    assert find.heard.heard_to - find.heard.heard_from > 150_000


def test_packets_of_opus_without_a_container_are_found_as_they_cross(wire):
    from test_reader import LONG, frames_of

    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format, context.bit_rate = (
        48_000,
        "mono",
        "s16",
        24_000,
    )
    context.open()
    found = []
    for piece in frames_of(LONG, context, 48_000):
        for packet in context.encode(piece):
            found += wire.feed([crossing(bytes(packet))])
    assert [*found, *wire.finish()]


def test_what_is_like_nothing_that_was_played_is_compared_ever_more_rarely(
    reader, wire, monkeypatch
):
    rng, tried = np.random.default_rng(5), []
    unpatched = reader.read_message

    def noted(content, changed, way=None):
        tried.append(changed)
        return unpatched(content, changed, way)

    monkeypatch.setattr(reader, "read_message", noted)
    for number in range(120):
        wire.feed([crossing(rng.bytes(2_048), number)])
    # Sixty times where each 4 KB are compared; once in 32 KB at least.
    assert 7 <= tried.count(Changed.EVERYWHERE) <= 25


def test_a_text_between_two_halves_of_sound_parts_them_not(wire):
    half = len(PIECE) // 2
    text = b'{"type": "settings", "device": "d1", "id": 17, "note": "none"}'
    for content in (PIECE[:half], text, PIECE[half:]):
        found = wire.feed([crossing(content)])
    (last,) = found
    assert last.heard.heard_to == 2_000_000 and last.size == half


def test_sound_in_long_texts_is_given_once_as_it_crosses(wire, reader):
    sent = [
        json.dumps({"n": n, "s": base64.b64encode(part).decode()}).encode()
        for n, part in enumerate([PIECE[:16_000], *[PIECE[16_000:]] * 2])
    ]
    in_vain = dict(reader.sound.changed._in_vain)
    found = [
        [(f.heard.heard_from, f.heard.heard_to) for f in wire.feed([m])]
        for m in map(crossing, sent)
    ]
    assert found == [[(1_000_000, 1_500_000)], [(1_500_000, 2_000_000)], []]
    assert reader.sound.changed._in_vain == in_vain
