"""MQTT (3.1, 3.1.1, 5): packets, what is published told from topics and bookkeeping."""

from __future__ import annotations

import re
from collections.abc import Generator

from earwitness.conformance.witnesses.wire.stream import (
    LARGEST_HEAD,
    NotThisProtocol,
    Parser,
    Part,
    Stream,
)

CONNECT = re.compile(
    rb"\x10[\x00-\xff]{1,4}?\x00(?:\x04MQTT|\x06MQIsdp)(.)", re.DOTALL
)
"""How a client begins: packet type, length of up to four bytes, name and level of the protocol."""
PUBLISH = 3
"""Type of the packet that carries a message (MQTT 5.0, 2.1.2)."""
LEVEL_5 = 5
"""The protocol's number for version 5, whose packets have properties."""


def mqtt_packets(stream: Stream, level: int) -> Parser:
    """The packets of one direction. `level` is 3, 4 or 5, as the client said."""
    stream.protocol = "mqtt"
    while True:
        length, head = yield from _fixed_head(stream)
        kind, quality = stream.buffer[0] >> 4, (stream.buffer[0] >> 1) & 3
        if kind == 0:
            raise NotThisProtocol
        stream.emit(Part.FRAMING, head, whole=False)
        if kind == PUBLISH:
            length -= yield from _read_topic(
                stream, length=length, numbered=quality > 0, level=level
            )
            yield from stream.carry(Part.MESSAGE, length)
        else:
            yield from stream.carry(Part.CONTROL, length)


def _fixed_head(stream: Stream) -> Generator[None, None, tuple[int, int]]:
    """How long the packet's rest is, and how many bytes say so, the first one included."""
    return (yield from _varying_integer(stream, 1))


def _varying_integer(
    stream: Stream, at: int
) -> Generator[None, None, tuple[int, int]]:
    """The integer of one to four bytes at a place, and where it ends."""
    value = 0
    for place in range(4):
        yield from stream.need(at + place + 1)
        byte = stream.buffer[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise NotThisProtocol


def _read_topic(
    stream: Stream, *, length: int, numbered: bool, level: int
) -> Generator[None, None, int]:
    """Give out what stands before a published payload; returns how many bytes that was."""
    yield from stream.need(min(2, length))
    before = (
        2 + int.from_bytes(stream.buffer[:2], "big") + (2 if numbered else 0)
    )
    if length < 2 or before > length:
        raise NotThisProtocol
    if level >= LEVEL_5 and before < length:
        properties, ends = yield from _varying_integer(stream, before)
        before = ends + properties
    if before > length or before > LARGEST_HEAD:
        raise NotThisProtocol
    yield from stream.need(before)
    stream.emit(Part.HEAD, before)
    return before
