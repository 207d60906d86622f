"""HTTP/1.1 (RFC 9112): heads, bodies of either kind of length, and what a connection becomes after an
upgrade."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field

from earwitness.conformance.witnesses.wire.http2 import http2_frames
from earwitness.conformance.witnesses.wire.stream import (
    NotThisProtocol,
    Parser,
    Part,
    Stream,
    raw_bytes,
)
from earwitness.conformance.witnesses.wire.websocket import websocket_frames

REQUEST_LINE = re.compile(rb"[A-Z]{3,20} ")
"""How a request begins; all methods in use are upper-case words."""
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
END_OF_LINE = re.compile(rb"\r?\n")
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
BODILESS = {204, 304}
"""Status codes whose answer has no body (RFC 9112, 6.3)."""


@dataclass
class Dialogue:
    """What the two directions of one connection must know of each other."""

    methods: deque[bytes] = field(default_factory=deque)
    """Of the requests that are not yet answered."""
    asked_to_upgrade: bool = False
    upgrade: bytes | None = None
    """What the connection has become, from an answer of 101 (or to a CONNECT); None while it is HTTP/1.1."""
    compressed: bool = False
    """Whether a WebSocket's sides agreed on permessage-deflate."""


def http1_requests(stream: Stream, dialogue: Dialogue) -> Parser:
    """What the side that asks sends."""
    stream.protocol = "http/1.1"
    while True:
        yield from stream.need_any()
        if dialogue.asked_to_upgrade and dialogue.upgrade is None:
            # The answer decides what these bytes are, so they came too early for any protocol.
            raise NotThisProtocol
        if dialogue.upgrade is not None:
            yield from _read_upgraded(stream, dialogue)
        yield from _skip_empty_lines(stream)
        head = yield from _read_head(stream, REQUEST_LINE)
        fields = header_fields(head)
        dialogue.methods.append(head.partition(b" ")[0])
        asks = (
            b"upgrade" in fields.get(b"connection", b"").lower()
            and b"upgrade" in fields
        )
        dialogue.asked_to_upgrade = asks or head.startswith(b"CONNECT ")
        yield from _read_body(stream, fields, until_close=False)


def http1_responses(stream: Stream, dialogue: Dialogue) -> Parser:
    """What the side that answers sends."""
    stream.protocol = "http/1.1"
    while True:
        yield from stream.need_any()
        if dialogue.upgrade is not None:
            yield from _read_upgraded(stream, dialogue)
        head = yield from _read_head(stream, STATUS_LINE)
        match = STATUS_LINE.match(head)
        if match is None:
            raise NotThisProtocol
        status, fields = int(match.group(1)), header_fields(head)
        # 101: the protocol is switched (RFC 9110, 15.2.2).
        if status == 101:
            dialogue.upgrade = fields.get(b"upgrade", b"").lower().strip()
            agreed = fields.get(b"sec-websocket-extensions", b"")
            dialogue.compressed = b"permessage-deflate" in agreed
            continue
        # An interim answer; the real one follows.
        if 100 <= status < 200:
            continue
        method = dialogue.methods.popleft() if dialogue.methods else b""
        # 2xx to CONNECT opens a tunnel.
        if method == b"CONNECT" and 200 <= status < 300:
            dialogue.upgrade = b"tunnel"
            continue
        dialogue.asked_to_upgrade = False
        if method != b"HEAD" and status not in BODILESS:
            yield from _read_body(stream, fields, until_close=True)


def header_fields(head: bytes) -> dict[bytes, bytes]:
    """Header fields by lower-case name; of a repeated one, all values with commas between."""
    fields: dict[bytes, bytes] = {}
    for line in head.split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if not colon:
            continue
        key = name.strip().lower()
        fields[key] = (
            fields[key] + b"," + value.strip()
            if key in fields
            else value.strip()
        )
    return fields


def _skip_empty_lines(stream: Stream) -> Parser:
    """Empty lines may stand before a request (RFC 9112, 2.2)."""
    while stream.buffer.startswith((b"\r", b"\n")):
        stream.emit(Part.FRAMING, 1, whole=False)
        yield from stream.need_any()


def _read_head(
    stream: Stream, beginning: re.Pattern[bytes]
) -> Generator[None, None, bytes]:
    # Twelve bytes: "HTTP/1.1 200", enough to know a beginning by.
    yield from stream.need(12)
    if beginning.match(stream.buffer) is None:
        raise NotThisProtocol
    size = yield from stream.until(END_OF_HEAD)
    head = bytes(stream.buffer[:size])
    stream.emit(Part.HEAD, size)
    return head


def _read_body(
    stream: Stream, fields: dict[bytes, bytes], until_close: bool
) -> Parser:
    """A body by chunks, by its length, or (of an answer) until the connection ends."""
    if b"transfer-encoding" in fields:
        if not fields[b"transfer-encoding"].lower().endswith(b"chunked"):
            raise NotThisProtocol
        yield from _read_chunks(stream)
    elif b"content-length" in fields:
        length = fields[b"content-length"]
        if re.fullmatch(rb"[0-9]{1,18}", length) is None:
            raise NotThisProtocol
        yield from stream.carry(Part.MESSAGE, int(length))
    elif until_close:
        while True:
            yield from stream.need_any()
            stream.emit(Part.MESSAGE, len(stream.buffer), whole=False)


def _read_chunks(stream: Stream) -> Parser:
    while True:
        size_line = yield from stream.until(END_OF_LINE)
        match = CHUNK_SIZE.fullmatch(bytes(stream.buffer[:size_line]))
        if match is None:
            raise NotThisProtocol
        size = int(match.group(1), 16)
        stream.emit(Part.FRAMING, size_line, whole=False)
        if size == 0:
            break
        yield from stream.carry(Part.MESSAGE, size)
        end = yield from stream.until(END_OF_LINE)
        if end > 2:
            raise NotThisProtocol
        stream.emit(Part.FRAMING, end, whole=False)
    while True:
        # Trailers: lines until an empty one.
        size = yield from stream.until(END_OF_LINE)
        line = bytes(stream.buffer[:size]).strip()
        stream.emit(Part.HEAD if line else Part.FRAMING, size, whole=False)
        if not line:
            return


def _read_upgraded(stream: Stream, dialogue: Dialogue) -> Parser:
    """What follows an upgrade, without end."""
    if dialogue.upgrade == b"websocket":
        yield from websocket_frames(stream, dialogue.compressed)
    if dialogue.upgrade == b"h2c":
        yield from http2_frames(stream)
    stream.protocol = "raw"
    yield from raw_bytes(stream)
