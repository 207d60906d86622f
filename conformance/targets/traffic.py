"""What leaves a cell, or runs between its processes, other than by a door: every connection, datagram and
question for a name, with its size."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from earwitness.conformance.targets.packets import (
    ADDRESS_QUESTION,
    NAMES,
    PROTOCOLS,
    TCP,
    UDP,
    Content,
    Packet,
    Peer,
    asked_name,
    name_answer,
    parse_packet,
    server_name,
)

LONGEST_CONTENT = 1 << 16
"""Bytes of a flow's beginning that are kept, to be read."""
LONGEST_GREETING = 1 << 14
"""Bytes within which TLS has said whom it wants: one record (RFC 8446, section 5.1)."""
PATIENCE_WITH_CALLER = 0.5
"""Seconds that a caller of the outside may go on after its last byte, before the connection is refused."""
MOST_FLOWS = 10_000
"""More are counted in the last one: a target that scans the world need not fill our memory."""
MOST_FRESH = 16 << 20
"""Bytes kept between two calls of `take`; more are counted, but what they were is not known."""
OWN_ADDRESS = "10.99.0.2"
"""The cell's own, as the doorman lays it."""
SOL_PACKET, PACKET_STATISTICS = 263, 6  # of linux/socket.h and if_packet.h
DNS = 53  # the port of RFC 1035


@dataclass(frozen=True, slots=True)
class Flow:
    """Bytes to one peer. `refused` where the peer is outside and nothing was carried on; `local` where it is
    in the cell itself, where nothing is refused. `content` is how the flow began, where it can be seen."""

    peer: str
    """Address and port."""
    name: str
    """The name that the target asked for before, or that it gave when it began TLS."""
    protocol: str
    bytes: int
    answered: int
    """Bytes in the other direction."""
    refused: bool
    local: bool
    content: Content = b""


@dataclass(frozen=True, slots=True)
class FlowPiece:
    """What went to one peer since the last look. `size` counts all of it, `content` holds what was kept."""

    number: int
    """Of its flow, in the order in which they began."""
    peer: str
    name: str
    protocol: str
    local: bool
    content: Content
    size: int


@dataclass
class _Growing:
    """A flow while it grows."""

    peer: tuple[str, int]
    protocol: str
    local: bool
    name: str = ""
    sent: int = 0
    answered: int = 0
    content: bytearray = field(default_factory=bytearray)
    fresh: bytearray = field(default_factory=bytearray)
    fresh_size: int = 0

    def add(self, piece: bytes, size: int | None = None) -> None:
        """Count a piece, of which `size` bytes were sent even where fewer are seen."""
        whole = len(piece) if size is None else size
        self.sent += whole
        self.fresh_size += whole
        self.content += piece[: LONGEST_CONTENT - len(self.content)]


class NoTraffic:
    """Without a cell nothing is known of what leaves."""

    incomplete = "the target is not confined: what it sends elsewhere was not looked for"

    def flows(self) -> Sequence[Flow]:
        return ()

    def take(self) -> Sequence[FlowPiece]:
        return ()

    def open_door(self, port: int) -> None:
        pass

    def expect_caller(self, port: int) -> None:
        pass

    def close(self) -> None:
        pass


class Traffic:
    """Watches a cell's network in a thread of its own; `flows` first takes everything that has happened by
    then.

    `sockets` are the doorman's: two listeners that take every outward connection, one that is asked for
    names, and one that sees every packet."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self._listeners = sockets[:2]
        self._names, self._packets = sockets[2], sockets[3]
        self._lock = threading.Lock()
        self._flows: list[_Growing] = []
        self._between: dict[tuple[int, Peer, Peer], _Growing] = {}
        self._callers: dict[socket.socket, float] = {}
        self._doors: set[int] = set()
        self._expected: set[int] = set()
        self._ours: dict[tuple[int, Peer, Peer], bool] = {}
        self._fresh = 0
        self._addresses: dict[str, str] = {}
        self._lost = 0
        self._ended = False
        self._bell, self._rope = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for watched in (*sockets, self._bell):
            watched.setblocking(False)
            self._selector.register(watched, selectors.EVENT_READ)
        self._thread = threading.Thread(
            target=self._watch_sockets, daemon=True
        )
        self._thread.start()

    def open_door(self, port: int) -> None:
        """What goes to that port of loopback is a door's business."""
        with self._lock:
            self._doors.add(port)

    def expect_caller(self, port: int) -> None:
        """The next connection from that port is the harness's own, and no flow of the target."""
        with self._lock:
            self._expected.add(port)

    def take(self) -> Sequence[FlowPiece]:
        """What every flow has sent since the last call."""
        with self._lock:
            self._take_all()
            self._fresh = 0
            return tuple(
                _take_piece(number, flow)
                for number, flow in enumerate(self._flows)
                if flow.fresh_size
            )

    def flows(self) -> Sequence[Flow]:
        """Every flow so far, in the order in which they began."""
        with self._lock:
            self._take_all()
            return tuple(_finish_flow(flow) for flow in self._flows)

    @property
    def incomplete(self) -> str:
        """Why the flows are not all, or an empty text."""
        with self._lock:
            self._take_all()
            if self._lost:
                return f"the kernel dropped {self._lost} packets before they were seen"
        return ""

    def close(self) -> None:
        """What was sent by then can still be taken."""
        with self._lock:
            self._take_all()
        self._ended = True
        self._rope.send(b"x")
        self._thread.join(5)  # seconds: chosen, it ends within 0.1
        sockets = (
            *self._listeners,
            self._names,
            self._packets,
            self._bell,
            self._rope,
        )
        with self._lock:
            for each in (*sockets, *self._callers):
                each.close()
            self._selector.close()

    def _watch_sockets(self) -> None:
        while not self._ended:
            ready = self._selector.select(0.1)  # seconds: chosen
            with self._lock:
                if ready or self._callers:
                    self._take_all()

    def _take_all(self) -> None:
        """Everything that waits in the kernel, without blocking."""
        if self._ended:
            return
        self._answer_names()
        self._take_packets()
        for listener in self._listeners:
            self._accept_callers(listener)
        for caller in tuple(self._callers):
            self._hear_caller(caller)
        _, lost = struct.unpack(
            "II", self._packets.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        )
        self._lost += lost

    # Connections to the outside: taken until the caller waits for an answer, then refused. What they carry is
    # counted by their packets.

    def _accept_callers(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                caller, _ = listener.accept()
                caller.setblocking(False)
                self._callers[caller] = (
                    time.monotonic() + PATIENCE_WITH_CALLER
                )
                self._selector.register(caller, selectors.EVENT_READ)

    def _hear_caller(self, caller: socket.socket) -> None:
        try:
            while caller.recv(1 << 16):
                self._callers[caller] = (
                    time.monotonic() + PATIENCE_WITH_CALLER
                )
        except BlockingIOError:
            if time.monotonic() < self._callers[caller]:
                return
        except OSError:
            pass  # the caller broke off
        self._refuse_caller(caller)

    def _refuse_caller(self, caller: socket.socket) -> None:
        del self._callers[caller]
        self._selector.unregister(caller)
        # Lingering for no time makes it a reset: an end would tell the caller that its bytes were taken.
        with contextlib.suppress(OSError):
            caller.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        caller.close()

    def _begin_flow(self, peer: Peer, protocol: str, local: bool) -> _Growing:
        if len(self._flows) >= MOST_FLOWS:
            return self._flows[-1]
        names = {address: name for name, address in self._addresses.items()}
        flow = _Growing(peer, protocol, local, name=names.get(peer[0], ""))
        self._flows.append(flow)
        return flow

    # Names: each gets an address of its own, so that later connections have names.

    def _answer_names(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                # 4,096 bytes: chosen, longer than any question.
                question, asker = self._names.recvfrom(4096)
                name, kind = asked_name(question)
                asked = ("127.0.0.1", DNS)
                flow = self._begin_flow(asked, NAMES, local=False)
                flow.name = name
                self._add_piece(flow, question)
                address = (
                    self._address_of(name)
                    if kind == ADDRESS_QUESTION
                    else None
                )
                self._names.sendto(name_answer(question, address), asker)

    def _address_of(self, name: str) -> str:
        """198.18.0.2 and on: a block set aside for tests (RFC 2544)."""
        number = min(len(self._addresses) + 2, 0xFFFF)
        return self._addresses.setdefault(
            name, f"198.18.{number >> 8}.{number & 255}"
        )

    # Packets: seen as they are sent, so that nothing a target has sent before it replies is missed.

    def _take_packets(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = parse_packet(self._packets.recv(1 << 16))
                if packet is not None:
                    self._take_packet(packet)

    def _is_ours(self, packet: Packet) -> bool:
        """Whether a packet belongs to a connection that the harness made into the cell."""
        key = packet.protocol, packet.source, packet.target
        if packet.begins and packet.source[1] in self._expected:
            self._expected.discard(packet.source[1])
            self._ours[key] = False
            return True
        if packet.begins and self._ours.get(key):
            # It has carried bytes, so this is another connection from the same port, of the target's.
            del self._ours[key]
            return False
        back = packet.protocol, packet.target, packet.source
        if key in self._ours:
            self._ours[key] |= packet.size > 0
        return key in self._ours or back in self._ours

    def _take_packet(self, packet: Packet) -> None:
        if packet.protocol == TCP and self._is_ours(packet):
            return
        there = self._between.get(
            (packet.protocol, packet.source, packet.target)
        )
        back = self._between.get(
            (packet.protocol, packet.target, packet.source)
        )
        if there is not None:
            self._add_piece(there, packet.content, packet.size)
            if not there.name and there.sent < LONGEST_GREETING:
                there.name = server_name(bytes(there.content))
        elif back is not None:
            back.answered += packet.size
        elif packet.begins and not self._is_known_elsewhere(packet):
            local = _is_local(packet.target[0])
            flow = self._begin_flow(
                packet.target,
                PROTOCOLS.get(packet.protocol, f"ip-{packet.protocol}"),
                local,
            )
            self._add_piece(flow, packet.content, packet.size)
            self._between[packet.protocol, packet.source, packet.target] = (
                flow
            )

    def _add_piece(
        self, flow: _Growing, piece: bytes, size: int | None = None
    ) -> None:
        flow.add(piece, size)
        kept = piece[: MOST_FRESH - self._fresh]
        flow.fresh += kept
        self._fresh += len(kept)

    def _is_known_elsewhere(self, packet: Packet) -> bool:
        """Doors and names have their own accounts."""
        host, port = packet.target
        if not _is_local(host):
            return False
        return port in self._doors or (packet.protocol == UDP and port == DNS)


def _is_local(host: str) -> bool:
    return host.startswith("127.") or host in (OWN_ADDRESS, "::1")


def _take_piece(number: int, flow: _Growing) -> FlowPiece:
    content, size = bytes(flow.fresh), flow.fresh_size
    flow.fresh, flow.fresh_size = bytearray(), 0
    return FlowPiece(
        number=number,
        peer=_write_peer(flow.peer),
        name=flow.name,
        protocol=flow.protocol,
        local=flow.local,
        content=content,
        size=size,
    )


def _write_peer(peer: Peer) -> str:
    host, port = peer
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _finish_flow(flow: _Growing) -> Flow:
    return Flow(
        peer=_write_peer(flow.peer),
        name=flow.name,
        protocol=flow.protocol,
        bytes=flow.sent,
        answered=flow.answered,
        refused=not flow.local and flow.protocol != NAMES,
        local=flow.local,
        content=bytes(flow.content),
    )
