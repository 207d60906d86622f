"""HTTP/2 (RFC 9113): frames, with header blocks read (RFC 7541) and padding given out."""

from __future__ import annotations

from hpack import Decoder
from hpack.exceptions import HPACKError

from earwitness.conformance.witnesses.wire.stream import (
    LARGEST_HEAD,
    NotThisProtocol,
    Parser,
    Part,
    Stream,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD = 9
"""Bytes: length in three, type, flags, and the stream in four (RFC 9113, 4.1)."""
DATA, HEADERS, PUSH_PROMISE, CONTINUATION = 0, 1, 5, 9
"""Types of frames (RFC 9113, 6)."""
END_HEADERS, PADDED, PRIORITY = 0x4, 0x8, 0x20
"""Flags of frames (RFC 9113, 6)."""
LARGEST_FIELDS = 1 << 20
"""Bytes that the fields of one header block may come to when they are unpacked; more is a bomb."""


def http2_frames(stream: Stream) -> Parser:
    """The frames of one direction, the preface before them where this side begins."""
    stream.protocol = "http/2"
    decoder = Decoder(max_header_list_size=LARGEST_FIELDS)
    # Three bytes tell the preface from a frame.
    yield from stream.need(3)
    if stream.buffer.startswith(PREFACE[:3]):
        yield from stream.need(len(PREFACE))
        if not stream.buffer.startswith(PREFACE):
            raise NotThisProtocol
        stream.emit(Part.FRAMING, len(PREFACE))
    block = bytearray()
    while True:
        yield from stream.need(FRAME_HEAD)
        length = int.from_bytes(stream.buffer[:3], "big")
        kind, flags = stream.buffer[3], stream.buffer[4]
        sequence = int.from_bytes(stream.buffer[5:9], "big") & 0x7FFFFFFF
        stream.emit(Part.FRAMING, FRAME_HEAD, whole=False)
        if kind == DATA:
            yield from _read_data(
                stream, length=length, flags=flags, sequence=sequence
            )
        elif kind in (HEADERS, PUSH_PROMISE, CONTINUATION):
            yield from _header_block(
                stream, length=length, kind=kind, flags=flags, block=block
            )
            if flags & END_HEADERS:
                _emit_fields(
                    stream=stream,
                    decoder=decoder,
                    block=block,
                    sequence=sequence,
                )
        else:
            # Settings, pings, windows, reasons for going away, and kinds that nobody knows.
            yield from stream.carry(Part.CONTROL, length)


def _read_data(
    stream: Stream, *, length: int, flags: int, sequence: int
) -> Parser:
    padding = 0
    if flags & PADDED and length:
        yield from stream.need_any()
        padding = stream.buffer[0]
        if padding >= length:
            raise NotThisProtocol
        stream.emit(Part.FRAMING, 1, whole=False)
        length -= 1
    yield from stream.carry(Part.MESSAGE, length - padding, sequence)
    yield from stream.carry(Part.CONTROL, padding)


def _header_block(
    stream: Stream, *, length: int, kind: int, flags: int, block: bytearray
) -> Parser:
    """Add a frame's part of a header block to `block`. Padding and priority go out as control."""
    if length > LARGEST_HEAD or len(block) > LARGEST_HEAD:
        raise NotThisProtocol
    yield from stream.need(length)
    padding, before = 0, 0
    if kind != CONTINUATION and flags & PADDED and length:
        padding, before = stream.buffer[0], 1
    if kind == HEADERS and flags & PRIORITY:
        # Five bytes of priority: a stream, and its weight (RFC 9113, 6.2).
        before += 5
    if kind == PUSH_PROMISE:
        before += 4
    if before + padding > length:
        raise NotThisProtocol
    stream.emit(Part.FRAMING, before, whole=False)
    block += stream.buffer[: length - before - padding]
    # The bytes cross here; the fields they say follow when the block is complete.
    stream.emit(Part.FRAMING, length - before - padding, whole=False)
    yield from stream.carry(Part.CONTROL, padding)


def _emit_fields(
    stream: Stream, decoder: Decoder, block: bytearray, sequence: int
) -> None:
    try:
        fields = decoder.decode(bytes(block), raw=True)
    except (HPACKError, IndexError, ValueError, OverflowError):
        raise NotThisProtocol from None
    block.clear()
    text = b"".join(
        bytes(name) + b": " + bytes(value) + b"\r\n" for name, value in fields
    )
    stream.emit(Part.HEAD, 0, text, sequence=sequence)
