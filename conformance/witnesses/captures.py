"""What the relay has taken and nobody has looked at yet: bounded memory between the relay's thread and the
harness."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from earwitness.conformance.witnesses.doors import Connection, Door
from earwitness.conformance.witnesses.wire.connection import Direction
from earwitness.model.vocabulary import Microseconds

LARGEST_CAPTURE = 1 << 18
"""Bytes of one direction that are kept as one, when nothing came between them."""
OVERHEAD = 256
"""Bytes that one capture costs beside its content (measured with tracemalloc: 230), so that a flood of
small ones is bounded too."""
MOST_LISTED = 10_000
"""Connections that are over and still listed."""

Clock = Callable[[], int]


class CaptureKind(Enum):
    STREAM = "stream"
    DATAGRAM = "datagram"
    HANDSHAKE = "handshake"
    """A client's first record of TLS: names and random numbers that may say something."""


@dataclass(slots=True)
class Capture:
    """Bytes of one direction as they were taken. `lost` more were passed on and not kept."""

    connection: Connection
    direction: Direction
    time: Microseconds
    kind: CaptureKind
    data: bytearray
    lost: int = 0


class CaptureLog:
    """Written by the relay's thread, emptied by the harness."""

    def __init__(self, clock: Clock, most_kept: int) -> None:
        self._clock, self._most_kept = clock, most_kept
        self._captures: deque[Capture] = deque()
        self._kept = 0
        self._connections: dict[int, Connection] = {}
        self._opened = 0
        self._lock = threading.Lock()

    def now(self) -> Microseconds:
        return Microseconds(self._clock())

    def open(self, door: Door, peer: str) -> Connection:
        """Begin a connection through a door."""
        with self._lock:
            self._opened += 1
            connection = Connection(
                number=self._opened,
                device=door.device,
                door=door.name,
                peer=peer,
                opened=self.now(),
                presented=door.presented,
            )
            self._connections[connection.number] = connection
            return connection

    def close(self, connection: Connection) -> None:
        with self._lock:
            connection.closed = self.now()
            if len(self._connections) <= MOST_LISTED:
                return
            oldest = next(iter(self._connections))
            if self._connections[oldest].closed is not None:
                del self._connections[oldest]

    def record(
        self,
        connection: Connection,
        direction: Direction,
        data: bytes,
        kind: CaptureKind = CaptureKind.STREAM,
    ) -> None:
        """Keep bytes that are about to be passed on; beyond the bound only their number."""
        with self._lock:
            if direction is Direction.FROM_DEVICE:
                connection.from_device += len(data)
            else:
                connection.to_device += len(data)
            fits = self._kept + len(data) <= self._most_kept
            capture = self._capture_for(
                connection=connection,
                direction=direction,
                kind=kind,
                size=len(data) if fits else 0,
            )
            if fits:
                capture.data += data
                self._kept += len(data)
            else:
                capture.lost += len(data)

    def _capture_for(
        self,
        connection: Connection,
        direction: Direction,
        kind: CaptureKind,
        size: int,
    ) -> Capture:
        """The last capture where the bytes continue it, else a new one."""
        time = self.now()
        if kind is CaptureKind.STREAM and self._captures:
            last = self._captures[-1]
            same = (
                last.connection is connection
                and last.direction is direction
                and last.kind is kind
            )
            # After lost bytes only further lost ones may follow, or their order would be gone.
            room = len(last.data) + size <= LARGEST_CAPTURE and (
                not last.lost or not size
            )
            if same and room and last.time == time:
                return last
        capture = Capture(
            connection=connection,
            direction=direction,
            time=time,
            kind=kind,
            data=bytearray(),
        )
        self._captures.append(capture)
        self._kept += OVERHEAD
        return capture

    def take(self) -> deque[Capture]:
        """All captures since the last call."""
        with self._lock:
            captures, self._captures = self._captures, deque()
            self._kept = 0
            return captures

    def connections(self) -> list[Connection]:
        """Copies of what is known of each connection."""
        with self._lock:
            return [
                replace(connection)
                for connection in self._connections.values()
            ]
