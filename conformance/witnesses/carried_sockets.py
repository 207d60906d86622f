"""What is done to a socket that is carried: little things that go wrong if they are done otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import socket


def close_once(transport: asyncio.Transport) -> None:
    """A second `close` makes the TLS of asyncio forget its socket: then `abort` ends nothing, and the next
    connection gets a number that is still watched."""
    if not transport.is_closing():
        transport.close()


def send_at_once(one: socket.socket) -> None:
    """Small pieces wait for no others."""
    one.setblocking(False)
    with contextlib.suppress(OSError):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def peek_bytes(one: socket.socket, count: int) -> bytes:
    """What has come so far, which is left where it is."""
    try:
        return one.recv(count, socket.MSG_PEEK)
    except BlockingIOError:
        return b""
