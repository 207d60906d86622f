"""The harness between device and cloud: it ends the device's TLS with its own certificate, passes every byte on, and keeps what it saw."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import trustme
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

TLS_HANDSHAKE = 0x16


@dataclass(frozen=True, slots=True)
class Upload:
    """Content that crossed from a device to its cloud: one binary or text message, or raw bytes of a protocol not known here."""

    device: str
    content: bytes
    encrypted: bool


@dataclass
class _Listener:
    """Takes apart what a device sent. Whatever does not belong to an accepted WebSocket counts as it is, byte for byte."""

    device: str
    messages: ServerProtocol = field(
        default_factory=lambda: ServerProtocol(extensions=[ServerPerMessageDeflateFactory()])
    )
    opaque: bool = False
    unanswered: bytes = b""
    """Bytes that may yet turn out to be the request that opens a WebSocket."""

    def contents(self, data: bytes) -> list[bytes]:
        """The messages in bytes that a device sent. Before a WebSocket is open, and after it is closed, the bytes themselves."""
        if self.opaque or self.messages.state in (State.CLOSING, State.CLOSED):
            return [data]
        opening = self.messages.state is State.CONNECTING
        if opening:
            self.unanswered += data
        try:
            self.messages.receive_data(data)
            found = [content for event in self.messages.events_received() for content in self._content(event)]
            self.messages.data_to_send()
        except Exception:  # whatever an unknown protocol provokes, its bytes still count
            self.opaque = True
            return [self._opening_bytes(data)]
        broken = self.messages.parser_exc if not opening else self.messages.handshake_exc
        if broken is not None:
            # The protocol object never leaves CONNECTING after a request that opens no WebSocket.
            self.opaque = True
            return [self._opening_bytes(data)]
        closed = self.messages.state in (State.CLOSING, State.CLOSED)
        if opening and self.messages.state is not State.CONNECTING:
            # The request's own bytes count too: an address and headers hold what one likes.
            found.insert(0, self._opening_bytes(data))
        return [*found, data] if closed else found

    def _content(self, event: object) -> Iterator[bytes]:
        if isinstance(event, Request):
            self.messages.send_response(self.messages.accept(event))
        elif isinstance(event, Frame):
            # Control frames too: a ping carries 125 bytes of anything.
            yield bytes(event.data)

    def _opening_bytes(self, data: bytes) -> bytes:
        seen, self.unanswered = self.unanswered or data, b""
        return seen


class Tap:
    """Runs in a thread of its own. `route` opens a door for one device; `take` returns the uploads since the last call."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self.authority = self._authority.cert_pem.bytes().decode()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("localhost").configure_cert(self._context)
        self._uploads: list[Upload] = []
        self.bytes_up = 0
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def route(self, device: str, host: str, port: int, authority: str) -> int:
        """Listen for a device whose cloud is at host and port; returns the port to send it to."""
        # asyncio sends at once (TCP_NODELAY) only where the socket says that it is TCP.
        door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        door.bind(("127.0.0.1", 0))
        door.listen()
        door.setblocking(False)
        self._sockets.append(door)
        upstream = ssl.create_default_context(cadata=authority)
        asyncio.run_coroutine_threadsafe(self._accept(door, device, host, port, upstream), self._loop)
        number: int = door.getsockname()[1]
        return number

    def take(self) -> list[Upload]:
        with self._lock:
            seen, self._uploads = self._uploads, []
        return seen

    def close(self) -> None:
        def stop() -> None:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.call_soon(self._loop.stop)

        self._loop.call_soon_threadsafe(stop)
        self._thread.join(5)
        for door in self._sockets:
            door.close()

    async def _accept(
        self, door: socket.socket, device: str, host: str, port: int, upstream: ssl.SSLContext
    ) -> None:
        tasks = set()
        while True:
            connection, _ = await self._loop.sock_accept(door)
            task = asyncio.create_task(self._relay(connection, device, host, port, upstream))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _relay(
        self, connection: socket.socket, device: str, host: str, port: int, upstream: ssl.SSLContext
    ) -> None:
        writers: list[asyncio.StreamWriter] = []
        try:
            encrypted = await self._first_byte(connection) == TLS_HANDSHAKE
            reader = asyncio.StreamReader()
            protocol = asyncio.StreamReaderProtocol(reader)
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self._context if encrypted else None
            )
            writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
            writers.append(writer)
            from_cloud, to_cloud = await asyncio.open_connection(
                host, port, ssl=upstream, server_hostname="localhost"
            )
            writers.append(to_cloud)
            listener = _Listener(device)

            def note(data: bytes) -> None:
                with self._lock:
                    self.bytes_up += len(data)
                    self._uploads += [
                        Upload(device, content, encrypted) for content in listener.contents(data)
                    ]

            await asyncio.gather(_pump(reader, to_cloud, note), _pump(from_cloud, writer, lambda data: None))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for writer in writers:
                with contextlib.suppress(Exception):
                    writer.close()
            if not writers:
                connection.close()

    async def _first_byte(self, connection: socket.socket) -> int:
        connection.setblocking(False)
        readable: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(connection, _arrived, readable)
        try:
            await readable
        finally:
            self._loop.remove_reader(connection)
        first = connection.recv(1, socket.MSG_PEEK)
        return first[0] if first else -1


def _arrived(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


async def _pump(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, note: Callable[[bytes], None]
) -> None:
    try:
        while data := await source.read(1 << 16):
            # Noted before it is passed on, so that no answer can overtake what caused it.
            note(data)
            sink.write(data)
            await sink.drain()
    finally:
        with contextlib.suppress(Exception):
            sink.close()
