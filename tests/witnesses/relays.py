"""The two ends of a relay, for tests."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import trustme

from earwitness.conformance.witnesses.doors import connection_to
from earwitness.conformance.witnesses.wire.connection import Direction

SECRET = bytes(range(256)) * 40

UP, DOWN = Direction.FROM_DEVICE, Direction.TO_DEVICE

AUTHORITY = trustme.CA()

PEM = AUTHORITY.cert_pem.bytes().decode()


def server_context(*protocols):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


@contextlib.contextmanager
def a_server(speak, context=None):
    """Gives each connection to `speak` in a thread of its own; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def handle(connection):
        with contextlib.suppress(OSError), connection:
            if context is None:
                speak(connection)
            else:
                with context.wrap_socket(
                    connection, server_side=True
                ) as wrapped:
                    speak(wrapped)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(
                    target=handle, args=(connection,), daemon=True
                ).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    # A thread that waits in accept would keep a closed socket alive.
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def acknowledge(connection):
    """Answer whatever comes with one byte."""
    while connection.recv(1 << 16):
        connection.sendall(b"!")


@contextlib.contextmanager
def a_device(relay, door, encrypted=True, protocols=()):
    """A connection from a device that trusts the relay."""
    with socket.create_connection(
        ("127.0.0.1", door.port), timeout=10
    ) as plain:
        if not encrypted:
            yield plain
            return
        context = ssl.create_default_context(cadata=relay.authority)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        with context.wrap_socket(
            plain, server_hostname="localhost"
        ) as wrapped:
            yield wrapped


def send_all(device, pieces):
    for piece in pieces:
        device.sendall(piece)
        assert device.recv(1) == b"!"


def content(crossings, direction=UP, part=None):
    return b"".join(
        c.content
        for c in crossings
        if c.direction is direction and part in (None, c.part)
    )


def sent_by_tls(relay, *pieces):
    with a_server(acknowledge, server_context()) as port:
        door = relay.open_door(
            "d1", connection_to("127.0.0.1", port), authority=PEM
        )
        with a_device(relay, door) as device:
            send_all(device, pieces)
    return relay.take()
