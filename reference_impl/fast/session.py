"""The fast reference behind the same protocol."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.wake import Listening
from earwitness.reference_impl.fast.cloud import CloudInProcess, Sent
from earwitness.reference_impl.fast.known_answers import load_answers
from earwitness.reference_impl.fast.media import (
    CountingTelephone,
    make_counting_peer,
)
from earwitness.reference_impl.fast.remembered import (
    RememberedSpeech,
    RememberedWord,
)
from earwitness.reference_impl.faults.variants import session_class
from earwitness.reference_impl.messages import Introduction
from earwitness.reference_impl.session import Session

IN_MEMORY = Path("/dev/shm")
PLACE = IN_MEMORY if IN_MEMORY.is_dir() else None
"""Where a folder costs no disk, on Linux; elsewhere where temporary files are."""
KNOWN = load_answers()
SPEECH = RememberedSpeech(KNOWN.speech)
WITH_MEMORY: dict[type[Device], type[Device]] = {}
"""Shared by all sessions of this process."""


class FastSession(Session):
    """Answers the same requests with the same observations. No traffic can be routed: `take_sent` gives
    it."""

    cloud: CloudInProcess

    def __init__(self, fault: str = "", data: Path | None = None) -> None:
        folder = data
        if folder is None:
            folder = Path(
                tempfile.mkdtemp(prefix="earwitness-reference-", dir=PLACE)
            )
        super().__init__(fault, folder)
        self._kept = data is not None

    def make_telephone(self) -> CountingTelephone:
        return CountingTelephone()

    def start_cloud(self, fault: str) -> CloudInProcess:
        def time_of(device: str) -> int:
            return self.devices[device].now

        return CloudInProcess(
            folder=self.folder / "cloud",
            fault=fault,
            speech=SPEECH,
            time_of=time_of,
        )

    def device_class(self) -> type[Device]:
        """The same device, whose detectors answer from memory."""
        return with_memory(super().device_class())

    def build(self) -> None:
        super().build()
        for device in self.devices.values():
            device.line.make_peer = make_counting_peer

    def introduce_itself(self) -> Introduction:
        entry = super().introduce_itself()
        entry.pop("cloud", None)
        return {
            **entry,
            "capabilities": {**entry["capabilities"], "route": False},
        }

    def take_sent(self) -> list[Sent]:
        """What the devices sent since this was last asked, as a relay would have seen it."""
        return self.cloud.take_sent()


def with_memory(honest: type[Device]) -> type[Device]:
    """The same device, whose detectors answer from memory."""
    if honest not in WITH_MEMORY:
        WITH_MEMORY[honest] = _make_with_memory(honest)
    return WITH_MEMORY[honest]


def _make_with_memory(honest: type[Device]) -> type[Device]:
    def listening(self: Device) -> Listening:
        name = f"{honest.listening.__qualname__} {self.word}"
        return RememberedWord(
            name=name,
            word=self.word,
            make=lambda: honest.listening(self),
            firings=KNOWN.firings,
        )

    members: dict[str, Any] = {
        "listening": listening,
        "__doc__": honest.__doc__,
    }
    return type(
        honest.__name__,
        (honest,),
        members,
    )


@cache
def fast_class(name: str) -> type[FastSession]:
    """The fast session of that name in the zoo; the honest one for an empty name."""
    kind = session_class(name)
    if kind is Session:
        return FastSession
    return type(
        kind.__name__,
        (FastSession, kind),
        {"__doc__": kind.__doc__},
    )
