"""What a session says of itself."""

from __future__ import annotations

from earwitness.reference_impl.device.kinds import SHOW, SPEAKER, DeviceKind
from earwitness.reference_impl.device.screen import (
    RING_REGIONS,
    SCREEN_REGIONS,
    Region,
)

KINDS = {"d1": SPEAKER, "d2": SHOW}
"""The devices of the household, by name."""

CAPABILITIES = (
    "microphone_button",
    "action_button",
    "camera",
    "shutter",
    "screen",
    "tone",
    "power",
    "network",
    "follow_up",
    "route",
    "calls",
    "access",
    "skills",
    "wake_words",
    "microphone",
    "loudspeaker",
    "display",
)
"""What the harness can do to it and see of it, in the words of the protocol."""

VERSION_OF_THE_REFERENCE = "0.2.0"


def regions_of(kind: DeviceKind) -> dict[str, Region]:
    """Where on the front of such a device what is shown."""
    if kind.screen:
        return SCREEN_REGIONS
    return RING_REGIONS
