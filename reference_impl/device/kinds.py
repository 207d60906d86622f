"""The kinds of devices, and what they are doing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Control(Enum):
    IDLE = "idle"
    LISTENING = "listening"
    STREAMING = "streaming"
    WAITING = "waiting"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class DeviceKind:
    """What hardware a device has."""

    name: str
    screen: bool
    camera: bool


SPEAKER, SHOW = (
    DeviceKind("speaker", False, False),
    DeviceKind("show", True, True),
)
