"""Slices: one instance of a monitor for each device, or for each stream of each device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from earwitness.model.expression import Value
from earwitness.model.logic.monitor import Monitor, input_values
from earwitness.model.logic.step import Outcome, State, Step, generated_step, initial_state
from earwitness.model.trace import Observation

Key = tuple[Value, ...]


def key_of(seen: Observation, each: Sequence[str]) -> Key | None:
    """The slice an observation names, or None where it lacks one of the attributes and so concerns all slices it is compatible with."""
    parts = [seen.device if name == "device" else seen.attributes.get(name) for name in each]
    return None if any(part is None for part in parts) else tuple(part for part in parts if part is not None)


def project(trace: Sequence[Observation], each: Sequence[str], key: Key) -> list[Observation]:
    """The part of a trace that a slice sees: events that name it or lack the attribute (reference semantics of slicing)."""

    def concerns(seen: Observation) -> bool:
        parts = (seen.device if name == "device" else seen.attributes.get(name) for name in each)
        return all(part is None or part == wanted for part, wanted in zip(parts, key, strict=True))

    return [seen for seen in trace if concerns(seen)]


@dataclass
class SlicedMonitor:
    """Runs a monitor on every slice. `each` is ('device',) or ('device', attribute). A slice starts from what its device has seen."""

    monitor: Monitor
    each: tuple[str, ...]
    step: Step = field(init=False)
    base: dict[Value, State] = field(default_factory=dict)
    live: dict[Value, dict[Key, State]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.step = generated_step(self.monitor)

    def feed(self, seen: Observation, event: Mapping[str, Value] | None = None) -> list[tuple[Key, Outcome]]:
        """The outcome in each slice the observation concerns. `event` are its `inputs`, where several monitors share them."""
        event = input_values(seen) if event is None else event
        start = self.base.setdefault(seen.device, initial_state(self.monitor))
        if len(self.each) == 1:
            self.base[seen.device], outcome = self.step(start, event)
            return [((seen.device,), outcome)]
        slices = self.live.setdefault(seen.device, {})
        key = key_of(seen, self.each)
        if key is not None:
            slices[key], outcome = self.step(slices.get(key, start), event)
            return [(key, outcome)]
        self.base[seen.device], _ = self.step(start, event)
        outcomes = []
        for name, state in slices.items():
            slices[name], outcome = self.step(state, event)
            outcomes.append((name, outcome))
        return outcomes
