"""The gateway to the telephone network: what comes encrypted from the device goes on as plain RTP with
G.711 (RFC 3551), since telephones know no more. Nothing is stored."""

from __future__ import annotations

import random
import socket
import struct
import time
from contextlib import suppress
from typing import Protocol

import av

from earwitness.reference_impl.calls.peer import Peer

TELEPHONE_RATE = 8_000
"""Samples a second of a telephone's sound (ITU-T G.711)."""
PCMU = 0
"""The payload type of mu-law."""
RTP_HEADER = 12
"""Bytes (RFC 3550, 5.1)."""
LARGEST_PACKET = 2048
"""Bytes: chosen, more than an Ethernet frame holds."""
HELD_BACK = 6 * TELEPHONE_RATE // 50
"""Bytes that stay in the gateway until more comes: it puts packets of 20 ms in order, and lets the first
five wait; resampling holds part of another."""


class Gateway:
    """One call to a telephone at host and port."""

    def __init__(self, telephone: tuple[str, int]) -> None:
        self._telephone = telephone
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._resampler = av.AudioResampler(
            format="s16",
            layout="mono",
            rate=TELEPHONE_RATE,
        )
        self._encoder = av.CodecContext.create("pcm_mulaw", "w")
        (
            self._encoder.sample_rate,
            self._encoder.layout,
            self._encoder.format,
        ) = TELEPHONE_RATE, "mono", "s16"
        self._number, self._time, self._source = (
            random.randrange(1 << 16),
            0,
            random.randrange(1 << 32),
        )
        self.peer = Peer(self._forward_frame)

    async def _forward_frame(self, frame: av.AudioFrame) -> None:
        for piece in self._resampler.resample(frame):
            for packet in self._encoder.encode(piece):
                header = struct.pack(
                    "!BBHII",
                    0x80,
                    PCMU,
                    self._number & 0xFFFF,
                    self._time & 0xFFFFFFFF,
                    self._source,
                )
                with suppress(OSError):
                    self._socket.sendto(
                        header + bytes(packet), self._telephone
                    )
                self._number += 1
                self._time += piece.samples

    async def end(self) -> None:
        await self.peer.end()
        self._socket.close()


class FarEnd(Protocol):
    """A telephone as the driver uses it."""

    address: tuple[str, int]

    def begin(self) -> None: ...

    def bytes_heard(self, spoken: int, patience: float) -> int: ...

    def close(self) -> None: ...


class Telephone:
    """The far end, for tests and the driver: counts what reaches it, keeps nothing."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self._due = 0
        """Bytes of sound that were sent to it and have not arrived."""

    def begin(self) -> None:
        """A new call."""
        self.bytes_heard(0, 0.0)
        self._due = 0

    def bytes_heard(self, spoken: int, patience: float) -> int:
        """Bytes of sound that arrived since the last call. `spoken` more were sent meanwhile: all but what
        the gateway holds back are waited for, so many seconds at most."""
        self._due += spoken
        found, deadline = 0, time.monotonic() + patience
        while True:
            self._socket.settimeout(
                max(0.0, deadline - time.monotonic())
                if self._due > HELD_BACK
                else 0.0
            )
            try:
                arrived = len(self._socket.recv(LARGEST_PACKET)) - RTP_HEADER
            except (BlockingIOError, TimeoutError):
                break
            found += arrived
            self._due -= arrived
        # What is lost does not come later either.
        self._due = min(self._due, HELD_BACK)
        return found

    def close(self) -> None:
        self._socket.close()
