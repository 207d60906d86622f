"""What the relay costs: throughput and round trips beside a pipe that only copies, plain and with TLS.

Usage: python benchmarks/relay.py [MEGABYTES]. Aim: at least half the pipe's throughput, at most 5 ms more a
round trip. The pipe is the same event loop passing bytes on and keeping nothing, so the difference is what
looking costs; with TLS the pipe passes the encrypted bytes on, while the relay must decrypt and encrypt them
again.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import statistics
import sys
import threading
import time
from collections.abc import Iterator

import trustme

from earwitness.conformance.witnesses.doors import connection_to
from earwitness.conformance.witnesses.relay import Relay

PIECE = 1 << 16
ROUNDS = 500
AUTHORITY = trustme.CA()
PEM = AUTHORITY.cert_pem.bytes().decode()


def sink_and_echo(connection: socket.socket) -> None:
    """Answer what ends with a question mark with a byte."""
    while data := connection.recv(PIECE):
        if data.endswith(b"?"):
            connection.sendall(b"!")


def serve(listener: socket.socket, context: ssl.SSLContext | None) -> None:
    while True:
        connection, _ = listener.accept()
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        threading.Thread(
            target=sink_and_echo, args=(connection,), daemon=True
        ).start()


def a_server(context: ssl.SSLContext | None) -> int:
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(
        target=serve, args=(listener, context), daemon=True
    ).start()
    return int(listener.getsockname()[1])


async def pipe(port: int, ready: threading.Event, found: list[int]) -> None:
    async def copy(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE * 4):
                writer.write(data)
                await writer.drain()
            writer.close()

    async def carry(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        far_reader, far_writer = await asyncio.open_connection(
            "127.0.0.1", port
        )
        await asyncio.gather(
            copy(reader, far_writer), copy(far_reader, writer)
        )

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    found.append(server.sockets[0].getsockname()[1])
    ready.set()
    await server.serve_forever()


def a_pipe(port: int) -> int:
    ready, found = threading.Event(), list[int]()
    threading.Thread(
        target=lambda: asyncio.run(pipe(port, ready, found)), daemon=True
    ).start()
    ready.wait(10)
    return found[0]


@contextlib.contextmanager
def connected(port: int, trusted: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not trusted:
            yield plain
            return
        context = ssl.create_default_context(cadata=trusted)
        with context.wrap_socket(
            plain, server_hostname="localhost"
        ) as wrapped:
            yield wrapped


def measure(port: int, trusted: str, megabytes: int) -> tuple[float, float]:
    """Megabytes a second, and the median round trip in milliseconds."""
    piece = bytes(PIECE - 1) + b"."
    with connected(port, trusted) as device:
        began = time.perf_counter()
        for _ in range(megabytes * 16):
            device.sendall(piece)
        device.sendall(b"?")
        device.recv(1)
        seconds = time.perf_counter() - began
        trips = []
        for _ in range(ROUNDS):
            before = time.perf_counter()
            device.sendall(b"0123456789?")
            device.recv(1)
            trips.append(time.perf_counter() - before)
    return megabytes / seconds, statistics.median(trips) * 1_000


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 48
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    for name, server_context, authority in (
        ("plain", None, ""),
        ("TLS", context, PEM),
    ):
        port = a_server(server_context)
        piped = measure(a_pipe(port), authority, megabytes)
        with Relay() as relay:
            door = relay.open_door(
                "d1", connection_to("127.0.0.1", port), authority=authority
            )
            relayed = measure(
                door.port, relay.authority if authority else "", megabytes
            )
            began = time.perf_counter()
            size = sum(crossing.size for crossing in relay.take())
            taking = time.perf_counter() - began
        print(
            f"{name}: pipe {piped[0]:.0f} MB/s, {piped[1]:.3f} ms a round trip; relay {relayed[0]:.0f} MB/s, "
            f"{relayed[1]:.3f} ms; {size >> 20} MB taken apart in {taking:.2f} s"
        )


if __name__ == "__main__":
    main()
