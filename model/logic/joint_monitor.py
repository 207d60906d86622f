"""The clauses of a pack as one monitor: equal registers and equal patterns are there once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from earwitness.model.expression import (
    Apply,
    Const,
    Expression,
    Sort,
    Value,
    Var,
    choice,
    less,
    substitute,
    variables,
)
from earwitness.model.logic.monitor import Monitor

DUE = 0
"""The slot with the instant after which one more deadline of the slice may be late."""
LATE = 1
"""The slot with the monitors of which an answer was late, a bit for each: from then on every event takes the
slower steps."""
FIRST_REGISTER = 2
"""The slots after these are the registers of the monitors."""
FAR_FUTURE = 1 << 63
"""Later than any time an observation can have."""


@dataclass(frozen=True, slots=True)
class DeadlineSlots:
    """The slots of a deadline, and how long an answer may take.

    >>> join_monitors({"answer": ANSWER}).deadlines[0][0].duration
    2000000
    """

    waiting: int
    missed: int
    longest: int
    duration: int


@dataclass(frozen=True, slots=True)
class JointMonitor:
    """Monitors with the same slices, their registers brought together: equal ones are one. Registers are in
    the order of their slots; `deadlines` are those of each monitor.

    >>> join_monitors({"promise": MONITOR, "answer": ANSWER}).names
    ('promise', 'answer')
    """

    names: tuple[str, ...]
    initial: tuple[Value, ...]
    updates: tuple[Expression, ...]
    verdicts: tuple[Expression, ...]
    triggers: tuple[Expression, ...]
    deadlines: tuple[tuple[DeadlineSlots, ...], ...]


def join_monitors(monitors: Mapping[str, Monitor]) -> JointMonitor:
    """One monitor that says what each of them says.

    >>> len(join_monitors({"one": MONITOR, "the same": MONITOR}).initial)  # they share their register
    1
    """
    joiner = _Joiner()
    parts = [joiner.add(monitor) for monitor in monitors.values()]

    def marked(expressions: Iterable[Expression]) -> tuple[Expression, ...]:
        return tuple(replace_parts(e, joiner.late) for e in expressions)

    return JointMonitor(
        names=tuple(monitors),
        initial=tuple(joiner.initial),
        updates=marked(joiner.updates),
        verdicts=marked(part.verdict for part in parts),
        triggers=marked(part.trigger for part in parts),
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
    late: dict[Expression, Expression] = field(default_factory=dict)
    """For what says that an answer is late, the register that has it marked before the step."""

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
                substitute(update, {**joint, name: SELF}),
            )
            if key not in self.places:
                self.places[key] = self.new_register(
                    register.sort, register.initial
                )
                own = self.places[key]
                self.updates[slot_of(own) - FIRST_REGISTER] = substitute(
                    update, {**joint, name: own}
                )
            joint[name] = self.places[key]
            return joint[name]

        for register in monitor.registers:
            place(register.name)
        self.late |= {
            substitute(monitor.updates[wait.missed], joint): joint[
                wait.missed
            ]
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
                deadline.missed, Sort.BOOL
            )
        return _Part(
            verdict=substitute(monitor.verdict, joint),
            trigger=substitute(monitor.trigger, joint),
            deadlines=tuple(deadlines),
        )

    def new_register(self, sort: Sort, initial: Value) -> Var:
        register = slot_register(len(self.initial) + FIRST_REGISTER, sort)
        self.initial.append(initial)
        self.updates.append(register)
        return register

    def longest(self, elapsed: Expression) -> Expression:
        """A register with the longest time that an answer took."""
        key = (Sort.INT, -1, choice(less(SELF, elapsed), elapsed, SELF))
        if key not in self.places:
            own = self.places[key] = self.new_register(Sort.INT, -1)
            self.updates[slot_of(own) - FIRST_REGISTER] = choice(
                less(own, elapsed), elapsed, own
            )
        return self.places[key]


def slot_register(slot: int, sort: Sort) -> Var:
    """The register in a slot, by the name that it has in generated code.

    >>> slot_register(2, Sort.BOOL).name
    's[2]'
    """
    return Var(f"s[{slot}]", sort)


def slot_of(register: Expression) -> int:
    """The slot of a joint register.

    >>> slot_of(slot_register(2, Sort.BOOL))
    2
    """
    assert isinstance(register, Var)
    return int(register.name[2:-1])


def replace_parts(
    expression: Expression, others: Mapping[Expression, Expression]
) -> Expression:
    """The expression with whole parts replaced, all of them operations.

    >>> old, new = less(Var("a", Sort.INT), Var("b", Sort.INT)), Var("is_less", Sort.BOOL)
    >>> replace_parts(old, {old: new})
    Var(name='is_less', sort=<Sort.BOOL: 'boolean'>)
    """
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


class EventMonitors:
    """A joint monitor as it is at events of one kind. What does not speak of the kind is the same for all
    such kinds, and is found once.

    >>> monitors = EventMonitors(join_monitors({"promise": MONITOR}))
    >>> monitors.at("light").verdicts  # only a tone can break it
    (Const(value=True),)
    """

    def __init__(self, monitor: JointMonitor) -> None:
        self.monitor = monitor
        self.usual: dict[Expression, Expression] = {}
        self.spoken_of: dict[Expression, frozenset[Value]] = {}

    def at(self, event: str) -> JointMonitor:
        """The monitor at events of this kind."""
        is_event: Mapping[str, Expression] = {"event": Const(event)}

        def bound(expression: Expression) -> Expression:
            if event in self.values_in(expression):
                return substitute(expression, is_event)
            if expression not in self.usual:
                self.usual[expression] = substitute(expression, is_event)
            return self.usual[expression]

        return replace(
            self.monitor,
            updates=tuple(map(bound, self.monitor.updates)),
            verdicts=tuple(map(bound, self.monitor.verdicts)),
            triggers=tuple(map(bound, self.monitor.triggers)),
        )

    def values_in(self, expression: Expression) -> frozenset[Value]:
        """The values that an expression names.

        >>> EventMonitors(join_monitors({})).values_in(less(Const(3), Const(4)))
        frozenset({3, 4})
        """
        if isinstance(expression, Const):
            return frozenset({expression.value})
        if isinstance(expression, Var):
            return frozenset()
        if expression not in self.spoken_of:
            self.spoken_of[expression] = frozenset().union(
                *map(self.values_in, expression.arguments)
            )
        return self.spoken_of[expression]
