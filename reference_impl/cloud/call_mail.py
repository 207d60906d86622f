"""The cloud's part in calls: it carries signed descriptions from device to device, and opens the gateway to
telephones. It never has a call's keys between devices, and keeps nothing of any call."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from earwitness.reference_impl.calls.gateway import Gateway

WAITING = 4
"""Descriptions held for one device, in memory."""
Letter = dict[str, Any]


class CallMail:
    """Mail between devices and gateways, by device. `loop` is where media runs; call the methods from
    another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._mail: dict[str, deque[Letter]] = {}
        self._gateways: dict[str, Gateway] = {}

    def put(self, letter: Letter) -> Letter:
        self._mail.setdefault(
            str(letter["to"]), deque(maxlen=WAITING)
        ).append(self.carried(letter))
        return {"ok": True}

    def carried(self, letter: Letter) -> Letter:
        """What is handed on of a letter: all of it, unchanged."""
        return {
            "from": letter["from"],
            "text": letter["text"],
            "signature": letter["signature"],
        }

    def take(self, device: str) -> Letter:
        waiting = self._mail.get(device)
        return waiting.popleft() if waiting else {}

    def telephone(
        self, device: str, offered: str, address: tuple[str, int]
    ) -> Letter:
        """Open the gateway to a telephone and return its description."""
        self.end(device)

        async def opened() -> tuple[Gateway, str]:
            gateway = Gateway(address)
            return gateway, await gateway.peer.answer(offered)

        gateway, answer = asyncio.run_coroutine_threadsafe(
            opened(), self._loop
        ).result(20)
        self._gateways[device] = gateway
        return {"sdp": answer}

    def end(self, device: str) -> Letter:
        gateway = self._gateways.pop(device, None)
        if gateway is not None:
            asyncio.run_coroutine_threadsafe(
                gateway.end(), self._loop
            ).result(20)
        return {"ok": True}

    def clear(self) -> None:
        self._mail.clear()
        for device in list(self._gateways):
            self.end(device)
