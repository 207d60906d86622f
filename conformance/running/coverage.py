"""What a trace visits: every event with its closed attributes, while each state of its device was what. The
search is steered to where nobody has been."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from earwitness.model.expression import Value
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary

Item = tuple[str, str, str]
"""The event as it was, the name of a state and its value."""


def items_of(trace: Sequence[Observation]) -> set[Item]:
    """Every item that a trace visits, devices apart."""
    states: dict[str, dict[str, str]] = {}
    found: set[Item] = set()
    for seen in trace:
        state = states.setdefault(seen.device, {})
        name = describe_event(seen)
        found |= {
            (name, variable, value) for variable, value in state.items()
        }
        found.add((name, "", ""))
        state |= dict(_changes_in(seen))
    return found


def describe_event(seen: Observation) -> str:
    """The event with those of its attributes that have few values.

    >>> from earwitness.model.vocabulary import Microseconds
    >>> describe_event(Observation(Microseconds(0), "d1", "light", {"color": "red", "on": True}))
    'light color=red on=True'
    """
    shown = [
        f"{name}={seen.attributes[name]}"
        for name in _closed_attributes(seen.event)
        if name in seen.attributes
    ]
    return " ".join([seen.event, *shown])


@cache
def _closed_attributes(event: str) -> tuple[str, ...]:
    known = vocabulary()
    names = known.events[event].attributes
    return tuple(
        name
        for name in names
        if known.attributes[name].choices or _is_truth(name)
    )


def _is_truth(name: str) -> bool:
    return vocabulary().attributes[name].sort.value == "boolean"


SWITCHES = {
    "power": "power",
    "network": "network",
    "microphone.power": "microphone",
    "camera.power": "camera",
    "setting.tone": "tone",
}
"""Events whose attribute `on` is a state of the device."""


def _changes_in(seen: Observation) -> Iterator[tuple[str, str]]:
    attributes: dict[str, Value] = dict(seen.attributes)
    match seen.event:
        case "light" | "screen":
            shown = attributes.get("color", attributes.get("symbol"))
            yield f"{seen.event} {shown}", str(attributes.get("on"))
        case "stream.open" | "stream.close":
            yield "stream", str(attributes.get("cause", "closed"))
        case "call.start" | "call.end":
            yield "call", str(attributes.get("leg", "none"))
        case "skill.response":
            yield "asked", str(attributes.get("follow_up"))
        case "shutter":
            yield "shutter", str(attributes.get("closed"))
        case "setting.wake_word":
            yield "word", str(attributes.get("word"))
        case name if name in SWITCHES:
            yield SWITCHES[name], str(attributes.get("on"))
