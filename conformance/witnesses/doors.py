"""Doors: the ways through which a device reaches others, and others reach it. The relay stands in each."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

from earwitness.conformance.witnesses.certificates import Presented
from earwitness.model.vocabulary import Microseconds

SocketFactory = Callable[[], socket.socket]
STRANGER = "stranger"
"""Name of the door by which those come to a device who are not its server."""
PATIENCE = 10.0
"""Seconds until a connection to the other end counts as refused."""


def loopback_listener() -> socket.socket:
    """A listening TCP socket on a free port of the loopback interface."""
    # asyncio sends at once (TCP_NODELAY) only where the socket says that it is TCP.
    listener = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def loopback_datagrams() -> socket.socket:
    """A UDP socket on a free port of the loopback interface."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 0))
    return bound


def connection_to(host: str, port: int) -> SocketFactory:
    """Makes TCP connections to an address. The factory raises OSError."""
    return lambda: socket.create_connection((host, port), timeout=PATIENCE)


def datagrams_to(host: str, port: int) -> SocketFactory:
    """Makes UDP sockets whose datagrams go to an address."""

    def connected() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.connect((host, port))
        return made

    return connected


@dataclass(eq=False, slots=True)
class Door:
    """One way in or out of a device, open as long as the relay is.

    `connect` makes a connection to the other end. `inward` says that the one who connects is not the
    device but the other end. With an `authority` (PEM) the other end is known to speak TLS only: it is
    spoken to so even where the device is not, which is the device's fault and is seen as such. Without
    one, what comes as TLS goes on as TLS (the system's authorities decide), and what comes plain goes on
    plain.
    """

    device: str
    listener: socket.socket
    connect: SocketFactory
    inward: bool = False
    authority: str = ""
    server_name: str = "localhost"
    name: str = ""
    presented: Presented = Presented.TRUSTED

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])


@dataclass(slots=True)
class Connection:
    """What is known of one connection through a door. `ending` says why it ended where that was no
    ordinary end."""

    number: int
    device: str
    door: str
    peer: str
    opened: Microseconds
    presented: Presented = Presented.TRUSTED
    closed: Microseconds | None = None
    encrypted: bool = False
    tls_version: str = ""
    server_name: str = ""
    handshake: bool | None = None
    """Whether the device (or who called it) accepted the certificate; None where no TLS was begun or it is
    not over."""
    from_device: int = 0
    to_device: int = 0
    """Bytes that crossed, each way."""
    ending: str = ""
