"""Pictures as Mermaid text, which browsers, editors and code hosts draw: the states of a component, and
what happened in a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from earwitness.model.expression import Value
from earwitness.model.systems.state_machine import drawn_edges, drawn_states
from earwitness.model.systems.transition_system import System, Table
from earwitness.model.trace import Observation

FAR_SIDE = "cloud"
"""The lane of the other end of the device's connection; a report may have another word for it."""
LANES = ("person", "device", FAR_SIDE, "stores")
LANE_OF: Mapping[str, tuple[str, str]] = {
    "speech": ("person", "device"),
    "button.microphone": ("person", "device"),
    "button.action": ("person", "device"),
    "shutter": ("person", "device"),
    "stream.open": ("device", "cloud"),
    "stream.audio": ("device", "cloud"),
    "stream.close": ("device", "cloud"),
    "server": ("cloud", "cloud"),
    "server.behaviour": ("cloud", "cloud"),
    "asr.result": ("cloud", "cloud"),
    "nlu.intent": ("cloud", "cloud"),
    "skill.request": ("cloud", "cloud"),
    "skill.response": ("cloud", "cloud"),
    "skill.enable": ("person", "cloud"),
    "metric": ("cloud", "stores"),
    "access": ("person", "stores"),
    "call.media": ("device", "cloud"),
    "request.processed": ("cloud", "device"),
    "tts.audio": ("device", "person"),
    "tone": ("device", "person"),
    "light": ("device", "person"),
    "screen": ("device", "person"),
    "record.write": ("cloud", "stores"),
    "record.found": ("stores", "person"),
    "record.delete": ("cloud", "stores"),
}
"""From whom to whom an event of the vocabulary goes; one that is not named here happens inside the
device."""


def states_diagram(table: Table, system: System) -> str:
    """The states of a component and what joins them; transitions between the same two states share a
    line.

    >>> print(states_diagram(MICROPHONE_TABLE, MICROPHONE_SYSTEM).strip())
    stateDiagram-v2
        off
        on
        off --> on: switch
        on --> off: switch
    """
    joined: dict[tuple[str, str], list[str]] = {}
    for edge in drawn_edges(table, system):
        ends = (edge.source, edge.target)
        joined.setdefault(ends, []).append(edge.name)
    lines = [
        "stateDiagram-v2",
        *(f"    {name}" for name in drawn_states(table)),
    ]
    for (source, target), names in joined.items():
        lines.append(f"    {source} --> {target}: {', '.join(names)}")
    return "\n".join(lines) + "\n"


def sequence_diagram(trace: Iterable[Observation]) -> str:
    """A run as messages between a person, the device, the cloud and its stores.

    >>> print(sequence_diagram([Observation(1_500_000, "d1", "tone")]).splitlines()[-1].strip())
    device->>person: 1.5 s tone
    """
    lines = [
        "sequenceDiagram",
        *(f"    participant {lane}" for lane in LANES),
    ]
    for seen in trace:
        source, target = LANE_OF.get(seen.event, ("device", "device"))
        seconds = f"{seen.time / 1_000_000:.6g} s"
        lines.append(
            f"    {source}->>{target}: {seconds} {event_in_words(seen)}"
        )
    return "\n".join(lines) + "\n"


def event_in_words(seen: Observation) -> str:
    """An event with its attributes, in one line: `light(color = blue, on = true)`.

    >>> event_in_words(Observation(0, "d1", "microphone.power", {"on": True}))
    'microphone.power(on = true)'
    """
    values = ", ".join(
        f"{name} = {_value_in_words(value)}"
        for name, value in seen.attributes.items()
    )
    return f"{seen.event}({values})" if values else seen.event


def _value_in_words(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
