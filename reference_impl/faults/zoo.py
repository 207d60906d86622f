"""The zoo: every seeded fault by name, with the clause it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """`part` is `device` or `cloud`; `kind` the class in that module that replaces the honest one."""

    clause: str
    part: str
    kind: str


FAULTS = {
    "streams-when-muted": Fault("MIC-3", "device", "StreamsWhenMuted"),
    "sends-buffer-early": Fault("WAKE-1", "device", "SendsBufferEarly"),
    "pre-roll-too-long": Fault("WAKE-4", "device", "PreRollTooLong"),
    "red-light-stuck": Fault("MIC-4", "device", "RedLightStuck"),
    "blue-light-off-in-follow-up": Fault("IND-1", "device", "BlueLightOffInFollowUp"),
    "stream-left-open": Fault("STR-1", "device", "StreamLeftOpen"),
    "plain-text-transport": Fault("STR-2", "device", "PlainTextTransport"),
    "recording-on-disk": Fault("RET-1", "device", "RecordingOnDisk"),
    "recording-in-log": Fault("RET-1", "device", "RecordingInLog"),
    "keeps-all-hypotheses": Fault("ASR-2", "cloud", "KeepsAllHypotheses"),
    "second-wake-word": Fault("WAKE-3", "device", "SecondWakeWord"),
    "mute-lost-on-restart": Fault("BASE-1", "device", "MuteLostOnRestart"),
    "indicator-late": Fault("IND-2", "device", "IndicatorLate"),
    "tone-missing": Fault("IND-3", "device", "ToneMissing"),
    "gives-skill-the-recording": Fault("SKL-1", "cloud", "GivesSkillTheRecording"),
    "queues-when-offline": Fault("BASE-2", "device", "QueuesWhenOffline"),
}


def _class(name: str, part: str, honest: str) -> Any:
    fault = FAULTS.get(name)
    if fault is not None and fault.part == part:
        return getattr(import_module(f"earwitness.reference_impl.faults.{part}"), fault.kind)
    return getattr(import_module(f"earwitness.reference_impl.{part}.{part}"), honest)


def device_class(name: str) -> Any:
    """The device with that fault, or the honest one."""
    return _class(name, "device", "Device")


def cloud_class(name: str) -> Any:
    """The cloud with that fault, or the honest one."""
    return _class(name, "cloud", "Cloud")
