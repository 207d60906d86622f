"""Is the target really driven? `control` says in seconds whether it is heard, streamed and answered; `doctor`
compares what it declares with what it does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.run import Run
from earwitness.conformance.stimuli.stimulus import (
    Call,
    Choose,
    Mute,
    Network,
    Power,
    Press,
    Query,
    Say,
    Scenario,
    Server,
    SetTone,
    Shutter,
    Skill,
)
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import (
    TargetOptions,
    open_target,
)
from earwitness.conformance.targets.protocol import DeviceProfile, Target
from earwitness.model.trace import Origin
from earwitness.model.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class ControlResult:
    """`failure` says what did not come of the request, in a sentence; `heard` on whose word the rest is
    known."""

    name: str
    version: str
    devices: Mapping[str, str]
    capabilities: frozenset[str]
    confinement: Confinement
    open_reason: str
    heard: Origin | None
    failure: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CapabilityCheck:
    """One capability of one device. `seen` is None where nothing could tell."""

    device: str
    capability: str
    declared: bool
    seen: bool | None
    remark: str


def control_target(
    name: str, options: TargetOptions | None = None, seed: int = 0
) -> ControlResult:
    """Ask every device of the target for the weather, once. Raises TargetError where it cannot be driven."""
    began = time.monotonic()
    target = open_target(name, options)
    with Harness(target, (), seed) as harness:
        run = harness.run(())
        return ControlResult(
            name=harness.hello.name,
            version=harness.hello.version,
            devices=harness.hello.devices,
            capabilities=frozenset(
                name
                for name, can in harness.hello.capabilities.items()
                if can
            ),
            confinement=target.confinement,
            open_reason=reason_for_level(target),
            heard=run.heard,
            failure=run.dead,
            seconds=time.monotonic() - began,
        )


def reason_for_level(target: Target) -> str:
    """Why the target is not held more firmly, or an empty text."""
    if target.cell is None:
        return "it runs within Earwitness"
    return target.cell.why


def examine_capabilities(
    name: str, options: TargetOptions | None = None
) -> list[CapabilityCheck]:
    """Every capability of every device, declared and seen. Raises TargetError where it cannot be driven."""
    with Harness(open_target(name, options), ()) as harness:
        return [
            check_capability(
                harness=harness,
                device=device,
                profile=profile,
                capability=capability,
            )
            for device, profile in harness.hello.profiles.items()
            for capability in vocabulary().capabilities
        ]


def check_capability(
    harness: Harness, device: str, profile: DeviceProfile, capability: str
) -> CapabilityCheck:
    """Do what the capability is for, and look for what should come of it."""
    declared = capability in profile.capabilities
    if not declared:
        return CapabilityCheck(
            device=device,
            capability=capability,
            declared=declared,
            seen=None,
            remark="not declared, so not tried",
        )
    if capability in SENSES:
        return CapabilityCheck(
            device=device,
            capability=capability,
            declared=declared,
            seen=None,
            remark=SENSES[capability],
        )
    steps, event = exercised_capabilities(device, profile)[capability]
    run = harness.run(steps, controls=False)
    refusals = [reason for reason in run.skipped if reason]
    if refusals:
        return CapabilityCheck(
            device=device,
            capability=capability,
            declared=declared,
            seen=False,
            remark=refusals[0],
        )
    if not reported_events(run, device, event):
        return CapabilityCheck(
            device=device,
            capability=capability,
            declared=declared,
            seen=False,
            remark=f"nothing came of it: no '{event}'",
        )
    return CapabilityCheck(
        device=device,
        capability=capability,
        declared=declared,
        seen=True,
        remark=f"'{event}' came of it",
    )


SENSES = {
    "microphone": "earwitness control shows whether it hears",
    "loudspeaker": "earwitness control shows whether it answers",
    "display": "a check compares its lights with its reports",
    "route": "earwitness control shows whether its sound is seen on the wire",
    "indicator": "a check compares what it shows with what it sends",
    "mute_stops_voice": "tried by a check",
    "mute_stops_microphone": "tried by a check",
    "mute_cuts_power": "tried by a check",
}
"""Capabilities that are ways of looking: what is seen through them is told elsewhere."""


def exercised_capabilities(
    device: str, profile: DeviceProfile
) -> Mapping[str, tuple[Scenario, str]]:
    """For each capability the shortest way to use it, and the event that must come of it."""
    # Whoever declares these and names none is asked for what most have.
    words = profile.wake_words or ("alexa",)
    skills = profile.skills or ("weather",)
    muted = Press(device, "microphone")
    return {
        "microphone_button": ((muted, muted), "microphone.power"),
        "action_button": (
            (Press(device, "action"), Say(device, "quiet")),
            "stream.open",
        ),
        "camera": ((Say(device, "quiet"),), "camera.captured"),
        "shutter": ((Shutter(device), Shutter(device)), "shutter"),
        "screen": ((muted, muted), "screen"),
        "tone": ((SetTone(device, True), Say(device, "weather")), "tone"),
        "power": (
            (Power(device, "cut"), Power(device, "restore")),
            "microphone.power",
        ),
        "network": (
            (Network(device, "down"), Network(device, "up")),
            "network",
        ),
        "follow_up": ((Say(device, "question"),), "stream.open"),
        "calls": (
            (Call(device, "start", "device"), Call(device, "end", "device")),
            "call.start",
        ),
        "access": (
            (
                Query(
                    device=device,
                    actor="ours",
                    role="organisation",
                    resource="settings",
                ),
            ),
            "access",
        ),
        "skills": ((Skill(device, "enable", skills[0]),), "skill.enable"),
        "wake_words": ((Choose(device, words[-1]),), "setting.wake_word"),
        "software_mute": ((Mute(device, True), Mute(device, False)), "mute"),
        "server": (
            (Server(device, "drop"), Server(device, "answer")),
            "server.behaviour",
        ),
    }


def reported_events(run: Run, device: str, event: str) -> bool:
    """Whether the event was observed on the device."""
    return any(
        seen.event == event and seen.device == device for seen in run.trace
    )


def capability_text(name: str, checks: list[CapabilityCheck]) -> str:
    """A capability file for `earwitness gate`: what was seen, and a line to complete for what is lacking."""
    seen = sorted(
        {c.capability for c in checks if c.declared and c.seen is not False}
    )
    lacking = [
        capability
        for capability in vocabulary().capabilities
        if capability not in seen
    ]
    lines = [
        f"# What {name} can do, as earwitness doctor saw it.",
        f"has: [{', '.join(seen)}]",
        "# A profile asks for a reason for the rest: say why, and take the # away.",
        "# refuses:",
        *(
            f"#   {capability}: why the product lacks it"
            for capability in lacking
        ),
    ]
    return "\n".join(lines) + "\n"
