"""Which steps a target can be given at all: what it cannot do is not asked of it."""

from __future__ import annotations

from earwitness.conformance.stimuli.stimulus import (
    Choose,
    Shutter,
    Stimulus,
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
    if isinstance(step, Shutter) and hello.devices[device] != "show":
        return f"{device} has no camera that could be covered"
    words = hello.profiles[device].wake_words
    if isinstance(step, Choose) and words and step.word not in words:
        return f"{device} knows no wake word '{step.word}'"
    return ""
