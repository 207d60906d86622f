"""The zoo: every seeded fault, liar and honest variation by name, with what it owes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earwitness.reference_impl.faults.fault_table import FAULTS, INVENTED
from earwitness.reference_impl.faults.liar_table import LIARS
from earwitness.reference_impl.faults.variant import Honest, Variant

HONEST = {
    "late-open": Honest("honest.device", "LateOpen"),
    "chunk-20ms": Honest("honest.device", "Chunk20ms"),
    "sealed-settings": Honest("honest.device", "SealedSettings"),
    "same-instant": Honest("honest.device", "SameInstant"),
    "closes-early": Honest("honest.device", "ClosesEarly"),
    "heartbeat": Honest("honest.device", "Heartbeat"),
    "larger-logs": Honest("honest.device", "LargerLogs"),
    "slow-lights": Honest("honest.device", "SlowLights"),
    "fast-lights": Honest("honest.device", "FastLights"),
    "blue-soon-after": Honest("honest.device", "BlueSoonAfter"),
    "short-pre-roll": Honest("honest.device", "ShortPreRoll"),
    "reconnects-each-turn": Honest("honest.device", "ReconnectsEachTurn"),
    "compresses": Honest("honest.device", "Compresses"),
    "fades-in": Honest("honest.device", "FadesIn"),
    "settings-often": Honest("honest.device", "SettingsOften"),
    "uploads-mu-law": Honest("honest.device", "UploadsMuLaw"),
    "uploads-opus": Honest("honest.device", "UploadsOpus"),
    "high-pass": Honest("honest.device", "HighPass"),
    "uploads-counted": Honest("honest.uploads", "UploadsCounted"),
    "uploads-text": Honest("honest.uploads", "UploadsText"),
    "uploads-stereo": Honest("honest.uploads", "UploadsStereo"),
    "burst-at-the-end": Honest("honest.uploads", "BurstAtTheEnd"),
    "padded-polls": Honest("honest.uploads", "PaddedPolls"),
    "gain-control": Honest("honest.insides", "GainControl"),
    "drifting-clock": Honest("honest.insides", "DriftingClock"),
    "rotating-stores": Honest("honest.insides", "RotatingStores"),
    "punctuation": Honest("honest.cloud", "Punctuation"),
    "sample-sentences": Honest("honest.cloud", "SampleSentences"),
    "counts-in-the-log": Honest("honest.cloud", "CountsInTheLog"),
    "backup": Honest("honest.cloud", "SeparateDatabases"),
    "batched-reports": Honest("honest.session", "BatchedReports"),
    "no-clock-in-replies": Honest("honest.session", "NoClockInReplies"),
}
"""Break no promise."""
VARIANTS: Mapping[str, Variant] = {**FAULTS, **INVENTED, **LIARS, **HONEST}


def _find_variant(name: str, honest: type) -> Any:
    """The class of that name where it replaces the honest one; None where it replaces something else, or
    there is none."""
    variant = VARIANTS.get(name)
    kind = variant.load() if variant is not None else None
    return kind if kind is not None and issubclass(kind, honest) else None


def device_class(name: str) -> Any:
    """The device of that name, or the honest one."""
    from earwitness.reference_impl.device.device import Device

    return _find_variant(name, Device) or Device


def cloud_class(name: str) -> Any:
    """The cloud of that name, or the honest one."""
    from earwitness.reference_impl.cloud.cloud import Cloud

    variant = VARIANTS.get(name)
    return (
        variant.load()
        if variant is not None and variant.part == "cloud"
        else Cloud
    )


def session_class(name: str) -> Any:
    """The session of that name, or the honest one."""
    from earwitness.reference_impl.session import Session

    variant = VARIANTS.get(name)
    if variant is None or variant.part == "cloud":
        return Session
    return _find_variant(name, Session) or Session
