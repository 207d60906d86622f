"""Streams are taken apart without losing a byte, however they come."""

from __future__ import annotations

import hpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from earwitness.conformance.witnesses.wire import websocket
from earwitness.conformance.witnesses.wire.connection import (
    Direction,
    Dissection,
)
from earwitness.conformance.witnesses.wire.stream import Part

UP, DOWN = Direction.FROM_DEVICE, Direction.TO_DEVICE
SOUND = bytes(range(256)) * 8


def taken_apart(*fed):
    """The pieces of each direction."""
    dissection = Dissection()
    pieces = {direction: [] for direction in Direction}
    for direction, data in fed:
        pieces[direction] += dissection.feed(direction, data)
    for direction in Direction:
        pieces[direction] += dissection.rest(direction)
    return pieces


def contents(pieces, part=Part.MESSAGE):
    return b"".join(piece.content for piece in pieces if piece.part is part)


def protocols(pieces):
    return list(dict.fromkeys(piece.protocol for piece in pieces))


POST = b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 2048\r\n\r\n" + SOUND
CHUNKED = (
    b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
    b"400;note=x\r\n"
    + SOUND[:1024]
    + b"\r\n400\r\n"
    + SOUND[1024:]
    + b"\r\n0\r\nsum: 7\r\n\r\n"
)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


@pytest.mark.parametrize("request_bytes", [POST, CHUNKED])
def test_the_body_of_a_post_is_its_message_whatever_its_length_is_told_by(
    request_bytes,
):
    pieces = taken_apart(
        (UP, request_bytes), (DOWN, OK), (UP, request_bytes), (DOWN, OK)
    )
    assert contents(pieces[UP]) == SOUND * 2
    assert contents(pieces[DOWN]) == b"hihi"
    assert protocols(pieces[UP]) == ["http/1.1"]


def test_heads_and_trailers_are_given_out():
    pieces = taken_apart((UP, CHUNKED))
    assert b"POST /x" in contents(pieces[UP], Part.HEAD)
    assert b"sum: 7" in contents(pieces[UP], Part.HEAD)
    assert b"note=x" in contents(pieces[UP], Part.FRAMING)


def test_answers_to_head_and_204_have_no_body():
    get = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
    asked = b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n" + get + get
    answers = (
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nHTTP/1.1 204 None\r\n\r\n"
        + OK
    )
    pieces = taken_apart((UP, asked), (DOWN, answers))
    assert contents(pieces[DOWN]) == b"hi"
    assert sum(piece.part is Part.HEAD for piece in pieces[DOWN]) == 3


def test_a_body_without_length_lasts_until_the_end():
    pieces = taken_apart(
        (UP, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"),
        (DOWN, b"HTTP/1.1 200 OK\r\n\r\n" + SOUND),
    )
    assert contents(pieces[DOWN]) == SOUND


def websocket_bytes(messages, deflate=True, ping=b""):
    """What a client and a server of the websockets package send each other."""
    extensions = [ClientPerMessageDeflateFactory()] if deflate else None
    client = ClientProtocol(parse_uri("ws://a/"), extensions=extensions)
    server = ServerProtocol(
        extensions=[ServerPerMessageDeflateFactory()] if deflate else None
    )
    client.send_request(client.connect())
    fed = [(UP, b"".join(client.data_to_send()))]
    server.receive_data(fed[0][1])
    server.send_response(server.accept(server.events_received()[0]))
    fed.append((DOWN, b"".join(server.data_to_send())))
    client.receive_data(fed[1][1])
    for message in messages:
        client.send_binary(message)
        fed.append((UP, b"".join(client.data_to_send())))
        server.send_binary(message)
        fed.append((DOWN, b"".join(server.data_to_send())))
    if ping:
        client.send_ping(ping)
        fed.append((UP, b"".join(client.data_to_send())))
    return fed


@pytest.mark.parametrize("deflate", [False, True])
def test_messages_of_a_websocket_are_unmasked_and_inflated_both_ways(deflate):
    pieces = taken_apart(*websocket_bytes([SOUND, b"", SOUND], deflate))
    assert contents(pieces[UP]) == contents(pieces[DOWN]) == SOUND * 2
    assert (
        sum(piece.whole for piece in pieces[UP] if piece.part is Part.MESSAGE)
        == 3
    )


def test_a_ping_is_control_and_its_content_is_given_out():
    pieces = taken_apart(*websocket_bytes([SOUND], ping=b"said"))
    assert contents(pieces[UP], Part.CONTROL) == b"said"


def test_small_messages_join_to_one_sound():
    pieces = taken_apart(
        *websocket_bytes(
            [SOUND[at : at + 56] for at in range(0, len(SOUND), 56)]
        )
    )
    assert contents(pieces[UP]) == SOUND


def test_bytes_after_a_close_and_before_an_answer_are_raw():
    fed = websocket_bytes([SOUND])
    late = taken_apart(*fed, (UP, b"\x88\x80\0\0\0\0" + SOUND))
    assert contents(late[UP], Part.RAW) == SOUND
    early = taken_apart(fed[0], (UP, SOUND))
    assert contents(early[UP], Part.RAW) == SOUND


def test_an_inflated_bomb_is_not_read_and_says_so(monkeypatch):
    monkeypatch.setattr(websocket, "MOST_INFLATED", 10_000)
    pieces = taken_apart(*websocket_bytes([bytes(1 << 20)]))
    assert any("more than" in piece.reason for piece in pieces[UP])
    assert sum(len(piece.content) for piece in pieces[UP]) < 20_000


def test_messages_that_do_not_inflate_are_not_read_and_say_so():
    fed = websocket_bytes([SOUND])
    broken = b"\xc2\x84\0\0\0\0\xff\xff\xff\xff"
    pieces = taken_apart(*fed, (UP, broken))
    assert any(
        "do not follow the rules" in piece.reason for piece in pieces[UP]
    )


def http2_bytes():
    fields = hpack.Encoder().encode(
        [(":path", "/said/words"), ("x-text", "what they said")]
    )
    headers = len(fields).to_bytes(3, "big") + b"\x01\x04\0\0\0\x01" + fields
    padded = bytes([5]) + SOUND + b"PPPPP"
    data = len(padded).to_bytes(3, "big") + b"\x00\x08\0\0\0\x01" + padded
    ping = b"\0\0\x08\x06\0\0\0\0\0" + b"12345678"
    return (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        + b"\0\0\0\x04\0\0\0\0\0"
        + headers
        + data
        + ping
    )


def test_http_2_gives_out_fields_bodies_padding_and_pings():
    pieces = taken_apart((UP, http2_bytes()), (DOWN, b"\0\0\0\x04\0\0\0\0\0"))
    assert b"what they said" in contents(pieces[UP], Part.HEAD)
    assert contents(pieces[UP]) == SOUND
    assert contents(pieces[UP], Part.CONTROL) == b"PPPPP12345678"
    assert protocols(pieces[DOWN]) == ["http/2"]


def mqtt_bytes(level=4):
    connect = (
        b"\0\4MQTT"
        + bytes([level])
        + b"\x02\0\x3c"
        + (b"\0" if level == 5 else b"")
        + b"\0\2id"
    )
    topic = b"\0\5audio" + (b"\0" if level == 5 else b"")
    length = len(topic) + len(SOUND)
    publish = (
        b"\x30" + bytes([length & 0x7F | 0x80, length >> 7]) + topic + SOUND
    )
    return b"\x10" + bytes([len(connect)]) + connect, publish, b"\xc0\0"


@pytest.mark.parametrize("level", [4, 5])
def test_what_is_published_by_mqtt_is_its_message(level):
    connect, publish, ping = mqtt_bytes(level)
    pieces = taken_apart(
        (UP, connect),
        (DOWN, b"\x20\2\0\0"),
        (UP, publish),
        (UP, ping),
        (UP, publish),
    )
    assert contents(pieces[UP]) == SOUND * 2
    assert b"audio" in contents(pieces[UP], Part.HEAD)
    assert protocols(pieces[UP]) == protocols(pieces[DOWN]) == ["mqtt"]


def test_an_unknown_protocol_is_raw_and_whole():
    pieces = taken_apart(
        (DOWN, b'{"type": "describe"}\n'), (UP, b"\0\1\2" + SOUND)
    )
    assert contents(pieces[UP], Part.RAW) == b"\0\1\2" + SOUND
    assert contents(pieces[DOWN], Part.RAW) == b'{"type": "describe"}\n'


def test_lost_bytes_are_counted_and_what_follows_is_raw():
    dissection = Dissection()
    dissection.feed(UP, POST[:100])
    lost = dissection.lose(UP, 5_000, "too many")
    after = dissection.feed(UP, POST)
    assert (
        sum(piece.size for piece in lost) >= 5_000
        and lost[-1].reason == "too many"
    )
    assert contents(after, Part.RAW) == POST


CONVERSATIONS = [
    [(UP, POST), (DOWN, OK), (UP, CHUNKED), (DOWN, OK)],
    websocket_bytes([SOUND[:70], b"", SOUND[:300]], ping=b"said"),
    websocket_bytes([SOUND[:70]], deflate=False),
    [(UP, http2_bytes()), (DOWN, b"\0\0\0\x04\0\0\0\0\0")],
    [(UP, b"".join(mqtt_bytes())), (DOWN, b"\x20\2\0\0")],
    [(DOWN, b"* server speaks first\r\n"), (UP, SOUND)],
]


@given(st.sampled_from(CONVERSATIONS), st.data())
@settings(max_examples=150, deadline=None)
def test_every_byte_is_in_one_piece_and_splitting_changes_nothing(
    conversation, data
):
    """However a conversation is cut, sizes add up, and each kind of content is the same."""
    split = []
    for direction, chunk in conversation:
        cut = data.draw(st.integers(0, len(chunk)))
        again = data.draw(st.integers(cut, len(chunk)))
        split += [
            (direction, part)
            for part in (chunk[:cut], chunk[cut:again], chunk[again:])
            if part
        ]
    whole, cut_up = taken_apart(*conversation), taken_apart(*split)
    for direction in Direction:
        crossed = sum(
            len(chunk) for way, chunk in conversation if way is direction
        )
        assert sum(piece.size for piece in cut_up[direction]) == crossed
        for part in Part:
            assert contents(cut_up[direction], part) == contents(
                whole[direction], part
            )


@given(st.sampled_from(CONVERSATIONS), st.data())
@settings(max_examples=300, deadline=None)
def test_a_conversation_with_wrong_bytes_still_adds_up(conversation, data):
    changed = []
    for direction, chunk in conversation:
        place = data.draw(st.integers(0, max(0, len(chunk) - 1)))
        changed.append(
            (
                direction,
                chunk[:place]
                + data.draw(st.binary(max_size=4))
                + chunk[place + 1 :],
            )
        )
    pieces = taken_apart(*changed)
    for direction in Direction:
        crossed = sum(
            len(chunk) for way, chunk in changed if way is direction
        )
        assert sum(piece.size for piece in pieces[direction]) == crossed
