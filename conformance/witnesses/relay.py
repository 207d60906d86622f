"""The relay stands between every device and whoever it speaks with. It ends TLS with its own certificate,
passes every byte on, and keeps what it saw: any protocol, both directions, every byte accounted for.

What it cannot see: who pins a certificate refuses the relay's, so such a connection is listed and not
read. A device's own client certificate is not shown to the other end.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, replace

from earwitness.conformance.witnesses.captures import (
    Capture,
    CaptureKind,
    CaptureLog,
    Clock,
)
from earwitness.conformance.witnesses.carrying import Carrier
from earwitness.conformance.witnesses.carrying_datagrams import (
    DatagramCarrier,
)
from earwitness.conformance.witnesses.certificates import (
    CertificateMaker,
    CertificateTrial,
    Presented,
)
from earwitness.conformance.witnesses.doors import (
    PATIENCE,
    Connection,
    Door,
    SocketFactory,
    loopback_datagrams,
    loopback_listener,
)
from earwitness.conformance.witnesses.wire.connection import (
    Direction,
    Dissection,
)
from earwitness.conformance.witnesses.wire.stream import Part, Piece
from earwitness.model.vocabulary import Microseconds

MOST_KEPT = 64 << 20
"""Bytes kept between two calls of `take`: 35 minutes of 16 kHz sound. More are passed on and counted, but
what they were is not known."""
MOST_CROSSINGS = 100_000
"""Crossings of one `take`; beyond it, messages of one sequence are joined."""
NOT_KEPT = "more came between two looks than the harness keeps"


@dataclass(frozen=True, slots=True)
class Crossing:
    """Bytes that crossed, taken apart. `content` is what they say, `size` how many bytes crossed for it:
    of one connection and direction the sizes add up to all that was sent. `time_taken` is the harness's
    clock when the relay took the last of them."""

    device: str
    time_taken: Microseconds
    direction: Direction
    content: bytes
    encrypted: bool
    protocol: str
    connection: int
    part: Part = Part.RAW
    size: int = 0
    sequence: int = 0
    whole: bool = True
    peer: str = ""
    reason: str = ""
    door: str = ""

    @property
    def line(self) -> tuple[int, Direction, str, Part, int]:
        """What it continues: crossings of the same line belong together, in order."""
        return (
            self.connection,
            self.direction,
            self.protocol,
            self.part,
            self.sequence,
        )


def monotonic_microseconds() -> int:
    return time.monotonic_ns() // 1_000


class Relay:
    """Runs in a thread of its own. `open_door` opens a way for one device; `take` returns what crossed since
    the last call.

    `clock` gives the harness's time in microseconds; it is called in the relay's thread."""

    def __init__(
        self,
        clock: Clock = monotonic_microseconds,
        most_kept: int = MOST_KEPT,
    ) -> None:
        self._certificates = CertificateMaker()
        self.authority = self._certificates.authority
        self._log = CaptureLog(clock, most_kept)
        self._open: dict[int, tuple[Connection, Dissection]] = {}
        self._doors: list[Door] = []
        self._loop = asyncio.new_event_loop()
        self._carrier = Carrier(self._loop, self._log, self._certificates)
        self._thread = threading.Thread(
            target=self._loop.run_forever,
            name="earwitness-relay",
            daemon=True,
        )
        self._thread.start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open_door(
        self,
        device: str,
        connect: SocketFactory,
        *,
        listen: SocketFactory = loopback_listener,
        inward: bool = False,
        authority: str = "",
        server_name: str = "localhost",
        name: str = "",
    ) -> Door:
        """Open a way for TCP and all that runs over it. `listen` makes the listening socket, which may
        stand in a cell; `connect` makes connections to the other end. See `Door`. Raises OSError where it
        cannot listen."""
        door = Door(
            device=device,
            listener=listen(),
            connect=connect,
            inward=inward,
            authority=authority,
            server_name=server_name,
            name=name,
        )
        door.listener.setblocking(False)
        self._doors.append(door)
        asyncio.run_coroutine_threadsafe(
            self._carrier.accept(door), self._loop
        )
        return door

    def open_datagram_door(
        self,
        device: str,
        connect: SocketFactory,
        *,
        listen: SocketFactory = loopback_datagrams,
        inward: bool = False,
        name: str = "",
    ) -> Door:
        """Open a way for UDP. Raises OSError where it cannot listen."""
        door = Door(
            device=device,
            listener=listen(),
            connect=connect,
            inward=inward,
            name=name,
        )
        door.listener.setblocking(False)
        self._doors.append(door)
        carrier = DatagramCarrier(self._loop, self._log, door)
        self._carrier.datagrams.append(carrier)
        self._loop.call_soon_threadsafe(carrier.start)
        return door

    def take(self) -> list[Crossing]:
        """What crossed since the last call, in order. A head or a frame that has only begun to come waits
        for the next call."""
        self._settle_thread()
        captures = self._log.take()
        crossings: list[Crossing] = []
        while captures:
            crossings += self._dissect_capture(captures.popleft())
            if len(crossings) > MOST_CROSSINGS:
                crossings = join_crossings(crossings)
        over = [
            connection
            for connection, _ in self._open.values()
            if connection.closed is not None
        ]
        for connection in over:
            crossings += self._rest_of(connection)
            del self._open[connection.number]
        return crossings

    def take_rest(self) -> list[Crossing]:
        """As `take`, and what waited for more as raw bytes: for the end of a run."""
        crossings = self.take()
        for connection, _ in self._open.values():
            crossings += self._rest_of(connection)
        return crossings

    def connections(self) -> list[Connection]:
        """The connections since the relay began, as they are now; of those that are over the last ten
        thousand."""
        return self._log.connections()

    def present(self, door: Door, presented: Presented) -> None:
        """From now on the door shows such a certificate to who connects. Connections that are open stay
        open."""
        door.presented = presented

    def trial(self, device: str, presented: Presented) -> CertificateTrial:
        """What a device has done so far with certificates of that kind."""
        shown = [
            c
            for c in self.connections()
            if c.device == device and c.presented is presented
        ]
        return CertificateTrial(
            device=device,
            presented=presented,
            refused=sum(c.handshake is False for c in shown),
            accepted=sum(c.handshake is True for c in shown),
        )

    def hang_up(self, device: str) -> None:
        """End all connections of a device, as a network that fails does."""
        self._loop.call_soon_threadsafe(self._carrier.hang_up, device)

    def close(self) -> None:
        """End all connections and the thread. What crossed can still be taken."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._end_all(), self._loop).result(
            PATIENCE
        )
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        for door in self._doors:
            door.listener.close()
        self._loop.close()

    def _settle_thread(self) -> None:
        """Let the relay's thread take what was sent before now."""
        if self._thread.is_alive() and not self._loop.is_closed():
            asyncio.run_coroutine_threadsafe(
                self._carrier.settle(), self._loop
            ).result(PATIENCE)

    async def _end_all(self) -> None:
        tasks = [
            task
            for task in asyncio.all_tasks()
            if task is not asyncio.current_task()
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for carrier in self._carrier.datagrams:
            carrier.close()

    def _dissect_capture(self, capture: Capture) -> list[Crossing]:
        connection, data = capture.connection, bytes(capture.data)
        match capture.kind:
            case CaptureKind.DATAGRAM:
                pieces = [
                    Piece(
                        protocol="udp",
                        part=Part.MESSAGE,
                        content=data,
                        size=len(data),
                    )
                ]
                if capture.lost:
                    pieces = [
                        Piece(
                            protocol="udp",
                            part=Part.RAW,
                            content=b"",
                            size=capture.lost,
                            reason=NOT_KEPT,
                        )
                    ]
            case CaptureKind.HANDSHAKE:
                pieces = [
                    Piece(
                        protocol="tls",
                        part=Part.HEAD,
                        content=data,
                        size=len(data),
                    )
                ]
            case CaptureKind.STREAM:
                _, dissection = self._open.setdefault(
                    connection.number, (connection, Dissection())
                )
                pieces = (
                    dissection.feed(capture.direction, data) if data else []
                )
                if capture.lost:
                    pieces += dissection.lose(
                        capture.direction, capture.lost, NOT_KEPT
                    )
        return [
            _make_crossing(
                connection=connection,
                direction=capture.direction,
                time=capture.time,
                piece=piece,
            )
            for piece in pieces
        ]

    def _rest_of(self, connection: Connection) -> list[Crossing]:
        _, dissection = self._open[connection.number]
        now = self._log.now()
        return [
            _make_crossing(
                connection=connection,
                direction=direction,
                time=now,
                piece=piece,
            )
            for direction in Direction
            for piece in dissection.rest(direction)
        ]


def _make_crossing(
    connection: Connection,
    direction: Direction,
    time: Microseconds,
    piece: Piece,
) -> Crossing:
    return Crossing(
        device=connection.device,
        time_taken=time,
        direction=direction,
        content=piece.content,
        encrypted=connection.encrypted,
        protocol=piece.protocol,
        connection=connection.number,
        part=piece.part,
        size=piece.size,
        sequence=piece.sequence,
        whole=piece.whole,
        peer=connection.peer,
        reason=piece.reason,
        door=connection.door,
    )


def join_crossings(crossings: list[Crossing]) -> list[Crossing]:
    """The same bytes in fewer crossings: one for each line, its contents one after the other, at the time
    of the last."""
    lines: dict[tuple[int, Direction, str, Part, int], list[Crossing]] = {}
    for crossing in crossings:
        lines.setdefault(crossing.line, []).append(crossing)
    return [_one_of(line) for line in lines.values()]


def _one_of(line: list[Crossing]) -> Crossing:
    last = line[-1]
    return replace(
        last,
        content=b"".join(crossing.content for crossing in line),
        size=sum(crossing.size for crossing in line),
        reason=next(
            (crossing.reason for crossing in line if crossing.reason), ""
        ),
    )
