"""The device's one connection to its cloud: WebSocket over TLS with the cloud's certificate verified.

Turns, settings and calls share it, and every piece of sound is acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import json
import ssl
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.protocol import State

from earwitness.reference_impl.messages import (
    WINDOW,
    CloudReply,
    CloudRequest,
)

Result = TypeVar("Result")
Pending = Future[CloudReply]
"""A reply on its way."""

PATIENCE = 20.0
"""Seconds of real time an answer may take before the link counts as lost."""
SHORTEST, LONGEST = 0.1, 30.0
"""Seconds of real time between attempts to reach a cloud that is not there: doubled each time."""


class LinkLost(Exception):
    """The cloud cannot be reached; what was to be sent is dropped, never kept."""


class Shortcut(Protocol):
    """A way to a cloud in the same process, without any socket."""

    def exchange(
        self, link: Link, content: bytes | CloudRequest
    ) -> CloudReply:
        """The cloud's reply. What was said before on this link since `forget` is one conversation."""

    def forget(self, link: Link) -> None:
        """The link is dropped; nothing is on its way any more."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where the cloud is, whose certificates to believe (PEM), and by what it will know us."""

    host: str
    port: int
    authority: str
    credential: str = ""
    """What the device proves itself by, the first thing it says on a new connection."""
    shortcut: Shortcut | None = None


class NetworkThread:
    """One thread for all sockets: an OpenSSL connection must not be read and written by two at once."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()

    def begun(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever,
                    name="network",
                    daemon=True,
                ).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def done(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.begun(work).result()


network = NetworkThread()


class Link:
    """Opens on demand, keeps the connection for later turns.

    Several questions may be on their way at once, each with a number that its answer bears; beyond `WINDOW`
    the next waits until the cloud has answered one."""

    encrypted = True
    """What the device reports of it."""
    scheme = "wss"
    """WebSocket over TLS."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.up = True
        self._delay = self._not_before = 0.0
        self._wire: _Wire | None = None
        self._reaching = asyncio.Lock()

    def make_security(self) -> ssl.SSLContext | None:
        """How the other side must prove who it is."""
        return ssl.create_default_context(cadata=self.route.authority)

    async def connect(self) -> ClientConnection:
        # The certificate is for localhost; the address is where the route leads.
        return await connect(
            f"{self.scheme}://localhost:{self.route.port}",
            host=self.route.host,
            ssl=self.make_security(),
            compression=None,
            proxy=None,
            open_timeout=PATIENCE,
            close_timeout=0.1,
        )

    def ask(self, content: bytes | CloudRequest) -> CloudReply:
        """Send sound (bytes) or a message; return the cloud's reply. Raises LinkLost."""
        return self.answer(self.send(content))

    def send(self, content: bytes | CloudRequest) -> Pending:
        """Send without waiting for the reply. Raises LinkLost where it is known at once that nothing can be
        sent."""
        if not self.up:
            self.drop()
            raise LinkLost("the network is down")
        if self._wire is None and time.monotonic() < self._not_before:
            raise LinkLost("the cloud was not there a moment ago")
        if self.route.shortcut is not None:
            return _reply_known(self.route.shortcut.exchange(self, content))
        return network.begun(self._exchange_content(content))

    def answer(self, pending: Pending) -> CloudReply:
        """The reply to what was sent. Raises LinkLost."""
        try:
            return pending.result()
        except (
            OSError,
            WebSocketException,
            ValueError,
            TimeoutError,
            CancelledError,
        ) as error:
            self.drop()
            raise LinkLost(str(error)) from None

    async def _exchange_content(
        self, content: bytes | CloudRequest
    ) -> CloudReply:
        beginning = (
            isinstance(content, dict) and content.get("type") == "open"
        )
        async with self._reaching:
            if beginning and self._wire is not None and not self._wire.open:
                # The other side closed while nothing was said; a new turn deserves a new connection.
                self._wire = None
            if self._wire is None:
                self._wire = _Wire(await self._reach_cloud())
                await self._introduce_device(self._wire)
            wire = self._wire
        async with asyncio.timeout(PATIENCE):
            return await wire.ask(content)

    async def _introduce_device(self, wire: _Wire) -> None:
        """Say who we are, where the cloud asks for it."""
        if self.route.credential:
            async with asyncio.timeout(PATIENCE):
                reply = await wire.ask(
                    {"type": "hello", "credential": self.route.credential}
                )
            if "error" in reply:
                raise ConnectionError(
                    f"the cloud does not know us: {reply['error']}"
                )

    async def _reach_cloud(self) -> ClientConnection:
        """A new connection; after a failure the next attempt waits, longer each time, so that a cloud that
        comes back is not overrun."""
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
        if self.route.shortcut is not None:
            self.route.shortcut.forget(self)
        wire, self._wire = self._wire, None
        if wire is not None:
            with suppress(OSError, WebSocketException):
                network.done(wire.close())


def _reply_known(reply: CloudReply) -> Pending:
    pending: Pending = Future()
    pending.set_result(reply)
    return pending


class _Wire:
    """One connection. Sound goes in binary frames after four bytes of number, messages as JSON objects with
    an `id`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[CloudReply]] = {}
        self._window = asyncio.Semaphore(WINDOW)
        self._listening = asyncio.create_task(self._hand_out_answers())

    @property
    def open(self) -> bool:
        if self._listening.done():
            return False
        return self._connection.state is State.OPEN

    async def ask(self, content: bytes | CloudRequest) -> CloudReply:
        async with self._window:
            number = next(self._numbers)
            answer: asyncio.Future[CloudReply] = (
                asyncio.get_running_loop().create_future()
            )
            self._waiting[number] = answer
            try:
                if not self.open:
                    raise ConnectionError("the connection is closed")
                await self._connection.send(
                    number.to_bytes(4) + content
                    if isinstance(content, bytes)
                    else json.dumps({"id": number, **content})
                )
                return await answer
            finally:
                self._waiting.pop(number, None)

    async def _hand_out_answers(self) -> None:
        """Hand each answer to who waits for it. A connection that ends, or says what nobody asked, is lost
        to all."""
        error: Exception = ConnectionError("the connection is closed")
        try:
            async for said in self._connection:
                reply = json.loads(said)
                number = reply.pop("id") if isinstance(reply, dict) else None
                if number not in self._waiting:
                    raise ValueError("the cloud answered what nobody asked")
                self._waiting.pop(number).set_result(reply)
        except (
            OSError,
            WebSocketException,
            ValueError,
            KeyError,
            TypeError,
            asyncio.InvalidStateError,
        ) as reason:
            error = ConnectionError(
                f"the cloud's reply makes no sense: {reason}"
            )
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)

    async def close(self) -> None:
        await self._connection.close()
        await self._listening
