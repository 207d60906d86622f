"""The device's one connection to its cloud: WebSocket over TLS with the cloud's certificate verified, every chunk acknowledged."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.protocol import State

Result = TypeVar("Result")

PATIENCE = 20.0
"""Seconds of real time an answer may take before the link counts as lost."""
SHORTEST, LONGEST = 0.1, 30.0
"""Seconds of real time between attempts to reach a cloud that is not there: doubled each time."""


class LinkLost(Exception):
    """The cloud cannot be reached; what was to be sent is dropped, never kept."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where the cloud is, and whose certificates to believe (PEM)."""

    host: str
    port: int
    authority: str


class Network:
    """One thread for all sockets: an OpenSSL connection must not be read and written by two at once."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()

    def done(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="network", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


network = Network()


class Link:
    """Opens on demand, keeps the connection for later turns."""

    encrypted = True

    def __init__(self, route: Route) -> None:
        self.route = route
        self.up = True
        self._delay = self._not_before = 0.0
        self._connection: ClientConnection | None = None

    async def connect(self) -> ClientConnection:
        context = ssl.create_default_context(cadata=self.route.authority)
        return await connect(
            f"wss://localhost:{self.route.port}", host=self.route.host, ssl=context, compression=None, proxy=None, open_timeout=PATIENCE, close_timeout=0.1
        )

    def ask(self, content: bytes | dict[str, Any]) -> dict[str, Any]:
        """Send sound (bytes) or a message; return the cloud's reply. Raises LinkLost."""
        if not self.up:
            self.drop()
            raise LinkLost("the network is down")
        if self._connection is None and time.monotonic() < self._not_before:
            raise LinkLost("the cloud was not there a moment ago")
        try:
            return network.done(self._exchange(content))
        except (OSError, WebSocketException, ValueError, TimeoutError) as error:
            self.drop()
            raise LinkLost(str(error)) from None

    async def _exchange(self, content: bytes | dict[str, Any]) -> dict[str, Any]:
        beginning = isinstance(content, dict) and content.get("type") == "open"
        if beginning and self._connection is not None and self._connection.state is not State.OPEN:
            # The other side closed while nothing was said; a new turn deserves a new connection.
            self._connection = None
        if self._connection is None:
            self._connection = await self._reached()
        async with asyncio.timeout(PATIENCE):
            await self._connection.send(content if isinstance(content, bytes) else json.dumps(content))
            reply = json.loads(await self._connection.recv())
        if not isinstance(reply, dict):
            raise ValueError("the cloud's reply is no object")
        return reply

    async def _reached(self) -> ClientConnection:
        """A new connection; after a failure the next attempt waits, longer each time, so that a cloud that comes back is not overrun."""
        try:
            connection = await self.connect()
        except (OSError, WebSocketException, TimeoutError):
            self._delay = min(LONGEST, max(SHORTEST, 2 * self._delay))
            self._not_before = time.monotonic() + self._delay
            raise
        self._delay = 0.0
        return connection

    def drop(self) -> None:
        """Close without ceremony."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, WebSocketException):
                network.done(connection.close())
