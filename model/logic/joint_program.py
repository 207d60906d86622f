"""All clauses of a pack in one step: one generated function for each kind of event, registers and patterns
shared.

What an event cannot touch is not in its function at all. Deadlines cost one comparison an event: each slice
keeps the earliest instant at which one of them could be late (`DUE`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from earwitness.model.expression import FALSE, Expression, Sort, Value
from earwitness.model.logic.joint_monitor import (
    DUE,
    FAR_FUTURE,
    LATE,
    DeadlineSlots,
    EventMonitors,
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
from earwitness.model.logic.joint_steps import (
    MOST_SHAPES,
    StepsByValues,
    compile_joint_step,
    step_by_values,
    tellable_names,
)
from earwitness.model.logic.monitor import Monitor
from earwitness.model.logic.per_device import Key, key_of
from earwitness.model.trace import Observation

MOST_PROGRAMS = 1_024
"""Programs kept: one for each pack, and one for each conjunct that is watched alone."""


class JointProgram:
    """The generated steps of a joint monitor, each made when its kind of event first comes.

    >>> program = JointProgram(join_monitors({"promise": MONITOR, "answer": ANSWER}))
    >>> slots = program.first_slots()
    >>> program.step(slots, WAKE)  # exercised and broken, a bit for each
    (2, 0)
    >>> program.pending(slots)  # the answer is awaited
    2
    >>> program.take_late(slots, 9 * SECOND)  # it comes too late
    True
    >>> program.step(slots, LATE_TONE)
    (1, 3)
    >>> program.is_idle("light", {})
    True
    >>> program.make_step(program.calm_steps, "light", ()) is idle_step
    True
    """

    def __init__(self, monitor: JointMonitor) -> None:
        self.monitor = monitor
        self.monitors = EventMonitors(monitor)
        self.of_events: dict[str, JointMonitor] = {}
        self.bits: Counter[DeadlineSlots] = Counter()
        """Which monitors have a deadline, a bit for each."""
        for bit, deadlines in enumerate(monitor.deadlines):
            self.bits.update(dict.fromkeys(deadlines, 1 << bit))
        self.deadlines = tuple(self.bits)
        self.not_missed = {
            slot_register(d.missed, Sort.BOOL).name: FALSE
            for d in self.deadlines
        }
        self.calm_steps: dict[str, dict[tuple[str, ...], JointStep]] = {}
        self.late_steps: dict[str, dict[tuple[str, ...], JointStep]] = {}

    def first_slots(self) -> Slots:
        """The slots of a slice before its first event."""
        return [FAR_FUTURE, 0, *self.monitor.initial]

    def step(self, slots: Slots, seen: Observation) -> tuple[int, int]:
        """Step a slice by one event; which monitors were exercised and which do not hold."""
        time, attributes = seen.time, seen.attributes
        if time > slots[DUE]:
            self.take_late(slots, time)
        steps = self.late_steps if slots[LATE] else self.calm_steps
        try:
            step = steps[seen.event][tuple(attributes)]
        except KeyError:
            step = self.make_step(steps, seen.event, tuple(attributes))
        return step(slots, time, attributes)

    def take_late(self, slots: Slots, time: int) -> bool:
        """Mark the deadlines that are late by now; whether any ever was. One that was late once is not looked
        at again."""
        due = FAR_FUTURE
        for deadline in self.deadlines:
            since = slots[deadline.waiting]
            if since < 0 or slots[deadline.missed]:
                continue
            if since + deadline.duration < time:
                slots[deadline.missed] = True
                slots[LATE] |= self.bits[deadline]
            else:
                due = min(due, since + deadline.duration)
        slots[DUE] = due
        return bool(slots[LATE])

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
            # What is once late stays so, and is slow anyhow.
            is_calm = steps is not self.late_steps
            shapes[usual] = (
                self.fine_step(event, usual)
                if is_calm
                else self.plain_step(event, usual, constants={})
            )
        if len(shapes) < MOST_SHAPES:
            shapes[shape] = shapes[usual]
        return shapes[usual]

    def monitor_at(self, event: str) -> JointMonitor:
        """The monitor as it is at events of this kind.

        >>> program = JointProgram(join_monitors({"answer": ANSWER}))
        >>> program.monitor_at("light") is program.monitor_at("light")
        True
        """
        if event not in self.of_events:
            self.of_events[event] = self.monitors.at(event)
        return self.of_events[event]

    def plain_step(
        self,
        event: str,
        shape: tuple[str, ...],
        constants: Mapping[str, Expression],
        given: Mapping[str, Value] = {},
    ) -> JointStep:
        """The step for events whose attributes have these names, and the given of them these values.

        >>> program = JointProgram(join_monitors({"answer": ANSWER}))
        >>> program.plain_step("light", (), constants=program.not_missed) is idle_step
        True
        """
        source = joint_step_source(
            monitor=self.monitor_at(event),
            event=event,
            shape=shape,
            constants=constants,
            given=given,
        )
        if source == IDLE_SOURCE:
            return idle_step
        return compile_joint_step(source)

    def fine_step(self, event: str, shape: tuple[str, ...]) -> JointStep:
        """The same, with a step of its own for those values of attributes that come often.

        >>> program = JointProgram(join_monitors({"answer": ANSWER}))
        >>> step = program.fine_step("tone", ())
        >>> step(program.first_slots(), 0, {})
        (0, 0)
        """
        plain = self.plain_step(event, shape, self.not_missed)
        names = tellable_names(plain, shape)
        if not names:
            return plain
        steps = StepsByValues(
            plain,
            lambda values: self.plain_step(
                event,
                shape,
                constants=self.not_missed,
                given=dict(zip(names, values, strict=True)),
            ),
        )
        return step_by_values(names, steps)

    def is_idle(self, event: str, attributes: Mapping[str, Value]) -> bool:
        """Whether such an event leaves a slice as it is, and says nothing but that what was late before is
        late."""
        shape = tuple(attributes)
        step = self.calm_steps.get(event, {}).get(shape)
        if step is None:
            step = self.make_step(self.calm_steps, event, shape)
        return step is idle_step and self._is_still(event, shape)

    def _is_still(self, event: str, shape: tuple[str, ...]) -> bool:
        """Whether such an event exercises nothing and changes nothing even where an answer was late."""
        source = joint_step_source(
            monitor=self.monitor_at(event),
            event=event,
            shape=tuple(sorted(shape)),
            constants={},
        )
        return "] = " not in source and "return 0, " in source


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
    """Of each device, an instant up to which no deadline of a slice is late that was not late before."""
    late: dict[str, int] = field(default_factory=dict)
    """The monitors with a late deadline in some slice of each device, a bit for each."""
    passing: dict[tuple[str, tuple[str, ...]], bool] = field(
        default_factory=dict
    )
    """Which events, with these attributes, name no slice and leave all as they are."""

    def feed(
        self, seen: Observation, known: int = 0
    ) -> list[tuple[Key, int, int]]:
        """In each slice that the observation concerns: its key, the monitors exercised and those that do not
        hold, a bit for each. Slices that the event leaves as they are may be missing, also where a monitor
        does not hold of which that is known."""
        device = seen.device
        if len(self.each) == 1:
            return [((device,), *self.feed_device(seen))]
        kind = seen.event, tuple(seen.attributes)
        passes = self.passing.get(kind)
        if passes is None:
            passes = self._passes(seen)
            if len(self.passing) < MOST_SHAPES:
                self.passing[kind] = passes
        if (
            passes
            and seen.time <= self.due.get(device, -1)
            and not self.late[device] & ~known
        ):
            return []
        base = self.base.get(device)
        if base is None:
            base = self.base[device] = self.program.first_slots()
            self.live[device], self.late[device] = {}, 0
            self.due[device] = FAR_FUTURE
        slices = self.live[device]
        key = self._key_of(seen)
        if key is None:
            return self._feed_all(base, slices, seen)
        if key not in slices:
            slices[key] = list(base)
        exercised, broken = self.program.step(slices[key], seen)
        self.due[device] = min(self.due[device], slices[key][DUE])
        self.late[device] |= slices[key][LATE]
        return [(key, exercised, broken)]

    def _key_of(self, seen: Observation) -> Key | None:
        """As `key_of`, sooner for slices by one attribute."""
        if len(self.each) != 2:
            return key_of(seen, self.each)
        value = seen.attributes.get(self.each[1])
        return None if value is None else (seen.device, value)

    def _passes(self, seen: Observation) -> bool:
        return key_of(seen, self.each) is None and self.program.is_idle(
            seen.event, seen.attributes
        )

    def feed_device(self, seen: Observation) -> tuple[int, int]:
        """The same where each device is one slice.

        >>> slices = JointSlices(joint_program(SameMonitors({"answer": ANSWER})), each=("device",))
        >>> slices.feed_device(WAKE)
        (1, 0)
        """
        try:
            base = self.base[seen.device]
        except KeyError:
            base = self.base[seen.device] = self.program.first_slots()
        return self.program.step(base, seen)

    def _feed_all(
        self, base: Slots, slices: Mapping[Key, Slots], seen: Observation
    ) -> list[tuple[Key, int, int]]:
        """Step all slices of a device. It has had thousands of streams after a month, so it is done only
        where some may change."""
        self.program.step(base, seen)
        found = []
        due, late = FAR_FUTURE, 0
        for key, slots in slices.items():
            exercised, broken = self.program.step(slots, seen)
            found.append((key, exercised, broken))
            due = min(due, slots[DUE])
            late |= slots[LATE]
        self.due[seen.device], self.late[seen.device] = due, late
        return found

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
