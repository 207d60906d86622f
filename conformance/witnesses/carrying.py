"""Carrying bytes through doors: the relay's thread. Whatever is taken is recorded before it is passed on,
so that no answer can overtake what caused it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import select
import socket
import ssl
import sys
import termios
from typing import cast

from earwitness.conformance.witnesses.captures import CaptureKind, CaptureLog
from earwitness.conformance.witnesses.carried_sockets import (
    close_once,
    peek_bytes,
    send_at_once,
)
from earwitness.conformance.witnesses.carrying_datagrams import (
    MOST_CONNECTIONS,
    DatagramCarrier,
    printable_address,
)
from earwitness.conformance.witnesses.certificates import CertificateMaker
from earwitness.conformance.witnesses.client_hello import (
    RECORD_HEAD,
    ClientHello,
    begins_tls,
    client_hello_from,
    record_length,
)
from earwitness.conformance.witnesses.doors import PATIENCE, Connection, Door
from earwitness.conformance.witnesses.wire.connection import Direction

WRITE_AHEAD = 1 << 20
"""Bytes that wait to be written before the reader is held up."""
LONGEST_SETTLING = 1.0
"""Seconds that a look waits for bytes that cannot be passed on, because the other end does not take them."""
RESPITE = 0.05
"""Seconds without accepting when the system has no more descriptors."""


def waiting_bytes(one: socket.socket) -> int:
    """Bytes that have come and nobody has taken; 0 for a socket that is closed."""
    if one.fileno() < 0:
        return 0
    answer = fcntl.ioctl(one.fileno(), termios.FIONREAD, b"\0\0\0\0")
    return int.from_bytes(answer, sys.byteorder)


ROUNDS_TO_BEGIN = 4
"""Rounds of the loop in which nothing may wait until all is taken."""


class Carrier:
    """Everything that runs in the relay's loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        log: CaptureLog,
        certificates: CertificateMaker,
    ) -> None:
        self.loop, self.log, self.certificates = loop, log, certificates
        self._links: set[_Link] = set()
        self._listeners: list[socket.socket] = []
        self.datagrams: list[DatagramCarrier] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, door: Door) -> None:
        """Carry every connection that comes to the door, until the relay ends."""
        self._listeners.append(door.listener)
        while True:
            try:
                accepted, address = await self.loop.sock_accept(door.listener)
            except OSError:
                await asyncio.sleep(RESPITE)
                continue
            if len(self._tasks) >= MOST_CONNECTIONS:
                accepted.close()
                continue
            task = asyncio.create_task(
                self._carry_connection(
                    door, accepted, printable_address(address)
                )
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Take everything that devices have sent by now: who sends and goes on without an answer must not
        be heard late."""
        deadline = self.loop.time() + LONGEST_SETTLING
        while self.loop.time() < deadline:
            # A connection that was taken from its listener is known only after three rounds of the loop:
            # one in which it is accepted, one in which that is told, one in which its task begins.
            idle = True
            for _ in range(ROUNDS_TO_BEGIN):
                await asyncio.sleep(0)
                idle = idle and not self._something_waits()
            if idle:
                return
            if any(link.joining for link in self._links):
                # The other end is being connected in another thread.
                await asyncio.sleep(RESPITE / 50)

    def _something_waits(self) -> bool:
        ready, _, _ = select.select(
            [one for one in self._listeners if one.fileno() >= 0], [], [], 0
        )
        sockets = [
            link.device_socket
            for link in self._links
            if link.device_socket is not None
        ]
        sockets += [carrier.listener for carrier in self.datagrams]
        return bool(ready) or any(waiting_bytes(one) for one in sockets)

    def hang_up(self, device: str) -> None:
        """End all connections of a device without a farewell."""
        for link in [
            link for link in self._links if link.connection.device == device
        ]:
            link.abort()

    async def _carry_connection(
        self, door: Door, accepted: socket.socket, peer: str
    ) -> None:
        """Carry one connection from its beginning to its end."""
        connection = self.log.open(door, peer)
        link = _Link(self.log, connection, door)
        self._links.add(link)
        other: socket.socket | None = None
        if not door.inward:
            link.device_socket = accepted
        try:
            send_at_once(accepted)
            other = await asyncio.wait_for(
                self.loop.run_in_executor(None, door.connect), PATIENCE
            )
            send_at_once(other)
            if door.inward:
                link.device_socket = other
            await self._join_sides(
                door=door, link=link, accepted=accepted, other=other
            )
            await link.ended
        except (OSError, ssl.SSLError, TimeoutError) as error:
            connection.ending = (
                connection.ending or f"{type(error).__name__}: {error}"[:300]
            )
        finally:
            link.abort()
            accepted.close()
            if other is not None:
                other.close()
            self._links.discard(link)
            self.log.close(connection)

    async def _join_sides(
        self,
        door: Door,
        link: _Link,
        accepted: socket.socket,
        other: socket.socket,
    ) -> None:
        """Find out how the connection begins, open both sides alike, and let the bytes flow."""
        hello = await self._read_opening(accepted, other)
        connection = link.connection
        inside = ""
        if hello is not None:
            connection.encrypted, connection.server_name = True, hello.name
            self._record_hello(door, connection, accepted)
        context = (
            _upstream_context(door, hello)
            if hello is not None or door.authority
            else None
        )
        asked = hello.name if hello is not None and not door.authority else ""
        far, _ = await self.loop.create_connection(
            link.far_side,
            sock=other,
            ssl=context,
            server_hostname=(asked or door.server_name)
            if context is not None
            else None,
            ssl_handshake_timeout=PATIENCE if context is not None else None,
        )
        if hello is not None:
            chosen = cast(ssl.SSLObject, far.get_extra_info("ssl_object"))
            inside = chosen.selected_alpn_protocol() or ""
        await self._open_near_side(
            link=link, accepted=accepted, hello=hello, inside=inside
        )
        link.joining = False
        far.resume_reading()

    async def _open_near_side(
        self,
        link: _Link,
        accepted: socket.socket,
        hello: ClientHello | None,
        inside: str,
    ) -> None:
        connection = link.connection
        if hello is None:
            await self.loop.connect_accepted_socket(link.near_side, accepted)
            return
        context = self.certificates.context(
            hello.name, inside, connection.presented
        )
        connection.handshake = False
        try:
            near, _ = await self.loop.connect_accepted_socket(
                link.near_side,
                accepted,
                ssl=context,
                ssl_handshake_timeout=PATIENCE,
            )
        except OSError as error:
            connection.ending = f"the certificate was not accepted: {error}"[
                :300
            ]
            raise
        connection.handshake = True
        connection.tls_version = str(
            near.get_extra_info("ssl_object").version()
        )

    async def _read_opening(
        self, accepted: socket.socket, other: socket.socket
    ) -> ClientHello | None:
        """What the one who connected opens TLS with; None where it speaks plainly, or where the other end
        speaks first."""
        await self._either_readable(accepted, other)
        if not begins_tls(peek_bytes(accepted, 2)):
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._wait_readable(accepted, RECORD_HEAD)
                await self._wait_readable(
                    accepted,
                    record_length(peek_bytes(accepted, RECORD_HEAD)),
                )
        return client_hello_from(peek_bytes(accepted, 1 << 15))

    def _record_hello(
        self, door: Door, connection: Connection, accepted: socket.socket
    ) -> None:
        direction = (
            Direction.TO_DEVICE if door.inward else Direction.FROM_DEVICE
        )
        self.log.record(
            connection=connection,
            direction=direction,
            data=peek_bytes(accepted, 1 << 15),
            kind=CaptureKind.HANDSHAKE,
        )

    async def _either_readable(self, *sockets: socket.socket) -> None:
        ready: asyncio.Future[None] = self.loop.create_future()
        for one in sockets:
            one.setblocking(False)
            self.loop.add_reader(one, _set_ready, ready)
        try:
            await ready
        finally:
            for one in sockets:
                self.loop.remove_reader(one)

    async def _wait_readable(self, one: socket.socket, count: int) -> None:
        """Wait until so many bytes have come, without taking them."""
        # Linux calls a socket readable only when so many bytes are there (socket(7), SO_RCVLOWAT).
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)
        try:
            await self._either_readable(one)
        finally:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


class _Link:
    """The two sides of one connection."""

    def __init__(
        self, log: CaptureLog, connection: Connection, door: Door
    ) -> None:
        self.log, self.connection = log, connection
        self.ended: asyncio.Future[None] = (
            asyncio.get_running_loop().create_future()
        )
        near = Direction.TO_DEVICE if door.inward else Direction.FROM_DEVICE
        self._near, self._far = _Side(self, near), _Side(self, near.other)
        self._near.opposite, self._far.opposite = self._far, self._near
        self._far.waits = True
        self.joining = True
        """Whether the two sides are still being opened."""
        self.device_socket: socket.socket | None = None

    def near_side(self) -> _Side:
        """The side of the one who connected."""
        return self._near

    def far_side(self) -> _Side:
        """The other end, held back until the near side is open."""
        return self._far

    def lost(self) -> None:
        """Both sides are gone."""
        if self._near.gone and self._far.gone and not self.ended.done():
            self.ended.set_result(None)

    def abort(self) -> None:
        for side in (self._near, self._far):
            if side.transport is not None:
                side.transport.abort()
        if not self.ended.done():
            self.ended.set_result(None)


class _Side(asyncio.Protocol):
    """One side of a connection: what comes from it is recorded and goes to the opposite side."""

    opposite: _Side

    def __init__(self, link: _Link, direction: Direction) -> None:
        self.link, self.direction = link, direction
        self.transport: asyncio.Transport | None = None
        self.waits = self.gone = self.at_end = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(WRITE_AHEAD)
        if self.waits:
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        self.link.log.record(self.link.connection, self.direction, data)
        if self.opposite.transport is not None:
            self.opposite.transport.write(data)

    def eof_received(self) -> bool:
        """Pass on that no more will come; the way back stays open where the protocol below allows it."""
        self.at_end = True
        opposite = self.opposite.transport
        if opposite is None or self.opposite.at_end:
            return False
        if not opposite.can_write_eof():
            close_once(opposite)
            return False
        with contextlib.suppress(OSError, RuntimeError):
            opposite.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        if exc is not None and not self.link.connection.ending:
            self.link.connection.ending = f"{type(exc).__name__}: {exc}"[:300]
        if self.opposite.transport is not None:
            close_once(self.opposite.transport)
        self.link.lost()

    def pause_writing(self) -> None:
        """The receiver is slow: the sender waits."""
        if self.opposite.transport is not None:
            self.opposite.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.opposite.transport is not None:
            self.opposite.transport.resume_reading()


def _upstream_context(
    door: Door, hello: ClientHello | None
) -> ssl.SSLContext:
    """How the other end is spoken to where it speaks TLS."""
    context = ssl.create_default_context(cadata=door.authority or None)
    if door.inward and not door.authority:
        # A device that is called shows a certificate of its own making; that is not what is judged here.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if hello is not None and hello.protocols:
        context.set_alpn_protocols(list(hello.protocols))
    return context


def _set_ready(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
