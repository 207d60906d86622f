"""Slices: one instance of a monitor for each device, or for each stream of each device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from earwitness.model.expression import Value
from earwitness.model.logic.monitor import Monitor, input_values
from earwitness.model.logic.step import (
    State,
    Step,
    StepOutcome,
    generated_step,
    initial_state,
)
from earwitness.model.trace import Observation

Key = tuple[Value, ...]


def slice_names(
    seen: Observation, each: Sequence[str]
) -> tuple[Value | None, ...]:
    """What the observation says of each name in `each`; None where it says nothing.

    >>> slice_names(WAKE, ("device", "stream"))
    ('d1', None)
    """
    return tuple(
        seen.device if name == "device" else seen.attributes.get(name)
        for name in each
    )


def key_of(seen: Observation, each: Sequence[str]) -> Key | None:
    """The slice an observation names, or None where it lacks one of the attributes and so concerns all slices
    it is compatible with.

    >>> key_of(WAKE, ("device",)), key_of(WAKE, ("device", "stream"))
    (('d1',), None)
    """
    names = slice_names(seen, each)
    key = tuple(name for name in names if name is not None)
    return key if len(key) == len(names) else None


def project(
    trace: Sequence[Observation], each: Sequence[str], key: Key
) -> list[Observation]:
    """The part of a trace that a slice sees: events that name it or lack the attribute (reference semantics
    of slicing).

    >>> trace = [Observation(0, "d1", "tick"), Observation(1, "d1", "stream.close", {"stream": 2})]
    >>> [seen.event for seen in project(trace, ["device", "stream"], ("d1", 1))]
    ['tick']
    """
    return [seen for seen in trace if _concerns_slice(seen, each, key)]


def _concerns_slice(seen: Observation, each: Sequence[str], key: Key) -> bool:
    names = slice_names(seen, each)
    return all(
        name is None or name == wanted
        for name, wanted in zip(names, key, strict=True)
    )


@dataclass
class SlicedMonitor:
    """A monitor for every slice. Slices that no event has named yet share one base state per device.

    An event that lacks an attribute of `each` steps every live slice of its device. A slice begins as a copy
    of the base state, which has seen exactly the events that concern all slices.

    >>> slices = SlicedMonitor(MONITOR, each=("device",))
    >>> [outcome.holds for seen in LOG for _, outcome in slices.feed(seen)]
    [True, True, False]
    """

    monitor: Monitor
    each: tuple[str, ...]
    step: Step = field(init=False)
    base: dict[Value, State] = field(default_factory=dict)
    live: dict[Value, dict[Key, State]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.step = generated_step(self.monitor)

    def feed(
        self, seen: Observation, event: Mapping[str, Value] | None = None
    ) -> list[tuple[Key, StepOutcome]]:
        """The outcome in each slice the observation concerns. `event` are its `input_values`, where several
        monitors share them."""
        values = input_values(seen) if event is None else event
        device = seen.device
        start = self.base.setdefault(device, initial_state(self.monitor))
        if len(self.each) == 1:
            self.base[device], outcome = self.step(start, values)
            return [((device,), outcome)]
        slices = self.live.setdefault(device, {})
        key = key_of(seen, self.each)
        if key is not None:
            return [
                (
                    key,
                    self._advance_slice(
                        slices=slices, key=key, start=start, values=values
                    ),
                )
            ]
        self.base[device], _ = self.step(start, values)
        return [
            (
                name,
                self._advance_slice(
                    slices=slices, key=name, start=start, values=values
                ),
            )
            for name in slices
        ]

    def _advance_slice(
        self,
        slices: dict[Key, State],
        key: Key,
        start: State,
        values: Mapping[str, Value],
    ) -> StepOutcome:
        slices[key], outcome = self.step(slices.get(key, start), values)
        return outcome
