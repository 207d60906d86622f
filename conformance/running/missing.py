"""What a run lacked to put a promise to the test: the events that never came, and the step that brings each
about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from earwitness.conformance.running.atoms import matches
from earwitness.model.logic.english import describe_formula
from earwitness.model.logic.formula import (
    And,
    Deadline,
    Event,
    Formula,
    Latch,
    Literal,
    Once,
    Or,
    Previously,
    Since,
)
from earwitness.model.trace import Observation

REQUEST = "say a request that begins with the wake word"
STEPS = {
    "power": "cut the power or give it back",
    "network": "cut the network or give it back",
    "shutter": "move the shutter",
    "button.microphone": "press the microphone button",
    "button.action": "press the action button",
    "microphone.power": "press the microphone button",
    "camera.power": "press the microphone button",
    "setting.tone": "turn the tone on or off",
    "setting.wake_word": "choose another wake word",
    "call.start": "start a call",
    "call.media": "talk in a call",
    "call.end": "end a call",
    "skill.enable": "enable a skill",
    "access": "ask for what is stored",
    "speech": "speak beside the device",
    "wake_word": REQUEST,
    "stream.open": REQUEST,
    "stream.audio": REQUEST,
    "stream.close": REQUEST,
    "request.processed": REQUEST,
    "asr.result": REQUEST,
    "nlu.intent": REQUEST,
    "skill.request": REQUEST,
    "skill.response": REQUEST,
    "tts.audio": REQUEST,
}
"""What a test does to bring an event about, or to make an honest device bring it about."""
CAUSES = {
    "action_button": STEPS["button.action"],
    "follow_up": "say a request that is answered with a question",
}
"""The same where a stream must have that cause."""


def happened_among(
    wanted: Iterable[Event], trace: Iterable[Observation]
) -> frozenset[Event]:
    """Those of the wanted events that happened."""
    awaited: dict[str, list[Event]] = defaultdict(list)
    for atom in wanted:
        awaited[atom.name].append(atom)
    happened: list[Event] = []
    for seen in trace:
        left = awaited.get(seen.event)
        if not left:
            continue
        came = [atom for atom in left if matches(atom, seen)]
        if came:
            happened += came
            awaited[seen.event] = [atom for atom in left if atom not in came]
    return frozenset(happened)


def missing_events(
    trigger: Formula, happened: Collection[Event]
) -> tuple[Event, ...]:
    """Of what must have happened for the trigger to hold, what never did."""
    return tuple(dict.fromkeys(_missing_events(trigger, happened)))


def _missing_events(
    formula: Formula, happened: Collection[Event]
) -> Iterator[Event]:
    match formula:
        case Event():
            if formula not in happened:
                yield formula
        case And(left, right):
            yield from _missing_events(left, happened)
            yield from _missing_events(right, happened)
        case Or(left, right):
            ways = [
                tuple(_missing_events(each, happened))
                for each in (left, right)
            ]
            yield from min(ways, key=len)
        case Once(_, operand) | Previously(_, operand):
            yield from _missing_events(operand, happened)
        case Since(_, _, right):
            yield from _missing_events(right, happened)
        case Deadline(_, _, trigger):
            yield from _missing_events(trigger, happened)
        case Latch(_, value, patterns):
            for other, pattern in patterns:
                if other == value:
                    yield from _missing_events(pattern, happened)


def describe_missing(trigger: Formula, missing: Iterable[Event]) -> str:
    """Why nothing put a promise to the test, with the steps that would."""
    parts = [describe_formula(event) + _step_for(event) for event in missing]
    lacking = "; ".join(parts) or "its parts never came together"
    return f"it did not happen in any run: {describe_formula(trigger)}. Missing: {lacking}"


def _step_for(event: Event) -> str:
    """The step that brings an event about, in brackets; empty where no step is known to."""
    causes = [
        CAUSES[str(condition.right.value)]
        for condition in event.conditions
        if isinstance(condition.right, Literal)
        and str(condition.right.value) in CAUSES
    ]
    step = causes[0] if causes else STEPS.get(event.name, "")
    return f" ({step})" if step else ""
