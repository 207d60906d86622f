"""What the harness itself brings about with a step: events that need nobody's word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from earwitness.conformance.stimuli.stimulus import (
    Call,
    Choose,
    Kill,
    Mute,
    Network,
    Power,
    Press,
    Query,
    Server,
    SetTone,
    Shutter,
    Skill,
    Stimulus,
)
from earwitness.conformance.targets.protocol import DeviceProfile
from earwitness.conformance.targets.subjects.serving import AWAY
from earwitness.model.expression import Value

NEEDED: Mapping[str, frozenset[str]] = {
    "organisation": frozenset(
        {
            "skills",
            "unit",
            "settings",
            "device_count",
            "active_devices",
            "top_domains",
            "top_skills",
            "intent_distribution",
            "daily_dialogues",
        }
    ),
    "skill_developer": frozenset({"skill_metrics", "own_logs"}),
    "operator": frozenset({"service_metrics"}),
}
"""What each role needs for its work (FAQ 7 and 8 of the paper), of the parties it works for."""
Event = tuple[str, dict[str, Value]]

ENOUGH_REQUESTS = 2
"""Requests that must come to nothing before a mute counts as one that works: a detector misses a word now and
then."""


@dataclass
class DeviceState:
    """What the harness knows of a device because it did it, and where the device's clock is, in
    microseconds."""

    profile: DeviceProfile
    clock: int = 0
    declared: int = 0
    """The latest time the device itself reported."""
    powered: bool = False
    networked: bool = True
    muted: bool = False
    software_muted: bool = False
    asked_in_mute: int = 0
    """Requests in a row during the mute of which no voice came."""
    behaviour: str = "answer"
    """Of the other end."""
    tone: bool = False
    shutter_closed: bool = False
    calling: bool = False
    word: str = ""
    answered: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.word = self.first_word

    @property
    def first_word(self) -> str:
        """The wake word a device listens for when it is new."""
        return (
            self.profile.wake_words[0] if self.profile.wake_words else "alexa"
        )

    @property
    def is_mute_untested(self) -> bool:
        """Whether it is muted, and nobody has seen yet that this stops anything."""
        return self.software_muted and self.asked_in_mute < ENOUGH_REQUESTS

    @property
    def reachable(self) -> bool:
        """Whether what its organisation decides can come to it."""
        return self.powered and self.networked


def deeds_of(stimulus: Stimulus, state: DeviceState) -> Iterator[Event]:
    """The events a step brings about that was carried out, given how the device was before it."""
    if state.is_mute_untested and _may_lift_mute(stimulus, state):
        yield "mute.untested", {}
    match stimulus:
        case Power(_, "restore") if not state.powered:
            yield "power", {"on": True, "kind": state.profile.kind}
            yield "setting.wake_word", {"word": _known_word(state.word)}
        case Power(_, "cut") if state.powered:
            yield "power", {"on": False, "kind": state.profile.kind}
        case Kill() if state.powered:
            yield "power", {"on": False, "kind": state.profile.kind}
            yield "power", {"on": True, "kind": state.profile.kind}
            yield "setting.wake_word", {"word": _known_word(state.word)}
        case Network(_, to) if (to == "up") is not state.networked:
            yield "network", {"on": to == "up"}
        case Press(_, button) if state.powered:
            yield f"button.{button}", {}
        case Shutter():
            yield "shutter", {"closed": not state.shutter_closed}
        case SetTone(_, value):
            yield "setting.tone", {"on": value}
        case Choose(_, word):
            yield "setting.wake_word", {"word": _known_word(word)}
        case Call(_, "start", leg):
            yield "call.start", {"leg": leg}
        case Call(_, "end", _) if state.calling:
            yield "call.end", {}
        case Skill(_, "enable", skill):
            refused = skill in state.profile.refused_skills
            yield "skill.enable", {"skill": skill, "certified": not refused}
        case Mute(_, on):
            yield "mute", {"on": on, "by": "user", "level": "software"}
        case Server(_, behaviour):
            yield from _change_of_server(behaviour, state.behaviour)


def _may_lift_mute(stimulus: Stimulus, state: DeviceState) -> bool:
    """Whether it restarts the device or its server, or lets somebody else in."""
    match stimulus:
        case Power(_, "restore") | Kill():
            return True
        case Server(_, behaviour):
            returns = state.behaviour in AWAY and behaviour not in AWAY
            return returns or behaviour == "second_peer"
    return False


def _change_of_server(now: str, before: str) -> Iterator[Event]:
    """It goes before anybody else comes, and it is back before it does anything."""
    if now in AWAY and before not in AWAY:
        yield "server", {"on": False}
    if before in AWAY and now not in AWAY:
        yield "server", {"on": True}
    yield "server.behaviour", {"behaviour": now}


def note_request(state: DeviceState, *, was_muted: bool, sent: bool) -> None:
    """Somebody asked for something; `was_muted` says whether the device was when they began, `sent` whether
    voice was sent."""
    if sent:
        state.asked_in_mute = 0
    elif was_muted and state.powered and state.behaviour not in AWAY:
        state.asked_in_mute += 1


def access_of(
    query: Query,
    data: object,
    *,
    says_denied: bool,
    holds_words: bool,
    holds_sound: bool = False,
) -> Event:
    """What an answer to a question shows, whatever was said of the decision: something given after a denial
    was permitted. Words of the test in it are transcripts, whatever they are called; `needed` is by the
    paper, and never for those to whom the device does not belong."""
    resource = "transcripts" if holds_words else query.resource
    resource = "recordings" if holds_sound else resource
    empty = data is None or (says_denied and data in ([], {}, "", 0, False))
    given = holds_words or holds_sound or not empty
    needed = query.actor == "ours" and resource in NEEDED.get(
        query.role, frozenset()
    )
    return "access", {
        "actor": query.actor,
        "owner": "ours",
        "role": query.role,
        "resource": resource,
        "needed": needed,
        "decision": "permit" if given else "deny",
    }


def update(state: DeviceState, stimulus: Stimulus) -> None:
    """What a step that was carried out changes."""
    match stimulus:
        case Power(_, to):
            state.powered = to == "restore"
        case Kill():
            state.powered = True
        case Network(_, to):
            state.networked = to == "up"
        case Shutter():
            state.shutter_closed = not state.shutter_closed
        case SetTone(_, value):
            state.tone = value
        case Choose(_, word):
            state.word = word
        case Call(_, to, _):
            state.calling = to == "start"
        case Mute(_, on):
            state.software_muted, state.asked_in_mute = on, 0
        case Server(_, behaviour):
            state.behaviour = behaviour
    if not state.reachable:
        state.calling = False


def _known_word(word: str) -> str:
    """The word as the vocabulary names it: one of the paper's four, or another."""
    return (
        word if word in ("alexa", "amazon", "computer", "echo") else "other"
    )
