"""How much a mute by software stops. A target says which level it claims by its capabilities; it is judged at
that level, and the next one is shown."""

from __future__ import annotations

from collections.abc import Mapping

CLAIMS: Mapping[str, str] = {
    "mute_stops_voice": "no voice leaves the process",
    "mute_stops_microphone": "the microphone is not read",
    "mute_cuts_power": "the microphone has no power",
}
"""The capabilities beyond `software_mute` (no request is run), each more than the one before."""


def is_open_claim(capability: str | None) -> bool:
    """Whether a target that lacks the capability merely claims less: it owes nobody a reason."""
    return capability in CLAIMS
