"""Both directions of a connection, taken apart by whatever protocol the side that speaks first begins."""

from __future__ import annotations

import re
from enum import Enum

from earwitness.conformance.witnesses.wire.http1 import (
    REQUEST_LINE,
    STATUS_LINE,
    Dialogue,
    http1_requests,
    http1_responses,
)
from earwitness.conformance.witnesses.wire.http2 import PREFACE, http2_frames
from earwitness.conformance.witnesses.wire.mqtt import CONNECT, mqtt_packets
from earwitness.conformance.witnesses.wire.stream import (
    NotThisProtocol,
    Parser,
    Part,
    Piece,
    Stream,
)

ENOUGH = 24
"""Bytes after which it is clear what is spoken: the preface of HTTP/2 is the longest beginning."""

UPPER_CASE = re.compile(rb"[A-Z]{0,20}")
"""What may still become a method of HTTP/1.1."""


class Direction(Enum):
    FROM_DEVICE = "from device"
    TO_DEVICE = "to device"

    @property
    def other(self) -> Direction:
        return (
            Direction.TO_DEVICE
            if self is Direction.FROM_DEVICE
            else Direction.FROM_DEVICE
        )


class Dissection:
    """Takes a connection apart. Feed it both directions in the order in which the bytes were seen."""

    def __init__(self) -> None:
        self._dialogue = Dialogue()
        self._answering: str = ""
        self._level = 0
        self._first: Stream | None = None
        self._streams = {
            direction: Stream(self._begin_direction)
            for direction in Direction
        }

    def feed(self, direction: Direction, data: bytes) -> list[Piece]:
        """Pieces that are known now that these bytes have come."""
        return self._streams[direction].feed(data)

    def lose(
        self, direction: Direction, size: int, reason: str
    ) -> list[Piece]:
        """Bytes that crossed and were not kept: what follows them in that direction can only be raw."""
        stream = self._streams[direction]
        pieces = stream.rest()
        stream.give_up()
        return [
            *pieces,
            Piece(
                protocol="raw",
                part=Part.RAW,
                content=b"",
                size=size,
                reason=reason,
            ),
        ]

    def rest(self, direction: Direction) -> list[Piece]:
        """What still waited for more in a direction, as raw bytes."""
        return self._streams[direction].rest()

    def waiting(self, direction: Direction) -> int:
        """How many bytes have come and are not yet given out."""
        return len(self._streams[direction].buffer)

    def _begin_direction(self, stream: Stream) -> Parser:
        """Wait for the first bytes of a direction and go on as their protocol asks."""
        yield from stream.need_any()
        if self._first is None:
            self._first = stream
        if stream is self._first:
            yield from self._begin_first(stream)
        else:
            yield from self._begin_answer(stream)

    def _begin_first(self, stream: Stream) -> Parser:
        while len(stream.buffer) < ENOUGH and _may_become_known(
            bytes(stream.buffer)
        ):
            if _recognise_protocol(bytes(stream.buffer)):
                break
            yield
        match _recognise_protocol(bytes(stream.buffer)):
            case "http/2":
                self._answering = "http/2"
                yield from http2_frames(stream)
            case "http/1.1":
                self._answering = "http/1.1"
                yield from http1_requests(stream, self._dialogue)
            case "mqtt":
                self._answering = "mqtt"
                connect = CONNECT.match(stream.buffer)
                assert connect is not None
                self._level = connect.group(1)[0]
                yield from mqtt_packets(stream, self._level)
        raise NotThisProtocol

    def _begin_answer(self, stream: Stream) -> Parser:
        match self._answering:
            case "http/2":
                yield from http2_frames(stream)
            case "http/1.1":
                yield from stream.need(len(b"HTTP/1.1 200"))
                if STATUS_LINE.match(stream.buffer):
                    yield from http1_responses(stream, self._dialogue)
            case "mqtt":
                yield from mqtt_packets(stream, self._level)
        raise NotThisProtocol


def _recognise_protocol(data: bytes) -> str:
    """The protocol that a connection's first bytes begin, or ''."""
    if data.startswith(PREFACE):
        return "http/2"
    if REQUEST_LINE.match(data) and not data.startswith(PREFACE[:4]):
        return "http/1.1"
    if CONNECT.match(data):
        return "mqtt"
    return ""


def _may_become_known(data: bytes) -> bool:
    """Whether more bytes could make it one of the protocols."""
    return (
        UPPER_CASE.fullmatch(data) is not None
        or PREFACE.startswith(data)
        or data.startswith(b"\x10")
    )
