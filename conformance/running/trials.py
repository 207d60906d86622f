"""Promises about what is possible, tried on the implementation: the button in every state that was reached,
and what an organisation may see and change. Pure functions of what was observed and answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from earwitness.conformance.gate.verdict import Verdict, weakest
from earwitness.conformance.running.judgement import Trial
from earwitness.conformance.stimuli.stimulus import (
    Choose,
    Query,
    SetTone,
    Skill,
    Stimulus,
)
from earwitness.model.trace import Observation, Origin

Journal = Sequence[tuple[Stimulus, Any]]
OWN_VIEW = ("settings", "skills", "unit")
"""What an organisation can see and control of its own devices (FAQ 7), and nobody else of them."""


@dataclass(frozen=True, slots=True)
class TriedPress:
    """A press of the microphone button while the microphones were on: what the device was doing, and on whose
    word it is known that the microphones lost power in time (None: they did not)."""

    activity: str
    answered: Origin | None


@dataclass
class _Watched:
    """What a device is doing, from its own events."""

    microphone: bool = False
    streaming: bool = False
    calling: bool = False
    online: bool = True
    asked: bool = False

    @property
    def activity(self) -> str:
        if not self.online:
            return "offline"
        if self.calling:
            return "in a call"
        if self.streaming:
            return "streaming"
        return "waiting for an answer" if self.asked else "idle"


def try_button(traces: Iterable[Sequence[Observation]], within: int) -> Trial:
    """From every state that was reached the button turns the microphones off. `within` is the bound in
    microseconds."""
    presses: list[TriedPress] = []
    visited: set[str] = set()
    for trace in traces:
        for device in {seen.device for seen in trace}:
            own = [seen for seen in trace if seen.device == device]
            presses += _presses_in(own, within, visited)
    failed = [press.activity for press in presses if press.answered is None]
    if failed:
        reason = f"the button did not turn the microphones off while the device was {failed[0]}"
        return Trial(
            verdict=Verdict.VIOLATED,
            evidence=Origin.WITNESSED,
            exercised=len(presses),
            reason=reason,
        )
    untried = visited - {press.activity for press in presses}
    if not presses or untried:
        reason = f"the button was not tried while the device was {', '.join(sorted(untried)) or 'on'}"
        return Trial(
            Verdict.NOT_EXERCISED, exercised=len(presses), reason=reason
        )
    evidence = weakest(
        press.answered for press in presses if press.answered is not None
    )
    return Trial(Verdict.SATISFIED, evidence, len(presses))


def _presses_in(
    own: Sequence[Observation], within: int, visited: set[str]
) -> Iterator[TriedPress]:
    device = _Watched()
    for place, seen in enumerate(own):
        if device.microphone:
            visited.add(device.activity)
        if seen.event == "button.microphone" and device.microphone:
            yield TriedPress(
                device.activity, _turned_off(own[place:], within)
            )
        _note_event(device, seen)


def _turned_off(after: Sequence[Observation], within: int) -> Origin | None:
    until = after[0].time + within
    for seen in after:
        if seen.time > until:
            return None
        if (
            seen.event in ("microphone.power", "power")
            and seen.attributes["on"] is False
        ):
            return seen.origin
    # The run ended first, so nothing can be said against the device.
    return Origin.WITNESSED


def _note_event(device: _Watched, seen: Observation) -> None:
    match seen.event:
        case "power":
            device.microphone = device.streaming = device.calling = (
                device.asked
            ) = False
        case "microphone.power":
            device.microphone = seen.attributes["on"] is True
        case "network":
            device.online = seen.attributes["on"] is True
        case "stream.open":
            device.streaming, device.asked = True, False
        case "stream.close":
            device.streaming = False
        case "skill.response":
            device.asked = seen.attributes.get("follow_up") is True
        case "call.start" | "call.end":
            device.calling = seen.event == "call.start"


@dataclass
class _Controls:
    """What was set for a device, and what was answered under each setting."""

    tone: bool = False
    word: str = ""
    disabled: frozenset[str] = frozenset()
    answers: dict[tuple[str, object], object] = field(default_factory=dict)


def try_controls(
    journals: Iterable[Journal], first_words: Mapping[str, str]
) -> Trial:
    """The organisation sees its devices' skills, unit and settings, what it changes is changed, and nobody
    else's organisation sees it. `first_words` gives the wake word each device has when it is new."""
    looks = 0
    faults: list[str] = []
    for journal in journals:
        controls: dict[str, _Controls] = {}
        for step, data in journal:
            known = controls.setdefault(
                step.device, _Controls(word=first_words.get(step.device, ""))
            )
            if (
                isinstance(step, Query)
                and step.role == "organisation"
                and step.resource in OWN_VIEW
            ):
                looks += 1
                faults += _faults_of_look(step, data, known)
            _note_control(known, step)
        faults += [
            fault
            for known in controls.values()
            for fault in _unchanged_controls(known)
        ]
    if faults:
        return Trial(
            verdict=Verdict.VIOLATED,
            evidence=Origin.WITNESSED,
            exercised=looks,
            reason=faults[0],
        )
    if not looks:
        return Trial(
            Verdict.NOT_EXERCISED,
            reason="nobody asked for settings, skills or the unit",
        )
    return Trial(Verdict.SATISFIED, Origin.WITNESSED, looks)


def _faults_of_look(
    look: Query, data: Any, known: _Controls
) -> Iterator[str]:
    if look.actor != "ours":
        if data not in (None, [], {}, ""):
            yield f"another organisation can see the {look.resource} of {look.device}"
        return
    if data is None:
        yield f"the organisation cannot see the {look.resource} of its own device {look.device}"
        return
    state = {
        "settings": (known.tone, known.word),
        "skills": known.disabled,
    }.get(look.resource, ())
    before = known.answers.setdefault((look.resource, state), data)
    if before != data:
        yield f"the {look.resource} of {look.device} are answered in two ways though nobody changed them"


def _note_control(known: _Controls, step: Stimulus) -> None:
    match step:
        case SetTone(_, value):
            known.tone = value
        case Choose(_, word):
            known.word = word
        case Skill(_, "disable", skill):
            known.disabled |= {skill}
        case Skill(_, "enable", skill):
            known.disabled -= {skill}


def _unchanged_controls(known: _Controls) -> Iterator[str]:
    """Controls that changed nothing: two states with one answer."""
    for resource in ("settings", "skills"):
        answers = [
            str(data)
            for (kind, _), data in known.answers.items()
            if kind == resource
        ]
        if len(set(answers)) < len(answers):
            yield f"what the organisation changes in the {resource} is not changed"
