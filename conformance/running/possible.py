"""Which steps a target can be given at all: what it cannot do is not asked of it."""

from __future__ import annotations

from earwitness.conformance.stimuli.stimulus import (
    Choose,
    During,
    Shutter,
    Stimulus,
    interjection,
    needs,
)
from earwitness.conformance.targets.protocol import Hello


def impossible(step: Stimulus, hello: Hello) -> str:
    """Why a target cannot be given the step; '' where it can."""
    device = step.device
    if device not in hello.devices:
        return f"the target has no device {device}"
    needed = needs(step)
    if needed is not None and not hello.can(device, needed):
        return f"{device} has no capability '{needed}'"
    if isinstance(step, During):
        return impossible(interjection(step), hello)
    if isinstance(step, Shutter) and hello.devices[device] != "show":
        return f"{device} has no camera that could be covered"
    words = hello.profiles[device].wake_words
    if isinstance(step, Choose) and words and step.word not in words:
        return f"{device} knows no wake word '{step.word}'"
    return ""


def is_served(hello: Hello) -> bool:
    """Whether the target can be muted by software, or has a server of its own that can be told how to behave:
    then its time is mostly real, and each run takes seconds."""
    names = ("server", "software_mute")
    return any(hello.capabilities.get(name, False) for name in names)
