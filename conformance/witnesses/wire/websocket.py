"""WebSocket (RFC 6455), with and without compressed messages (RFC 7692)."""

from __future__ import annotations

import zlib
from collections.abc import Generator
from dataclasses import dataclass

from earwitness.conformance.witnesses.wire.stream import (
    NotThisProtocol,
    Parser,
    Part,
    Stream,
)

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
"""Kinds of frames (RFC 6455, 5.2)."""
FINAL, COMPRESSED, RESERVED = 0x80, 0x40, 0x30
"""Bits of a frame's first byte (RFC 6455, 5.2)."""
MASKED, SHORT_LENGTH = 0x80, 0x7F
"""Bits of its second byte."""
LARGEST_CONTROL = 125
"""Bytes of a control frame's content (RFC 6455, 5.5)."""
MOST_INFLATED = 64 << 20
"""Bytes that the compressed messages of one direction may come to: 35 minutes of 16 kHz sound. More is a
bomb, or is not read."""
END_OF_MESSAGE = b"\0\0\xff\xff"
"""What a sender leaves off each compressed message (RFC 7692, 7.2.1)."""


@dataclass
class _Inflation:
    """One direction's decompressor. It keeps its window from message to message, which is right for
    senders that forget theirs, too."""

    decompressor: zlib._Decompress
    left: int
    broken: str = ""

    def inflate(self, data: bytes) -> bytes:
        """What the bytes hold. Sets `broken` where they cannot be read any further."""
        if self.broken:
            return b""
        try:
            content = self.decompressor.decompress(data, self.left + 1)
        except zlib.error as error:
            self.broken = (
                f"compressed messages that do not follow the rules ({error})"
            )
            return b""
        self.left -= len(content)
        if self.left < 0:
            self.broken = (
                f"compressed messages of more than {MOST_INFLATED >> 20} MiB"
            )
        return content


def websocket_frames(stream: Stream, compressed: bool) -> Parser:
    """The frames of one direction. `compressed` says whether both sides agreed on permessage-deflate."""
    stream.protocol = "websocket"
    inflation = (
        _Inflation(zlib.decompressobj(-zlib.MAX_WBITS), MOST_INFLATED)
        if compressed
        else None
    )
    inflating = False
    while True:
        yield from stream.need(2)
        first, second = stream.buffer[0], stream.buffer[1]
        opcode = first & 0x0F
        if first & RESERVED or opcode not in (
            CONTINUATION,
            TEXT,
            BINARY,
            CLOSE,
            PING,
            PONG,
        ):
            raise NotThisProtocol
        length, mask, head = yield from _rest_of_head(stream, second)
        # The mask is the sender's choice, so masks put together may say something.
        stream.emit(Part.FRAMING, head, mask, whole=False)
        if opcode >= CLOSE:
            if length > LARGEST_CONTROL:
                raise NotThisProtocol
            yield from stream.need(length)
            stream.emit(
                Part.CONTROL,
                length,
                unmask_payload(bytes(stream.buffer[:length]), mask),
            )
            if opcode == CLOSE:
                # Nothing of the protocol may follow; whatever does is raw.
                raise NotThisProtocol
            continue
        if opcode != CONTINUATION:
            inflating = bool(first & COMPRESSED)
        if inflating and inflation is None:
            raise NotThisProtocol
        yield from _read_payload(
            stream,
            length=length,
            mask=mask,
            inflation=inflation if inflating else None,
            final=bool(first & FINAL),
        )


def _rest_of_head(
    stream: Stream, second: int
) -> Generator[None, None, tuple[int, bytes, int]]:
    """Length of the payload, its mask, and the bytes of the whole head."""
    length = second & SHORT_LENGTH
    # 126 and 127 say that the length follows in two bytes, or in eight.
    extended = {126: 2, 127: 8}.get(length, 0)
    mask_begins = 2 + extended
    head = mask_begins + 4 if second & MASKED else mask_begins
    yield from stream.need(head)
    if extended:
        length = int.from_bytes(stream.buffer[2:mask_begins], "big")
    mask = bytes(stream.buffer[mask_begins:head])
    return length, mask, head


def _read_payload(
    stream: Stream,
    *,
    length: int,
    mask: bytes,
    inflation: _Inflation | None,
    final: bool,
) -> Parser:
    """Give out a payload as it comes, unmasked and inflated."""
    passed = 0
    while True:
        if passed < length:
            yield from stream.need_any()
        here = min(length - passed, len(stream.buffer))
        content = unmask_payload(bytes(stream.buffer[:here]), mask, passed)
        passed += here
        ends = final and passed == length
        reason = ""
        if inflation is not None:
            content = inflation.inflate(
                content + (END_OF_MESSAGE if ends else b"")
            )
            reason = inflation.broken
        stream.emit(Part.MESSAGE, here, content, whole=ends, reason=reason)
        if passed == length:
            return


def unmask_payload(data: bytes, mask: bytes, passed: int = 0) -> bytes:
    """The payload behind a mask of four bytes (or none); `passed` bytes of it came before."""
    if not mask or not data:
        return data
    turned = mask[passed % 4 :] + mask[: passed % 4]
    whole = (turned * (len(data) // 4 + 1))[: len(data)]
    # One exclusive-or of two long integers is many times faster than one of each byte.
    plain = int.from_bytes(data, "little") ^ int.from_bytes(whole, "little")
    return plain.to_bytes(len(data), "little")
