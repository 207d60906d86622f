"""The device's one connection to its cloud: WebSocket over TLS with the cloud's certificate verified, every chunk acknowledged."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect

PATIENCE = 20.0
"""Seconds of real time an answer may take before the link counts as lost."""


class LinkLost(Exception):
    """The cloud cannot be reached; what was to be sent is dropped, never kept."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where the cloud is, and whose certificates to believe (PEM)."""

    host: str
    port: int
    authority: str


class Link:
    """Opens on demand, keeps the connection for later turns."""

    encrypted = True

    def __init__(self, route: Route) -> None:
        self.route = route
        self.up = True
        self._open = ExitStack()
        self._connection: ClientConnection | None = None

    def dial(self) -> socket.socket:
        return socket.create_connection((self.route.host, self.route.port), timeout=PATIENCE)

    def connect(self) -> ClientConnection:
        context = ssl.create_default_context(cadata=self.route.authority)
        return connect(f"wss://localhost:{self.route.port}", sock=self.dial(), ssl=context, compression=None, proxy=None, open_timeout=PATIENCE)

    def ask(self, content: bytes | dict[str, Any]) -> dict[str, Any]:
        """Send sound (bytes) or a message; return the cloud's reply. Raises LinkLost."""
        if not self.up:
            self.drop()
            raise LinkLost("the network is down")
        beginning = isinstance(content, dict) and content.get("type") == "open"
        try:
            if beginning and self._connection is not None and self._connection.state is not State.OPEN:
                # The other side closed while nothing was said; a new turn deserves a new connection.
                self.drop()
            if self._connection is None:
                self._connection = self._open.enter_context(self.connect())
            self._connection.send(content if isinstance(content, bytes) else json.dumps(content))
            reply: dict[str, Any] = json.loads(self._connection.recv(timeout=PATIENCE))
            return reply
        except (OSError, WebSocketException, ValueError, TimeoutError) as error:
            self.drop()
            raise LinkLost(str(error)) from None

    def drop(self) -> None:
        """Close without ceremony."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close_timeout = 0.1
            self._open.close()
