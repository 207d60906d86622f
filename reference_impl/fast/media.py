"""Calls without packets: the two ends agree as real ones do, and count what they would send."""

from __future__ import annotations

import asyncio
from typing import Any

from earwitness.reference_impl.calls.gateway import HELD_BACK
from earwitness.reference_impl.calls.peer import Peer
from earwitness.reference_impl.cloud.call_mail import CallMail
from earwitness.reference_impl.messages import CloudReply
from earwitness.reference_impl.protocol import RATE
from earwitness.reference_impl.sound import Samples

BYTES_A_PACKET = 3
"""Of Opus for 20 ms of a quiet room, as aiortc sends it."""


class CountingPeer(Peer):
    """One end of a call that is connected as soon as both descriptions are there."""

    def __init__(self) -> None:
        self._alive = True

    async def offer(self) -> str:
        return "offer"

    async def answer(self, offered: str) -> str:
        return "answer"

    async def accept(self, answered: str) -> None: ...

    async def connected(self) -> None: ...

    @property
    def alive(self) -> bool:
        return self._alive

    @property
    def encrypted(self) -> bool:
        return True

    async def send_sound(self, heard: Samples) -> int:
        # 50 packets a second, of 20 ms each.
        return len(heard) * 50 // RATE * BYTES_A_PACKET

    async def end(self) -> None:
        self._alive = False


async def make_counting_peer() -> Peer:
    return CountingPeer()


class CountingMail(CallMail):
    """Opens no gateway: a telephone is whoever counts."""

    def __init__(self) -> None:
        super().__init__(asyncio.new_event_loop())

    def telephone(
        self, device: str, offered: str, address: Any
    ) -> CloudReply:
        return {"sdp": "answer"}

    def end(self, device: str) -> CloudReply:
        return {"ok": True}


class CountingTelephone:
    """The far end: of what is spoken, all but what a gateway holds back has arrived."""

    address = ("127.0.0.1", 0)

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self._spoken = 0
        self._told = 0

    def bytes_heard(self, spoken: int, patience: float) -> int:
        self._spoken += spoken
        arrived = max(0, self._spoken - HELD_BACK - self._told)
        self._told += arrived
        return arrived

    def close(self) -> None: ...
