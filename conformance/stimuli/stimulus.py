"""Stimuli: what a test can do to an implementation. A scenario is a sequence of them, kept as JSON; its
schema is `conformance/schemas/scenario.schema.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from earwitness.model.expression import Value
from earwitness.model.vocabulary import nearest

LONGEST_NAME = 200
"""Characters of a name in a scenario: those of the protocol are no longer."""

Name = Annotated[str, Meta(max_length=LONGEST_NAME)]
Count = Annotated[int, Meta(ge=0)]


class DeviceStimulus(
    Struct, frozen=True, tag_field="do", forbid_unknown_fields=True
):
    """Base of all stimuli: each says what is done, and to which device."""

    device: Name


class Say(DeviceStimulus, frozen=True, tag="say"):
    """Play a clip near the device; `clip` names one of `conformance.clips`."""

    clip: Name


class Press(DeviceStimulus, frozen=True, tag="press"):
    """Press a button: microphone or action."""

    button: Name


class Power(DeviceStimulus, frozen=True, tag="power"):
    """Cut the power or restore it."""

    state: Name


class Network(DeviceStimulus, frozen=True, tag="network"):
    """The network of the device goes down or comes up."""

    state: Name


class Shutter(DeviceStimulus, frozen=True, tag="shutter"):
    """Move the shutter of the camera to its other end."""


class SetTone(DeviceStimulus, frozen=True, tag="set"):
    """Turn the audible tone on or off."""

    value: bool


class Choose(DeviceStimulus, frozen=True, tag="choose"):
    """Choose the wake word: one of those that the device names."""

    word: Name


class Kill(DeviceStimulus, frozen=True, tag="kill"):
    """An abrupt restart."""


class HangUp(DeviceStimulus, frozen=True, tag="hang_up"):
    """The other side ends every connection of the device, which may be made again."""


class Wait(DeviceStimulus, frozen=True, tag="wait"):
    """Let time pass in a quiet room."""

    microseconds: Count


class Call(DeviceStimulus, frozen=True, tag="call"):
    """Start a call to another device or to a telephone, or end it. `state` is start or end, `leg` device or
    telephone."""

    state: Name
    leg: Name


METRICS = (
    "device_count",
    "active_devices",
    "top_domains",
    "top_skills",
    "intent_distribution",
    "daily_dialogues",
    "skill_metrics",
    "service_metrics",
)
RESOURCES = (
    "skills",
    "unit",
    "settings",
    *METRICS,
    "own_logs",
    "recordings",
    "transcripts",
)
"""What may be asked for; the metrics among it are counts."""
ROLES = ("organisation", "skill_developer", "operator", "guest")


class Query(DeviceStimulus, frozen=True, tag="query"):
    """Somebody asks for something stored about the device. `actor` is 'ours' for whoever the device belongs
    to, 'theirs' for anybody else."""

    actor: Name
    role: Name
    resource: Name


class Skill(DeviceStimulus, frozen=True, tag="skill"):
    """Enable or disable a skill on the device."""

    state: Name
    skill: Name


class Mute(DeviceStimulus, frozen=True, tag="mute"):
    """The user mutes the device by software, or lifts the mute."""

    on: bool


BEHAVIOURS = (
    "answer",
    "error",
    "silent",
    "drop",
    "late",
    "stranger",
    "second_peer",
)
"""How the other end of a device can behave. `answer` as it should; the rest begins at once: it says that the
request failed, says nothing more, disappears, answers late, disappears and a stranger connects, or a second
client connects beside it."""


class Server(DeviceStimulus, frozen=True, tag="server"):
    """From now on the other end behaves so."""

    behaviour: Name


class During(DeviceStimulus, frozen=True, tag="during"):
    """Play a clip and, so many microseconds after its beginning, do what `then` says, a word of MEANWHILE."""

    clip: Name
    at: Count
    then: Name


Stimulus = (
    Say
    | Press
    | Power
    | Network
    | Shutter
    | SetTone
    | Choose
    | Kill
    | HangUp
    | Wait
    | Call
    | Query
    | Skill
    | Mute
    | Server
    | During
)
Scenario = tuple[Stimulus, ...]

KINDS: Mapping[str, type[Stimulus]] = {
    str(kind.__struct_config__.tag): kind for kind in Stimulus.__args__
}
"""Every stimulus by its word."""
NEEDS: Mapping[str, str | None] = {
    "press": "microphone_button",
    "power": "power",
    "network": "network",
    "shutter": "shutter",
    "set": "tone",
    "choose": "wake_words",
    "kill": "power",
    "hang_up": "route",
    "say": None,
    "wait": None,
    "call": "calls",
    "query": "access",
    "skill": "skills",
    "mute": "software_mute",
    "server": "server",
    "during": "microphone",
}
"""The capability without which a kind of stimulus cannot be given."""

MEANWHILE = ("mute", "kill", *BEHAVIOURS)
"""What can be done while a clip is played."""


def interjection(step: During) -> Mute | Kill | Server:
    """What is done while the clip is played."""
    match step.then:
        case "mute":
            return Mute(step.device, True)
        case "kill":
            return Kill(step.device)
    return Server(step.device, step.then)


def name_of(stimulus: Stimulus) -> str:
    """The word of a stimulus, as `do` gives it."""
    return str(stimulus.__struct_config__.tag)


def to_json(stimulus: Stimulus) -> dict[str, Value]:
    """A stimulus as an object of JSON."""
    entry: dict[str, Value] = msgspec.to_builtins(stimulus)
    return entry


def from_json(entry: object) -> Stimulus:
    """A stimulus from parsed JSON. Raises ValueError saying what is wrong."""
    if not isinstance(entry, dict) or not isinstance(entry.get("do"), str):
        raise ValueError("a stimulus is an object with 'do'")
    kind = KINDS.get(entry["do"])
    if kind is None:
        raise ValueError(
            f"there is no stimulus '{entry['do']}'.{nearest(entry['do'], KINDS)}"
        )
    try:
        stimulus: Stimulus = msgspec.convert(entry, kind)
    except msgspec.ValidationError as error:
        raise ValueError(
            f"'{entry['do']}' needs {', '.join(kind.__struct_fields__)}; {error}"
        ) from None
    _check_words(stimulus)
    return stimulus


def _check_words(stimulus: Stimulus) -> None:
    match stimulus:
        case Server(behaviour=word) if word not in BEHAVIOURS:
            known: tuple[str, ...] = BEHAVIOURS
        case During(then=word) if word not in MEANWHILE:
            known = MEANWHILE
        case _:
            return
    raise ValueError(
        f"a test cannot bring about '{word}'.{nearest(word, known)}"
    )


def needs(stimulus: Stimulus) -> str | None:
    """The capability without which a target cannot be given the stimulus."""
    if isinstance(stimulus, Press) and stimulus.button == "action":
        return "action_button"
    return NEEDS[name_of(stimulus)]
