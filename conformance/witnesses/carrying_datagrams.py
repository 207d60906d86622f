"""Carries datagrams through a door: to the cloud, and what comes back to each who sent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import cast

from earwitness.conformance.witnesses.captures import CaptureKind, CaptureLog
from earwitness.conformance.witnesses.doors import Connection, Door
from earwitness.conformance.witnesses.wire.connection import Direction

MOST_CONNECTIONS = 1_000
"""Connections at a time; further ones are closed at once. No honest device comes near."""

LARGEST_DATAGRAM = 1 << 16
"""Bytes: the length of a datagram is a number of 16 bits (RFC 768)."""


class DatagramCarrier:
    """Carries datagrams through one door. Who sends from a new address is a connection of its own."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, log: CaptureLog, door: Door
    ) -> None:
        self._loop, self._log, self._door = loop, log, door
        self._near = (
            Direction.TO_DEVICE if door.inward else Direction.FROM_DEVICE
        )
        self._sessions: dict[object, tuple[Connection, socket.socket]] = {}

    def start(self) -> None:
        """Carry what comes from now on. Call it in the loop's thread."""
        self._loop.add_reader(self._door.listener, self._take_outward)

    @property
    def listener(self) -> socket.socket:
        return self._door.listener

    def close(self) -> None:
        for connection, far in self._sessions.values():
            self._loop.remove_reader(far)
            far.close()
            self._log.close(connection)
        self._sessions.clear()

    def _take_outward(self) -> None:
        try:
            data, address = self._door.listener.recvfrom(LARGEST_DATAGRAM)
        except OSError:
            return
        session = self._sessions.get(address) or self._begin_session(address)
        if session is None:
            return
        connection, far = session
        self._log.record(
            connection=connection,
            direction=self._near,
            data=data,
            kind=CaptureKind.DATAGRAM,
        )
        with contextlib.suppress(OSError):
            far.send(data)

    def _begin_session(
        self, address: object
    ) -> tuple[Connection, socket.socket] | None:
        if len(self._sessions) >= MOST_CONNECTIONS:
            self._end_oldest()
        connection = self._log.open(self._door, printable_address(address))
        try:
            far = self._door.connect()
        except OSError as error:
            connection.ending = f"{type(error).__name__}: {error}"[:300]
            self._log.close(connection)
            return None
        far.setblocking(False)
        self._sessions[address] = connection, far
        self._loop.add_reader(
            far, self._take_inward, connection, far, address
        )
        return connection, far

    def _end_oldest(self) -> None:
        connection, far = self._sessions.pop(next(iter(self._sessions)))
        self._loop.remove_reader(far)
        far.close()
        self._log.close(connection)

    def _take_inward(
        self, connection: Connection, far: socket.socket, address: object
    ) -> None:
        try:
            data = far.recv(LARGEST_DATAGRAM)
        except OSError:
            return
        self._log.record(
            connection=connection,
            direction=self._near.other,
            data=data,
            kind=CaptureKind.DATAGRAM,
        )
        with contextlib.suppress(OSError):
            self._door.listener.sendto(data, cast(tuple[str, int], address))


def printable_address(address: object) -> str:
    """Host and port of a socket address, or '' where it has none."""
    if isinstance(address, tuple) and len(address) >= 2:
        return f"{address[0]}:{address[1]}"
    return ""
