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
    """Choose the wake word: alexa, amazon, computer or echo."""

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
}
"""The capability without which a kind of stimulus cannot be given."""


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
    return made


def needs(stimulus: Stimulus) -> str | None:
    """The capability without which a target cannot be given the stimulus."""
    if isinstance(stimulus, Press) and stimulus.button == "action":
        return "action_button"
    return NEEDS[name_of(stimulus)]
