"""One end of a call: WebRTC media (DTLS-SRTP) by aiortc, on loopback only."""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aioice.ice
import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import (
    AudioStreamTrack,
    MediaStreamError,
    MediaStreamTrack,
)

from earwitness.reference_impl.protocol import RATE
from earwitness.reference_impl.sound import Samples

FRAME = RATE // 50
"""Samples of one packet: 20 ms."""
SENDING = 0.5
"""Seconds of real time the packets of one piece of sound may take to leave."""
PATIENCE = 10.0
"""Seconds until a call that does not connect is given up."""

# aioice leaves loopback out and would use every other address of the machine.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class Voice(AudioStreamTrack):  # type: ignore[misc]  # aiortc has no types
    """What the microphone hears, in packets, as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._frames: asyncio.Queue[Samples] = asyncio.Queue()
        self._at = 0

    def put(self, heard: Samples) -> None:
        for begin in range(0, len(heard) - FRAME + 1, FRAME):
            self._frames.put_nowait(heard[begin : begin + FRAME])

    async def recv(self) -> av.AudioFrame:
        samples = await self._frames.get()
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples).reshape(1, -1),
            format="s16",
            layout="mono",
        )
        frame.sample_rate, frame.pts, frame.time_base = (
            RATE,
            self._at,
            fractions.Fraction(1, RATE),
        )
        self._at += len(samples)
        return frame


class Peer:
    """Offers or answers a call. All methods belong on one event loop. `played` is given each frame that
    arrives; nothing of it is kept."""

    def __init__(
        self, played: Callable[[av.AudioFrame], Awaitable[None]] | None = None
    ) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.voice = Voice()
        self._played = played
        self._counted = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._connected = asyncio.Event()
        self.sender = self.connection.addTrack(self.voice)
        self.connection.on("track", self._listen_to)
        self.connection.on("connectionstatechange", self._note_state)

    def _note_state(self) -> None:
        if self.connection.connectionState == "connected":
            self._connected.set()

    def _listen_to(self, track: MediaStreamTrack) -> None:
        task = asyncio.create_task(self._play_track(track))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _play_track(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if self._played is not None:
                    await self._played(frame)

    async def offer(self) -> str:
        await self.connection.setLocalDescription(
            await self.connection.createOffer()
        )
        return str(self.connection.localDescription.sdp)

    async def answer(self, offered: str) -> str:
        await self.connection.setRemoteDescription(
            RTCSessionDescription(offered, "offer")
        )
        await self.connection.setLocalDescription(
            await self.connection.createAnswer()
        )
        return str(self.connection.localDescription.sdp)

    async def accept(self, answered: str) -> None:
        await self.connection.setRemoteDescription(
            RTCSessionDescription(answered, "answer")
        )

    async def connected(self) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            await self._connected.wait()

    @property
    def alive(self) -> bool:
        """Whether the call is being set up, or goes on; not when an end hung up or was lost."""
        return self.connection.connectionState in (
            "new",
            "connecting",
            "connected",
        )

    @property
    def encrypted(self) -> bool:
        """Whether media leaves under keys agreed on by DTLS."""
        transport = self.sender.transport
        return (
            str(transport.state) == "connected"
            and transport._tx_srtp is not None
        )

    async def send_sound(self, heard: Samples) -> int:
        """Send a piece of sound; returns the bytes that left, 0 where none did in time."""
        self.voice.put(heard)
        deadline, total = time.monotonic() + SENDING, 0
        while not total and time.monotonic() < deadline:
            # 5 ms: chosen, a quarter of a packet.
            await asyncio.sleep(0.005)
            total = await self.sent()
        return total

    async def sent(self) -> int:
        """Bytes of media sent since this was last asked."""
        stats = await self.sender.getStats()
        total = next(
            (
                int(s.bytesSent)
                for s in stats.values()
                if s.type == "outbound-rtp"
            ),
            0,
        )
        fresh, self._counted = total - self._counted, total
        return fresh

    async def end(self) -> None:
        await self.connection.close()
        for task in self._tasks:
            task.cancel()


async def make_peer() -> Peer:
    """A peer belongs to the loop on which it is made."""
    return Peer()
