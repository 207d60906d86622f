"""The generated step function: a monitor as straight Python code for one event at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from earwitness.model.expression import Apply, Expression, Value, Var, evaluate, python_source
from earwitness.model.logic.monitor import Monitor

State = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a monitor says of one event."""

    holds: bool
    exercised: bool
    pending: bool


Step = Callable[[State, Mapping[str, Value]], tuple[State, Outcome]]


def initial_state(monitor: Monitor) -> State:
    return tuple(register.initial for register in monitor.registers)


def interpreted_step(monitor: Monitor) -> Step:
    """The step function by direct evaluation: slow, for comparison."""

    def step(state: State, event: Mapping[str, Value]) -> tuple[State, Outcome]:
        values = dict(event) | {r.name: v for r, v in zip(monitor.registers, state, strict=True)}
        outcome = Outcome(
            *(bool(evaluate(e, values)) for e in (monitor.verdict, monitor.trigger, monitor.pending))
        )
        return tuple(evaluate(monitor.updates[r.name], values) for r in monitor.registers), outcome

    return step


def step_source(monitor: Monitor) -> str:
    """Python source of `step(state, event)`; an expression used more than once is computed once."""
    wanted = [
        *(monitor.updates[r.name] for r in monitor.registers),
        monitor.verdict,
        monitor.trigger,
        monitor.pending,
    ]
    uses: dict[Expression, int] = {}

    def count(expression: Expression) -> None:
        uses[expression] = uses.get(expression, 0) + 1
        if uses[expression] == 1 and isinstance(expression, Apply):
            for argument in expression.arguments:
                count(argument)

    for expression in wanted:
        count(expression)
    names = {r.name: r.name for r in monitor.registers}

    def rename(name: str) -> str:
        return names.get(name) or f"event[{name!r}]"

    temporaries: dict[Expression, Expression] = {}
    lines: list[str] = []

    def shorten(expression: Expression) -> Expression:
        if not isinstance(expression, Apply):
            return expression
        if expression in temporaries:
            return temporaries[expression]
        short: Expression = Apply(expression.operator, tuple(shorten(a) for a in expression.arguments))
        if uses[expression] > 1:
            name = f"t{len(temporaries)}"
            names[name] = name
            lines.append(f"    {name} = {python_source(short, rename)}")
            # The sort of a temporary is never read back.
            short = temporaries[expression] = Var(name, _ANY)
        return short

    sources = [python_source(shorten(e), rename) for e in wanted]
    registers = ", ".join(r.name for r in monitor.registers)
    head = ["def step(state, event):"] + ([f"    {registers}, = state"] if registers else [])
    *updates, verdict, trigger, pending = sources
    made = f"({', '.join(updates)},)" if updates else "()"
    return "\n".join([*head, *lines, f"    return {made}, Outcome({verdict}, {trigger}, {pending})", ""])


_ANY: Any = None


def generated_step(monitor: Monitor) -> Step:
    """The step function, compiled from `step_source`."""
    space: dict[str, Any] = {"Outcome": Outcome}
    exec(compile(step_source(monitor), "<monitor>", "exec"), space)
    step: Step = space["step"]
    return step
