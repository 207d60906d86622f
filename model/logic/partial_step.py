"""Running a partial monitor over a log, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from earwitness.model.expression import Value
from earwitness.model.logic.partial_monitor import (
    PartialMonitor,
    partial_input_values,
)
from earwitness.model.logic.partial_semantics import Lack, value_or_lack
from earwitness.model.logic.per_device import Key, key_of
from earwitness.model.logic.step import (
    State,
    compiled_step,
    initial_state,
    results_source,
)
from earwitness.model.trace import Observation


@dataclass(frozen=True, slots=True)
class PartialOutcome:
    """What is known of one event: what must be so and what may be so.

    >>> unknown = {"must_hold": False, "may_hold": True}
    >>> tone = {"must_be_exercised": True, "may_be_exercised": True}
    >>> PartialOutcome(**unknown, **tone, pending=False).truth is None
    True
    """

    must_hold: bool
    may_hold: bool
    must_be_exercised: bool
    may_be_exercised: bool
    pending: bool

    @property
    def truth(self) -> bool | None:
        """Whether the clause holds; None where that is not known."""
        return (
            None if self.may_hold and not self.must_hold else self.must_hold
        )


PartialStep = Callable[
    [State, Mapping[str, Value]], tuple[State, PartialOutcome]
]


def generated_partial_step(monitor: PartialMonitor) -> PartialStep:
    """The step function of a partial monitor.

    >>> from earwitness.model.logic.partial_monitor import compile_partial
    >>> from earwitness.model.logic.partial_semantics import LogView
    >>> monitor = compile_partial(PROMISE, IS_TONE, LogView())
    >>> step = generated_partial_step(monitor)
    >>> state, outcome = step(initial_state(monitor), partial_input_values(TONE))
    >>> outcome.truth is None  # the wake word may have been before the log began
    True
    """
    results = (
        monitor.verdict.must,
        monitor.verdict.may,
        monitor.trigger.must,
        monitor.trigger.may,
        monitor.pending,
    )
    source = results_source(monitor.registers, monitor.updates, results)
    step: PartialStep = compiled_step(source, PartialOutcome)
    return step


@dataclass
class SlicedPartialMonitor:
    """A partial monitor for every slice of one device's log, from where the log begins.

    >>> from earwitness.model.logic.partial_monitor import compile_partial
    >>> from earwitness.model.logic.partial_semantics import LogView
    >>> slices = SlicedPartialMonitor(compile_partial(PROMISE, IS_TONE, LogView()), each=("device",))
    >>> slices.begin()
    >>> [(key, outcome)] = slices.feed(WAKE, partial_input_values(WAKE))
    >>> key, outcome.truth
    (('d1',), True)
    """

    monitor: PartialMonitor
    each: tuple[str, ...]
    step: PartialStep = field(init=False)
    start: State = field(init=False)
    live: dict[Key, State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.step = generated_partial_step(self.monitor)
        self.begin()

    def begin(self, first: Observation | None = None) -> None:
        """Forget all, since what comes next may be long after. Where it begins with the device gaining power,
        the device was without power right before, and its states are those that the loss of power gives
        them."""
        self.live = {}
        self.start = initial_state(self.monitor)
        if (
            first is not None
            and first.event == "power"
            and first.attributes.get("on") is True
        ):
            lost = Observation(
                time=first.time,
                device=first.device,
                event="power",
                attributes={"on": False},
                origin=first.origin,
            )
            after, _ = self.step(self.start, partial_input_values(lost))
            self.start = tuple(
                state if register.name in self.monitor.states else initial
                for register, initial, state in zip(
                    self.monitor.registers, self.start, after, strict=True
                )
            )

    def feed(
        self, seen: Observation, values: Mapping[str, Value]
    ) -> list[tuple[Key, PartialOutcome]]:
        """What is known in each slice that the observation concerns; `values` are its
        `partial_input_values`."""
        key = key_of(seen, self.each)
        if key is not None:
            self.live[key], outcome = self.step(
                self.live.get(key, self.start), values
            )
            return [(key, outcome)]
        if self._names_an_unknown_slice(seen):
            self.begin()
            return []
        self.start, _ = self.step(self.start, values)
        outcomes = []
        for name, state in self.live.items():
            self.live[name], outcome = self.step(state, values)
            outcomes.append((name, outcome))
        return outcomes

    def _names_an_unknown_slice(self, seen: Observation) -> bool:
        """Whether the event belongs to one slice, and the log does not say to which."""
        return any(
            value_or_lack(seen, name) is Lack.UNKNOWN
            for name in self.each
            if name != "device"
        )
