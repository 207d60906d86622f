"""The text of the step for one kind of event. What the event cannot touch is not in it at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    conjunction,
    less,
    negation,
    substitute,
    variables,
)
from earwitness.model.logic.joint_monitor import (
    FAR_FUTURE,
    FIRST_REGISTER,
    JointMonitor,
)
from earwitness.model.logic.joint_writes import (
    Write,
    change_of,
    writes_source,
)
from earwitness.model.logic.monitor import DEFAULT
from earwitness.model.logic.step import SharedSource
from earwitness.model.vocabulary import vocabulary

Slots = list[Any]
JointStep = Callable[[Slots, int, Mapping[str, Value]], tuple[int, int]]
"""Steps the slots by an event at a time with attributes; returns which monitors were exercised and which do
not hold, a bit for each."""
IDLE_SOURCE = """def step(s, t, a):
    return 0, 0
"""
"""The step of an event that touches nothing."""


def idle_step(
    slots: Slots, time: int, attributes: Mapping[str, Value]
) -> tuple[int, int]:
    """As IDLE_SOURCE: one function for all of them, so that they can be told.

    >>> idle_step([], 0, {})  # no monitor was exercised, and none is broken
    (0, 0)
    """
    return 0, 0


def joint_step_source(
    monitor: JointMonitor,
    event: str,
    shape: Sequence[str],
    constants: Mapping[str, Expression],
    given: Mapping[str, Value] = {},
) -> str:
    """Python source of `step(s, t, a)` for one kind of event with attributes of these names: what such an
    event cannot touch is left out. `constants` are registers whose content is certain, `given` are attributes
    whose value is.

    >>> from earwitness.model.logic.joint_monitor import join_monitors
    >>> joint = join_monitors({"promise": MONITOR})
    >>> print(joint_step_source(joint, event="light", shape=(), constants={}).strip())
    def step(s, t, a):
        return 0, 0
    """
    bindings = {
        **constants,
        **event_bindings(event, shape),
        **{f"its.{name}": Const(value) for name, value in given.items()},
    }

    def specialised(expression: Expression) -> Expression:
        return simplified(substitute(expression, bindings))

    changes = [
        change_of(slot, specialised(update))
        for slot, update in enumerate(monitor.updates, start=FIRST_REGISTER)
        if not is_register(update, slot)
    ]
    changes = [change for change in changes if change.condition != FALSE]
    broken = _bits_by_expression(monitor.verdicts, specialised, TRUE)
    exercised = _bits_by_expression(monitor.triggers, specialised, FALSE)
    parts = [p for c in changes for p in (c.condition, c.content)]
    wanted = [*parts, *broken, *exercised]
    sharing = SharedSource(wanted, lambda name: name)
    writes = [
        Write(
            slot=change.slot,
            condition=sharing.source_of(change.condition),
            content=sharing.source_of(change.content),
        )
        for change in changes
    ]
    violations = _mask_source(
        mask="v", tests=broken, line="if not ({}): v |= {}", sharing=sharing
    )
    exercises = _mask_source(
        mask="x", tests=exercised, line="if {}: x |= {}", sharing=sharing
    )
    lines = [
        *(
            f"{its(name)} = a[{name!r}]"
            for name in attributes_read(wanted, shape)
        ),
        *sharing.lines,
        *violations,
        *exercises,
        *writes_source(writes, _shortest_waits(monitor)),
        f"return {_mask_content('x', exercised)}, {_mask_content('v', broken)}",
    ]
    return "\n".join(
        ["def step(s, t, a):", *(f"    {line}" for line in lines), ""]
    )


def its(name: str) -> str:
    """The name of an attribute's value in generated code.

    >>> its("stream")
    'its_stream'
    """
    return f"its_{name}"


def attributes_read(
    expressions: Iterable[Expression], shape: Sequence[str]
) -> list[str]:
    """Which attributes of these names the expressions look at.

    >>> attributes_read([Var("its_on", Sort.BOOL)], ["color", "on"])
    ['on']
    """
    names = {v.name for e in expressions for v in variables(e)}
    return [name for name in sorted(shape) if its(name) in names]


def event_bindings(event: str, shape: Sequence[str]) -> dict[str, Expression]:
    """What is certain of the inputs at such an event; the rest under the names they have in generated
    code.

    >>> bindings = event_bindings("wake_word", ("word",))
    >>> bindings["event"].value, bindings["has.word"].value, bindings["has.bytes"].value
    ('wake_word', True, False)
    """
    bindings: dict[str, Expression] = {
        "event": Const(event),
        "time": Var("t", Sort.INT),
    }
    for name, attribute in vocabulary().attributes.items():
        is_given = name in shape
        bindings[f"has.{name}"] = Const(is_given)
        given: Expression = Var(its(name), attribute.sort)
        bindings[f"its.{name}"] = (
            given if is_given else Const(DEFAULT[attribute.sort])
        )
    return bindings


def simplified(expression: Expression) -> Expression:
    """The same with what is plain of registers left out: an instant or a wait that has not come is always -1,
    so `r if 0 <= r else -1` and `-1 if r < -1 else r` are r, and a wait that goes on leaves r as it is; and
    `x = true` is x.

    >>> on = Var("on", Sort.BOOL)
    >>> simplified(Apply(Operator.EQ, (on, TRUE))) == on
    True
    """
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
            (
                Apply(Operator.LE, (Const(0), Var() as register)),
                Var() as same,
                Apply(Operator.ITE, (begins, instant, Const(-1))),
            ),
        ):
            if same == register:
                not_yet = less(register, Const(0))
                return choice(conjunction(not_yet, begins), instant, register)
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
        expression.operator, tuple(map(simplified, expression.arguments))
    )


def is_register(update: Expression, slot: int) -> bool:
    """Whether the update leaves the slot as it is.

    >>> is_register(Var("s[2]", Sort.BOOL), 2), is_register(Var("s[2]", Sort.BOOL), 3)
    (True, False)
    """
    return isinstance(update, Var) and update.name == f"s[{slot}]"


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
    others = {
        test: bits
        for test, bits in tests.items()
        if not isinstance(test, Const)
    }
    if not others:
        return []
    return [
        f"{mask} = {_certain_bits(tests)}",
        *(
            line.format(sharing.source_of(test), bits)
            for test, bits in others.items()
        ),
    ]


def _certain_bits(tests: Mapping[Expression, int]) -> int:
    return sum(
        bits for test, bits in tests.items() if isinstance(test, Const)
    )


def _mask_content(mask: str, tests: Mapping[Expression, int]) -> str:
    """The mask, or what it certainly is."""
    is_certain = all(isinstance(test, Const) for test in tests)
    return str(_certain_bits(tests)) if is_certain else mask


def _shortest_waits(monitor: JointMonitor) -> dict[int, int]:
    """The registers that hold since when an answer is awaited, with the time after which it is late."""
    shortest: dict[int, int] = {}
    for deadline in (d for part in monitor.deadlines for d in part):
        known = shortest.get(deadline.waiting, FAR_FUTURE)
        shortest[deadline.waiting] = min(known, deadline.duration)
    return shortest
