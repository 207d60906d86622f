"""Pictures as Mermaid text, which browsers, editors and code hosts draw: the states of a component, and what happened in a run."""

from __future__ import annotations

from collections.abc import Iterable

from earwitness.model.systems.state_machine import drawn_edges, drawn_states
from earwitness.model.systems.transition_system import System, Table
from earwitness.model.trace import Observation

LANES = ("person", "device", "cloud", "stores")
LANE_OF = {
    "speech": ("person", "device"), "button.microphone": ("person", "device"), "button.action": ("person", "device"),
    "shutter": ("person", "device"), "stream.open": ("device", "cloud"), "stream.audio": ("device", "cloud"), "stream.close": ("device", "cloud"),
    "asr.result": ("cloud", "cloud"), "nlu.intent": ("cloud", "cloud"), "skill.request": ("cloud", "cloud"), "skill.response": ("cloud", "cloud"),
    "skill.enable": ("person", "cloud"), "metric": ("cloud", "stores"), "access": ("person", "stores"), "call.media": ("device", "cloud"),
    "request.processed": ("cloud", "device"), "tts.audio": ("device", "person"), "tone": ("device", "person"), "light": ("device", "person"),
    "screen": ("device", "person"), "record.write": ("cloud", "stores"), "record.found": ("stores", "person"), "record.delete": ("cloud", "stores"),
}  # fmt: skip
"""From whom to whom an event goes; one that is not named here happens inside the device."""


def states_diagram(part: Table, system: System) -> str:
    """The states of a component and what joins them; transitions between the same two states share a line."""
    joined: dict[tuple[str, str], list[str]] = {}
    for edge in drawn_edges(part, system):
        joined.setdefault((edge.source, edge.target), []).append(edge.name)
    lines = ["stateDiagram-v2", *(f"    {name}" for name in drawn_states(part))]
    lines += [f"    {source} --> {target}: {', '.join(names)}" for (source, target), names in joined.items()]
    return "\n".join(lines) + "\n"


def sequence_diagram(trace: Iterable[Observation]) -> str:
    """A run as messages between a person, the device, the cloud and its stores."""
    lines = ["sequenceDiagram", *(f"    participant {lane}" for lane in LANES)]
    for seen in trace:
        source, target = LANE_OF.get(seen.event, ("device", "device"))
        lines.append(f"    {source}->>{target}: {seen.time / 1_000_000:.6g} s {event_in_words(seen)}")
    return "\n".join(lines) + "\n"


def event_in_words(seen: Observation) -> str:
    """An event with its attributes, in one line."""
    values = ", ".join(
        f"{name} = {str(value).lower() if isinstance(value, bool) else value}"
        for name, value in seen.attributes.items()
    )
    return f"{seen.event}({values})" if values else seen.event
