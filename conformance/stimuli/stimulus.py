"""Stimuli: what a test can do to an implementation. A scenario is a sequence of them, kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from earwitness.model.vocabulary import nearest


@dataclass(frozen=True, slots=True)
class Say:
    """Play a clip near the device; `clip` names one of `conformance.clips`."""

    device: str
    clip: str


@dataclass(frozen=True, slots=True)
class Press:
    device: str
    button: str


@dataclass(frozen=True, slots=True)
class Power:
    device: str
    state: str


@dataclass(frozen=True, slots=True)
class Network:
    device: str
    state: str


@dataclass(frozen=True, slots=True)
class Shutter:
    device: str


@dataclass(frozen=True, slots=True)
class SetTone:
    device: str
    value: bool


@dataclass(frozen=True, slots=True)
class Choose:
    """Choose the wake word: one of those that the device names."""

    device: str
    word: str


@dataclass(frozen=True, slots=True)
class Kill:
    device: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """The other side ends every connection of the device, which may be made again."""

    device: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass in a quiet room."""

    device: str
    microseconds: int


@dataclass(frozen=True, slots=True)
class Call:
    """Start a call to another device or to a telephone, or end it. `state` is start or end, `leg` device or
    telephone."""

    device: str
    state: str
    leg: str


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


@dataclass(frozen=True, slots=True)
class Query:
    """Somebody asks for something stored about the device. `actor` is 'ours' for whoever the device belongs
    to, 'theirs' for anybody else."""

    device: str
    actor: str
    role: str
    resource: str


@dataclass(frozen=True, slots=True)
class Skill:
    """Enable or disable a skill on the device."""

    device: str
    state: str
    skill: str


@dataclass(frozen=True, slots=True)
class Mute:
    """The user mutes the device by software, or lifts the mute."""

    device: str
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


@dataclass(frozen=True, slots=True)
class Server:
    """From now on the other end behaves so."""

    device: str
    behaviour: str


@dataclass(frozen=True, slots=True)
class During:
    """Play a clip and, so many microseconds after its beginning, do what `then` says, a word of MEANWHILE."""

    device: str
    clip: str
    at: int
    then: str


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

KINDS: Mapping[str, type[Any]] = {
    "say": Say,
    "press": Press,
    "power": Power,
    "network": Network,
    "shutter": Shutter,
    "set": SetTone,
    "choose": Choose,
    "kill": Kill,
    "hang_up": HangUp,
    "wait": Wait,
    "call": Call,
    "query": Query,
    "skill": Skill,
    "mute": Mute,
    "server": Server,
    "during": During,
}
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
    return next(
        name for name, kind in KINDS.items() if type(stimulus) is kind
    )


def to_json(stimulus: Stimulus) -> dict[str, Any]:
    return {"do": name_of(stimulus), **asdict(stimulus)}


def from_json(entry: object) -> Stimulus:
    """A stimulus from parsed JSON. Raises ValueError saying what is wrong."""
    if not isinstance(entry, dict) or not isinstance(entry.get("do"), str):
        raise ValueError("a stimulus is an object with 'do'")
    kind = KINDS.get(entry["do"])
    if kind is None:
        raise ValueError(
            f"there is no stimulus '{entry['do']}'.{nearest(entry['do'], KINDS)}"
        )
    fields = {k: v for k, v in entry.items() if k != "do"}
    declared = {name: f.type for name, f in kind.__dataclass_fields__.items()}
    if set(fields) != set(declared) or not all(
        type(v).__name__ == declared[k] for k, v in fields.items()
    ):
        raise ValueError(
            f"'{entry['do']}' needs {', '.join(kind.__dataclass_fields__)}"
        )
    made: Stimulus = kind(**fields)
    _check_words(made)
    return made


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
