"""The cloud's part in calls: it carries signed descriptions from device to device, and opens the gateway to
telephones. It never has a call's keys between devices, and keeps nothing of any call."""

from __future__ import annotations

import asyncio
from collections import deque

from earwitness.reference_impl.calls.gateway import Gateway
from earwitness.reference_impl.messages import (
    CloudReply,
    CloudRequest,
    Letter,
)

WAITING = 4
"""Descriptions held for one device, in memory."""


class CallMail:
    """Mail between devices and gateways, by device. `loop` is where media runs; call the methods from
    another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._mail: dict[str, deque[Letter]] = {}
        self._gateways: dict[str, Gateway] = {}

    def put(self, letter: CloudRequest) -> CloudReply:
        self._mail.setdefault(
            str(letter["to"]), deque(maxlen=WAITING)
        ).append(self.carried(letter))
        return {"ok": True}

    def carried(self, letter: CloudRequest) -> Letter:
        """What is handed on of a letter: all of it, unchanged."""
        return {
            "from": letter["from"],
            "text": letter["text"],
            "signature": letter["signature"],
        }

    def take(self, device: str) -> CloudReply:
        waiting = self._mail.get(device)
        if not waiting:
            return {}
        letter = waiting.popleft()
        return {
            "from": letter["from"],
            "text": letter["text"],
            "signature": letter["signature"],
        }

    def telephone(
        self, device: str, offered: str, address: tuple[str, int]
    ) -> CloudReply:
        """Open the gateway to a telephone and return its description."""
        self.end(device)

        async def opened() -> tuple[Gateway, str]:
            gateway = Gateway(address)
            return gateway, await gateway.peer.answer(offered)

        gateway, answer = asyncio.run_coroutine_threadsafe(
            opened(),
            self._loop,
            # 20 s: chosen, longer than a handshake takes on a loaded machine.
        ).result(20)
        self._gateways[device] = gateway
        return {"sdp": answer}

    def end(self, device: str) -> CloudReply:
        gateway = self._gateways.pop(device, None)
        if gateway is not None:
            asyncio.run_coroutine_threadsafe(
                gateway.end(),
                self._loop,
                # The same.
            ).result(20)
        return {"ok": True}

    def clear(self) -> None:
        self._mail.clear()
        for device in list(self._gateways):
            self.end(device)
