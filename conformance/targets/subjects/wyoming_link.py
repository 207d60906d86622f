"""One end of a Wyoming connection: a line of JSON, then more JSON and a payload where it says so."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.targets.subjects.sound import (
    LARGEST_MESSAGE,
    in_our_form,
)

FORM = {"rate": RATE, "width": 2, "channels": 1}
"""The usual form of sound, and ours."""


@dataclass(frozen=True, slots=True)
class WyomingMessage:
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)
    payload: bytes = b""

    @property
    def sound(self) -> bytes:
        """The sound of an audio-chunk in our form, whatever form it announces; what it does not say is as
        usual."""
        try:
            rate, width, channels = (
                int(str(self.data.get(name) or usual))
                for name, usual in FORM.items()
            )
            return in_our_form(
                sound=self.payload, rate=rate, width=width, channels=channels
            )
        except ValueError:
            return b""

    @property
    def names(self) -> Sequence[str]:
        """The wake words that a service is asked for; none where any will do."""
        match self.data.get("names"):
            case [*names]:
                return [str(name) for name in names]
            case str(name):
                return [name]
        return ()


class WyomingLink:
    """Gives each message to `take`, and None at the end, both by way of `post`."""

    def __init__(
        self,
        connected: socket.socket,
        post: Callable[[Callable[[], None]], None],
        take: Callable[[WyomingLink, WyomingMessage | None], None],
    ) -> None:
        connected.settimeout(None)
        self._socket = connected
        self._post, self._take = post, take
        self.is_closed = False
        self._sending = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, kind: str, payload: bytes = b"", /, **data: Any) -> None:
        """Nothing happens where the other end is gone."""
        entry: dict[str, object] = {"type": kind, "data": data}
        if payload:
            entry["payload_length"] = len(payload)
        with self._sending, contextlib.suppress(OSError):
            self._socket.sendall(json.dumps(entry).encode() + b"\n" + payload)

    def close(self) -> None:
        self.is_closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self) -> None:
        # What is no message of the protocol ends the connection, as it would with a server.
        with (
            contextlib.suppress(OSError, ValueError, KeyError, TypeError),
            self._socket.makefile("rb") as stream,
        ):
            for message in read_messages(stream):
                if message.kind == "ping":
                    # Later versions leave a server that does not answer at once.
                    self.send("pong", **message.data)
                self._hand_over(message)
        self._hand_over(None)

    def _hand_over(self, message: WyomingMessage | None) -> None:
        self._post(lambda: self._deliver(message))

    def _deliver(self, message: WyomingMessage | None) -> None:
        if not self.is_closed:
            self._take(self, message)


def listen_for_clients(
    port: int,
    post: Callable[[Callable[[], None]], None],
    take: Callable[[WyomingLink, WyomingMessage | None], None],
) -> None:
    """Play a service at that port of the loopback interface, for any number of clients."""
    listener = socket.create_server(("127.0.0.1", port))

    def accept() -> None:
        while True:
            WyomingLink(listener.accept()[0], post, take)

    threading.Thread(target=accept, daemon=True).start()


def read_messages(stream: IO[bytes]) -> Iterator[WyomingMessage]:
    """Every message to the end. Raises ValueError for what is none."""
    while line := stream.readline(LARGEST_MESSAGE):
        entry = json.loads(line)
        lengths = [
            int(entry.get(name) or 0)
            for name in ("data_length", "payload_length")
        ]
        if max(lengths) > LARGEST_MESSAGE:
            raise ValueError("a message is too long")
        more = json.loads(stream.read(lengths[0]) or b"{}")
        data = {**(entry.get("data") or {}), **more}
        yield WyomingMessage(
            str(entry["type"]), data, stream.read(lengths[1])
        )
