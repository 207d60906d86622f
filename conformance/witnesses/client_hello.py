"""What a client says when it opens TLS, before anything is encrypted: the name it asks for and the
protocols it offers."""

from __future__ import annotations

import struct
from dataclasses import dataclass

HANDSHAKE_RECORD, CLIENT_HELLO = 0x16, 1
"""Types of the record and of the message (RFC 8446, 5.1 and 4)."""
RECORD_HEAD = 5
"""Bytes: type, version in two, length in two."""
SERVER_NAME, ALPN = 0, 16
"""Numbers of the two extensions (RFC 6066, RFC 7301)."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """`name` is the server that is asked for, '' where none is named; `protocols` what is offered to speak
    inside."""

    name: str = ""
    protocols: tuple[str, ...] = ()


def begins_tls(data: bytes) -> bool:
    """Whether a connection that begins so opens TLS: a handshake record of version 3.x (which all of TLS
    is)."""
    # 3 is the upper byte of the version in all of TLS.
    return len(data) >= 2 and data[0] == HANDSHAKE_RECORD and data[1] == 3


def record_length(data: bytes) -> int:
    """Bytes of the first record, its head included, from at least five bytes."""
    # The length is in bytes 3 and 4.
    return RECORD_HEAD + int(struct.unpack_from(">H", data, 3)[0])


def client_hello_from(data: bytes) -> ClientHello:
    """Read a client's first record. What cannot be read is left empty: the handshake itself will tell."""
    try:
        return _client_hello(data)
    except (struct.error, IndexError, UnicodeDecodeError):
        return ClientHello()


def _client_hello(data: bytes) -> ClientHello:
    if data[RECORD_HEAD] != CLIENT_HELLO:
        return ClientHello()
    # Record head, handshake head (4), version (2), random (32).
    at = RECORD_HEAD + 4 + 2 + 32
    at += 1 + data[at]
    at += 2 + _read_short(data, at)
    at += 1 + data[at]
    end = at + 2 + _read_short(data, at)
    at += 2
    name, protocols = "", tuple[str, ...]()
    while at + 4 <= min(end, len(data)):
        kind = _read_short(data, at)
        length = _read_short(data, at + 2)
        body = data[at + 4 : at + 4 + length]
        if kind == SERVER_NAME:
            # A list with one entry of type 0 (host name).
            name = body[5 : 5 + _read_short(body, 3)].decode("ascii")
        elif kind == ALPN:
            protocols = _read_protocols(body)
        at += 4 + length
    return ClientHello(name, protocols)


def _read_protocols(body: bytes) -> tuple[str, ...]:
    found: list[str] = []
    at = 2
    while at < len(body):
        length = body[at]
        found.append(body[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return tuple(found)


def _read_short(data: bytes, at: int) -> int:
    return int(struct.unpack_from(">H", data, at)[0])
