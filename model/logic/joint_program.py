"""All clauses of a pack in one step: one generated function for each kind of event, registers and patterns
shared.

What an event cannot touch is not in its function at all. Deadlines cost one comparison an event: each slice
keeps the earliest instant at which one of them could be late (`DUE`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from earwitness.model.expression import FALSE, Sort, Value
from earwitness.model.logic.joint_monitor import (
    ALWAYS_LATE,
    DUE,
    FAR_FUTURE,
    JointMonitor,
    join_monitors,
    slot_register,
)
from earwitness.model.logic.joint_source import (
    IDLE_SOURCE,
    JointStep,
    Slots,
    idle_step,
    joint_step_source,
)
from earwitness.model.logic.monitor import Monitor
from earwitness.model.logic.per_device import Key, key_of
from earwitness.model.trace import Observation

MOST_SHAPES = 1_000
"""Orders of attributes whose function is found without sorting; a stranger's log could have any number of
them."""
MOST_PROGRAMS = 1_024
"""Programs kept: one for each pack, and one for each conjunct that is watched alone."""


class JointProgram:
    """The generated steps of a joint monitor, each made when its kind of event first comes.

    >>> program = JointProgram(join_monitors({"promise": MONITOR, "answer": ANSWER}))
    >>> slots = program.first_slots()
    >>> program.step(slots, SECOND, "wake_word", {"word": "alexa"})  # exercised and broken, a bit for each
    (2, 0)
    >>> program.pending(slots)  # the answer is awaited
    2
    >>> program.take_late(slots, 9 * SECOND)  # it comes too late
    True
    >>> program.step(slots, 9 * SECOND, "tone", {})
    (1, 3)
    >>> program.is_idle("light", {})
    True
    >>> program.make_step(program.calm_steps, "light", ()) is idle_step
    True
    """

    def __init__(self, monitor: JointMonitor) -> None:
        self.monitor = monitor
        self.deadlines = tuple(
            dict.fromkeys(d for part in monitor.deadlines for d in part)
        )
        self.not_missed = {
            slot_register(d.missed, Sort.BOOL).name: FALSE
            for d in self.deadlines
        }
        self.calm_steps: dict[str, dict[tuple[str, ...], JointStep]] = {}
        self.late_steps: dict[str, dict[tuple[str, ...], JointStep]] = {}

    def first_slots(self) -> Slots:
        """The slots of a slice before its first event."""
        return [FAR_FUTURE, *self.monitor.initial]

    def step(
        self,
        slots: Slots,
        time: int,
        event: str,
        attributes: Mapping[str, Value],
    ) -> tuple[int, int]:
        """Step a slice by one event; which monitors were exercised and which do not hold."""
        steps = self.calm_steps
        if time > slots[DUE] and self.take_late(slots, time):
            steps = self.late_steps
        shape = tuple(attributes)
        try:
            step = steps[event][shape]
        except KeyError:
            step = self.make_step(steps, event, shape)
        return step(slots, time, attributes)

    def take_late(self, slots: Slots, time: int) -> bool:
        """Mark the deadlines that are late by now; whether any ever was."""
        is_late = False
        due = FAR_FUTURE
        for deadline in self.deadlines:
            since = slots[deadline.waiting]
            if since >= 0 and since + deadline.duration < time:
                slots[deadline.missed] = True
            elif since >= 0:
                due = min(due, since + deadline.duration)
            is_late = is_late or slots[deadline.missed]
        slots[DUE] = ALWAYS_LATE if is_late else due
        return is_late

    def pending(self, slots: Slots) -> int:
        """The monitors with a deadline that is open, a bit for each."""
        return sum(
            1 << bit
            for bit, deadlines in enumerate(self.monitor.deadlines)
            if any(slots[deadline.waiting] >= 0 for deadline in deadlines)
        )

    def make_step(
        self,
        steps: dict[str, dict[tuple[str, ...], JointStep]],
        event: str,
        shape: tuple[str, ...],
    ) -> JointStep:
        """The step for events with these attributes, kept under the order in which they came."""
        shapes = steps.setdefault(event, {})
        usual = tuple(sorted(shape))
        if usual not in shapes:
            never_late = {} if steps is self.late_steps else self.not_missed
            source = joint_step_source(
                monitor=self.monitor,
                event=event,
                shape=usual,
                constants=never_late,
            )
            shapes[usual] = (
                idle_step
                if source == IDLE_SOURCE
                else compile_joint_step(source)
            )
        if len(shapes) < MOST_SHAPES:
            shapes[shape] = shapes[usual]
        return shapes[usual]

    def is_idle(self, event: str, attributes: Mapping[str, Value]) -> bool:
        """Whether such an event leaves a slice as it is, and says nothing, unless a deadline is late."""
        shape = tuple(attributes)
        step = self.calm_steps.get(event, {}).get(shape)
        if step is None:
            step = self.make_step(self.calm_steps, event, shape)
        return step is idle_step


def compile_joint_step(source: str) -> JointStep:
    """The function `step` of a source.

    >>> step = compile_joint_step(IDLE_SOURCE)
    >>> step([], 0, {})  # no monitor was exercised, and none is broken
    (0, 0)
    """
    space: dict[str, Any] = {}
    exec(compile(source, "<joint step>", "exec"), space)
    step: JointStep = space["step"]
    return step


class SameMonitors:
    """Monitors as a key: the same objects under the same names.

    >>> SameMonitors({"one": MONITOR}) == SameMonitors({"one": MONITOR})
    True
    >>> SameMonitors({"one": MONITOR}) == SameMonitors({"one": ANSWER})
    False
    """

    def __init__(self, monitors: Mapping[str, Monitor]) -> None:
        self.monitors = dict(monitors)
        self.identity = tuple(
            (name, id(monitor)) for name, monitor in monitors.items()
        )

    def __hash__(self) -> int:
        return hash(self.identity)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, SameMonitors)
            and self.identity == other.identity
        )


@lru_cache(maxsize=MOST_PROGRAMS)
def joint_program(monitors: SameMonitors) -> JointProgram:
    """The program of these monitors, made once: thousands of runs are watched by the same clauses.

    >>> joint_program(SameMonitors({"one": MONITOR})) is joint_program(SameMonitors({"one": MONITOR}))
    True
    """
    return JointProgram(join_monitors(monitors.monitors))


@dataclass
class JointSlices:
    """A joint program on every slice, as `SlicedMonitor` has one monitor.

    >>> slices = JointSlices(joint_program(SameMonitors({"answer": ANSWER})), each=("device",))
    >>> slices.feed(WAKE)
    [(('d1',), 1, 0)]
    >>> slices.pending(), len(slices.all_slots())
    (1, 1)
    >>> slices.feed(TONE)
    [(('d1',), 0, 0)]
    >>> slices.longest_waits()  # one second
    [[1000000]]
    """

    program: JointProgram
    each: tuple[str, ...]
    base: dict[str, Slots] = field(default_factory=dict)
    live: dict[str, dict[Key, Slots]] = field(default_factory=dict)
    due: dict[str, int] = field(default_factory=dict)
    """Of each device, an instant up to which no deadline of a slice is late."""

    def feed(self, seen: Observation) -> list[tuple[Key, int, int]]:
        """In each slice that the observation concerns: its key, the monitors exercised and those that do not
        hold, a bit for each. Slices that the event leaves as they are may be missing."""
        base = self.base.get(seen.device)
        if base is None:
            base = self.base[seen.device] = self.program.first_slots()
        if len(self.each) == 1:
            exercised, broken = self._step_slots(base, seen)
            return [((seen.device,), exercised, broken)]
        slices = self.live.setdefault(seen.device, {})
        key = key_of(seen, self.each)
        if key is None:
            return self._feed_all(base, slices, seen)
        if key not in slices:
            slices[key] = list(base)
        exercised, broken = self._step_slots(slices[key], seen)
        self.due[seen.device] = min(
            self.due.get(seen.device, FAR_FUTURE), slices[key][DUE]
        )
        return [(key, exercised, broken)]

    def _feed_all(
        self, base: Slots, slices: Mapping[Key, Slots], seen: Observation
    ) -> list[tuple[Key, int, int]]:
        """Step all slices of a device, unless the event is idle and nothing can be late: a device has had
        thousands of streams after a month."""
        is_on_time = seen.time <= self.due.get(seen.device, FAR_FUTURE)
        if is_on_time and self.program.is_idle(seen.event, seen.attributes):
            return []
        self._step_slots(base, seen)
        found = []
        for key, slots in slices.items():
            exercised, broken = self._step_slots(slots, seen)
            found.append((key, exercised, broken))
        self.due[seen.device] = min(
            (slots[DUE] for slots in slices.values()), default=FAR_FUTURE
        )
        return found

    def _step_slots(self, slots: Slots, seen: Observation) -> tuple[int, int]:
        return self.program.step(
            slots=slots,
            time=seen.time,
            event=seen.event,
            attributes=seen.attributes,
        )

    def all_slots(self) -> list[Slots]:
        """The slots of every slice."""
        if len(self.each) == 1:
            return list(self.base.values())
        return [
            slots
            for slices in self.live.values()
            for slots in slices.values()
        ]

    def pending(self) -> int:
        """The monitors with an open deadline in some slice, a bit for each."""
        found = 0
        for slots in self.all_slots():
            found |= self.program.pending(slots)
        return found

    def longest_waits(self) -> list[list[int]]:
        """For each monitor, and each of its deadlines, the longest that an answer took; -1 before any."""
        return [
            [
                max(
                    (slots[d.longest] for slots in self.all_slots()),
                    default=-1,
                )
                for d in deadlines
            ]
            for deadlines in self.program.monitor.deadlines
        ]
