"""All clauses of a pack in one step: one generated function for each kind of event, registers and patterns
shared.

What an event cannot touch is not in its function at all. Deadlines cost one comparison an event: each slice
keeps the earliest instant at which one of them could be late (`DUE`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from earwitness.model.expression import (
    FALSE,
    TRUE,
    Apply,
    Const,
    Expression,
    Operator,
    Sort,
    Value,
    Var,
    choice,
    less,
    negation,
    substitute,
    variables,
)
from earwitness.model.logic.monitor import DEFAULT, Monitor
from earwitness.model.logic.per_device import Key, key_of
from earwitness.model.logic.step import SharedSource
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary

DUE = 0
"""The slot with the instant after which some deadline of the slice may be late."""
FIRST_REGISTER = 1
FAR_FUTURE = 1 << 63
"""Later than any time an observation can have."""
ALWAYS_LATE = -1
"""In DUE once an answer was late: from then on every event takes the slow path."""
MOST_SHAPES = 1_000
"""Orders of attributes whose function is found without sorting; a stranger's log could have any number of
them."""

MOST_PROGRAMS = 1_024
"""Programs kept: one for each pack, and one for each conjunct that is watched alone."""

Slots = list[Any]
JointStep = Callable[[Slots, int, Mapping[str, Value]], tuple[int, int]]
"""Steps the slots by an event at a time with attributes; returns which monitors were exercised and which do
not hold, a bit for each."""


@dataclass(frozen=True, slots=True)
class DeadlineSlots:
    """The slots of a deadline, and how long an answer may take."""

    waiting: int
    missed: int
    longest: int
    duration: int


@dataclass(frozen=True, slots=True)
class JointMonitor:
    """Monitors with the same slices, their registers brought together: equal ones are one. Registers are in
    the order of their slots; `deadlines` are those of each monitor."""

    names: tuple[str, ...]
    initial: tuple[Value, ...]
    updates: tuple[Expression, ...]
    verdicts: tuple[Expression, ...]
    triggers: tuple[Expression, ...]
    deadlines: tuple[tuple[DeadlineSlots, ...], ...]


def join_monitors(monitors: Mapping[str, Monitor]) -> JointMonitor:
    """One monitor that says what each of them says."""
    joiner = _Joiner()
    parts = [joiner.add(monitor) for monitor in monitors.values()]
    return JointMonitor(
        names=tuple(monitors),
        initial=tuple(joiner.initial),
        updates=tuple(joiner.updates),
        verdicts=tuple(part.verdict for part in parts),
        triggers=tuple(part.trigger for part in parts),
        deadlines=tuple(part.deadlines for part in parts),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    verdict: Expression
    trigger: Expression
    deadlines: tuple[DeadlineSlots, ...]


SELF = Var("self", Sort.INT)
"""A register's own name in the key by which equal registers are found."""


@dataclass
class _Joiner:
    """Registers of all monitors by what they hold: first content and update, both in joint registers."""

    initial: list[Value] = field(default_factory=list)
    updates: list[Expression] = field(default_factory=list)
    places: dict[tuple[Sort, Value, Expression], Var] = field(
        default_factory=dict
    )

    def add(self, monitor: Monitor) -> _Part:
        joint: dict[str, Expression] = {}
        by_name = {register.name: register for register in monitor.registers}

        def place(name: str) -> Expression:
            """The joint register; those that its update reads are placed first."""
            if name in joint:
                return joint[name]
            register, update = by_name[name], monitor.updates[name]
            for other in sorted(
                v.name
                for v in variables(update)
                if v.name in by_name and v.name != name
            ):
                place(other)
            key = (
                register.sort,
                register.initial,
                substitute(
                    update,
                    {**joint, name: SELF},
                ),
            )
            if key not in self.places:
                self.places[key] = self.new_register(
                    register.sort,
                    register.initial,
                )
                own = self.places[key]
                self.updates[slot_of(own) - FIRST_REGISTER] = substitute(
                    update,
                    {**joint, name: own},
                )
            joint[name] = self.places[key]
            return joint[name]

        for register in monitor.registers:
            place(register.name)
        late = {
            substitute(
                monitor.updates[wait.missed],
                joint,
            ): joint[wait.missed]
            for wait in monitor.waits
        }
        deadlines = [
            DeadlineSlots(
                waiting=slot_of(joint[wait.waiting]),
                missed=slot_of(joint[wait.missed]),
                longest=slot_of(
                    self.longest(substitute(wait.elapsed, joint))
                ),
                duration=wait.deadline.duration,
            )
            for wait in monitor.waits
        ]
        for deadline in deadlines:
            # Late answers are marked before the step, so the step itself leaves the mark as it is.
            self.updates[deadline.missed - FIRST_REGISTER] = slot_register(
                deadline.missed,
                Sort.BOOL,
            )
        self.updates = [
            replace_parts(
                update,
                late,
            )
            for update in self.updates
        ]
        return _Part(
            verdict=replace_parts(substitute(monitor.verdict, joint), late),
            trigger=replace_parts(substitute(monitor.trigger, joint), late),
            deadlines=tuple(deadlines),
        )

    def new_register(self, sort: Sort, initial: Value) -> Var:
        register = slot_register(
            len(self.initial) + FIRST_REGISTER,
            sort,
        )
        self.initial.append(initial)
        self.updates.append(register)
        return register

    def longest(self, elapsed: Expression) -> Expression:
        """A register with the longest time that an answer took."""
        key = (
            Sort.INT,
            -1,
            choice(
                less(SELF, elapsed),
                elapsed,
                SELF,
            ),
        )
        if key not in self.places:
            own = self.places[key] = self.new_register(
                Sort.INT,
                -1,
            )
            self.updates[slot_of(own) - FIRST_REGISTER] = choice(
                less(own, elapsed),
                elapsed,
                own,
            )
        return self.places[key]


def slot_register(slot: int, sort: Sort) -> Var:
    """The register in a slot, by the name that it has in generated code."""
    return Var(f"s[{slot}]", sort)


def slot_of(register: Expression) -> int:
    """The slot of a joint register."""
    assert isinstance(register, Var)
    return int(register.name[2:-1])


def replace_parts(
    expression: Expression, others: Mapping[Expression, Expression]
) -> Expression:
    """The expression with whole parts replaced, all of them operations."""
    if not others:
        return expression
    # To look an expression up costs as much as it is large.
    operators = {
        whole.operator for whole in others if isinstance(whole, Apply)
    }

    def replaced(part: Expression) -> Expression:
        if not isinstance(part, Apply):
            return part
        if part.operator in operators and part in others:
            return others[part]
        return Apply(part.operator, tuple(map(replaced, part.arguments)))

    return replaced(expression)


class JointProgram:
    """The generated steps of a joint monitor, each made when its kind of event first comes."""

    def __init__(self, monitor: JointMonitor) -> None:
        self.monitor = monitor
        self.deadlines = tuple(
            dict.fromkeys(d for part in monitor.deadlines for d in part)
        )
        self.not_missed = {
            slot_register(
                d.missed,
                Sort.BOOL,
            ).name: FALSE
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


IDLE_SOURCE = """def step(s, t, a):
    v = 0
    x = 0
    return x, v
"""
"""The step of an event that touches nothing."""


def idle_step(
    slots: Slots, time: int, attributes: Mapping[str, Value]
) -> tuple[int, int]:
    """As IDLE_SOURCE: one function for all of them, so that they can be told."""
    return 0, 0


def compile_joint_step(source: str) -> JointStep:
    """The function `step` of a source."""
    space: dict[str, Any] = {}
    exec(compile(source, "<joint step>", "exec"), space)
    step: JointStep = space["step"]
    return step


def joint_step_source(
    monitor: JointMonitor,
    event: str,
    shape: Sequence[str],
    constants: Mapping[str, Expression],
) -> str:
    """Python source of `step(s, t, a)` for one kind of event with the given attributes: what such an event
    cannot touch is left out. `constants` are registers whose content is certain."""
    bindings = {**constants, **event_bindings(event, shape)}

    def specialised(expression: Expression) -> Expression:
        return simplified(substitute(expression, bindings))

    numbered = enumerate(monitor.updates, start=FIRST_REGISTER)
    updates = {
        slot: specialised(update)
        for slot, update in numbered
        if not is_register(
            update,
            slot,
        )
    }
    changed = {
        slot: update
        for slot, update in updates.items()
        if not is_register(
            update,
            slot,
        )
    }
    broken = _bits_by_expression(monitor.verdicts, specialised, TRUE)
    exercised = _bits_by_expression(monitor.triggers, specialised, FALSE)
    wanted = [
        *changed.values(),
        *broken,
        *exercised,
    ]
    sharing = SharedSource(wanted, lambda name: name)
    contents = {
        slot: sharing.source_of(update) for slot, update in changed.items()
    }
    violations = _mask_source(
        mask="v", tests=broken, line="if not ({}): v |= {}", sharing=sharing
    )
    exercises = _mask_source(
        mask="x", tests=exercised, line="if {}: x |= {}", sharing=sharing
    )
    attributes = sorted(
        {v.name for e in wanted for v in variables(e)}
        & {f"its_{name}" for name in shape}
    )
    lines = [
        *(
            f"{name} = a[{name.removeprefix('its_')!r}]"
            for name in attributes
        ),
        *sharing.lines,
        *violations,
        *exercises,
        *(f"n{slot} = {content}" for slot, content in contents.items()),
        *(f"s[{slot}] = n{slot}" for slot in contents),
        *_due_source(monitor, contents),
        "return x, v",
    ]
    return "\n".join(
        [
            "def step(s, t, a):",
            *(f"    {line}" for line in lines),
            "",
        ]
    )


def event_bindings(event: str, shape: Sequence[str]) -> dict[str, Expression]:
    """What is certain of the inputs at such an event; the rest under the names they have in generated
    code."""
    bindings: dict[str, Expression] = {
        "event": Const(event),
        "time": Var(
            "t",
            Sort.INT,
        ),
    }
    for name, attribute in vocabulary().attributes.items():
        is_given = name in shape
        bindings[f"has.{name}"] = Const(is_given)
        given: Expression = Var(f"its_{name}", attribute.sort)
        bindings[f"its.{name}"] = (
            given if is_given else Const(DEFAULT[attribute.sort])
        )
    return bindings


def simplified(expression: Expression) -> Expression:
    """The same with what is plain of registers left out: an instant or a wait that has not come is always -1,
    so `r if 0 <= r else -1` and `-1 if r < -1 else r` are r; and `x = true` is x."""
    if not isinstance(expression, Apply):
        return expression
    match Apply(
        expression.operator, tuple(map(simplified, expression.arguments))
    ):
        case Apply(
            Operator.ITE,
            (
                Apply(Operator.LE, (Const(0), Var() as register)),
                other,
                Const(-1),
            ),
        ):
            if other == register:
                return register
        case Apply(
            Operator.ITE,
            (Apply(Operator.LT, (Var(), Const(-1))), Const(-1), other),
        ):
            return other
        case Apply(Operator.EQ, (operand, Const(bool(value)))):
            return operand if value else negation(operand)
        case simpler:
            return simpler
    return Apply(
        expression.operator,
        tuple(map(simplified, expression.arguments)),
    )


def is_register(update: Expression, slot: int) -> bool:
    """Whether the update leaves the slot as it is."""
    return (
        isinstance(
            update,
            Var,
        )
        and update.name == f"s[{slot}]"
    )


def _bits_by_expression(
    expressions: Iterable[Expression],
    specialised: Callable[[Expression], Expression],
    idle: Expression,
) -> dict[Expression, int]:
    """Monitors that say the same share one test; those that say nothing are left out."""
    bits: Counter[Expression] = Counter()
    for bit, expression in enumerate(expressions):
        found = specialised(expression)
        if found != idle:
            bits[found] += 1 << bit
    return dict(bits)


def _mask_source(
    mask: str,
    tests: Mapping[Expression, int],
    line: str,
    sharing: SharedSource,
) -> list[str]:
    certain = sum(
        bits
        for test, bits in tests.items()
        if isinstance(
            test,
            Const,
        )
    )
    others = {
        test: bits
        for test, bits in tests.items()
        if not isinstance(
            test,
            Const,
        )
    }
    return [
        f"{mask} = {certain}",
        *(
            line.format(sharing.source_of(test), bits)
            for test, bits in others.items()
        ),
    ]


def _due_source(monitor: JointMonitor, changed: Iterable[int]) -> list[str]:
    """A wait that begins may be due earlier than all others."""
    shortest: dict[int, int] = {}
    for deadline in (d for part in monitor.deadlines for d in part):
        if deadline.waiting in changed:
            known = shortest.get(deadline.waiting, FAR_FUTURE)
            shortest[deadline.waiting] = min(known, deadline.duration)
    return [
        f"if 0 <= n{slot} and n{slot} + {duration} < s[{DUE}]: s[{DUE}] = n{slot} + {duration}"
        for slot, duration in shortest.items()
    ]


class SameMonitors:
    """Monitors as a key: the same objects under the same names."""

    def __init__(self, monitors: Mapping[str, Monitor]) -> None:
        self.monitors = dict(monitors)
        self.identity = tuple(
            (name, id(monitor)) for name, monitor in monitors.items()
        )

    def __hash__(self) -> int:
        return hash(self.identity)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(
                other,
                SameMonitors,
            )
            and self.identity == other.identity
        )


@lru_cache(maxsize=MOST_PROGRAMS)
def joint_program(monitors: SameMonitors) -> JointProgram:
    """The program of these monitors, made once: thousands of runs are watched by the same clauses."""
    return JointProgram(join_monitors(monitors.monitors))


@dataclass
class JointSlices:
    """A joint program on every slice, as `SlicedMonitor` has one monitor."""

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
            exercised, broken = self._step(base, seen)
            return [((seen.device,), exercised, broken)]
        slices = self.live.setdefault(seen.device, {})
        key = key_of(seen, self.each)
        if key is None:
            return self._feed_all(base, slices, seen)
        if key not in slices:
            slices[key] = list(base)
        exercised, broken = self._step(slices[key], seen)
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
        self._step(base, seen)
        found = []
        for key, slots in slices.items():
            exercised, broken = self._step(slots, seen)
            found.append((key, exercised, broken))
        self.due[seen.device] = min(
            (slots[DUE] for slots in slices.values()), default=FAR_FUTURE
        )
        return found

    def _step(self, slots: Slots, seen: Observation) -> tuple[int, int]:
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
