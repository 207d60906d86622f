"""The generated step function: a monitor as straight Python code for one event at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from earwitness.model.expression import (
    Apply,
    Expression,
    Sort,
    Value,
    Var,
    evaluate,
    python_source,
)
from earwitness.model.logic.monitor import Monitor, Register
from earwitness.model.logic.partial_monitor import PartialMonitor

State = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What a monitor says of one event.

    >>> _, outcome = generated_step(ANSWER)((-1, False), {"event": "wake_word", "time": 5})
    >>> outcome  # nothing is broken yet, and an answer is awaited
    StepOutcome(holds=True, exercised=True, pending=True)
    """

    holds: bool
    exercised: bool
    pending: bool


Step = Callable[[State, Mapping[str, Value]], tuple[State, StepOutcome]]


def initial_state(monitor: Monitor | PartialMonitor) -> State:
    """The contents of the registers before the first event.

    >>> initial_state(MONITOR)  # no wake word yet
    (-1,)
    """
    return tuple(register.initial for register in monitor.registers)


def interpreted_step(monitor: Monitor) -> Step:
    """The step function by direct evaluation: slow, for comparison.

    >>> from earwitness.model.logic.monitor import input_values
    >>> step = interpreted_step(MONITOR)
    >>> state, outcome = step(initial_state(MONITOR), input_values(WAKE))
    >>> state
    (1000000,)
    """
    names = [register.name for register in monitor.registers]

    def advance(
        state: State, event: Mapping[str, Value]
    ) -> tuple[State, StepOutcome]:
        values = dict(event)
        values.update(zip(names, state, strict=True))
        outcome = StepOutcome(
            bool(evaluate(monitor.verdict, values)),
            bool(evaluate(monitor.trigger, values)),
            bool(evaluate(monitor.pending, values)),
        )
        return tuple(
            evaluate(monitor.updates[name], values) for name in names
        ), outcome

    return advance


def generated_step(monitor: Monitor) -> Step:
    """The step function, compiled from `step_source`.

    >>> from earwitness.model.logic.monitor import input_values
    >>> step = generated_step(MONITOR)
    >>> state, outcome = step(initial_state(MONITOR), input_values(TONE))
    >>> outcome  # a tone without a wake word
    StepOutcome(holds=False, exercised=True, pending=False)
    """
    step: Step = compiled_step(step_source(monitor), StepOutcome)
    return step


def compiled_step(
    source: str, outcome: Callable[..., Any]
) -> Callable[..., Any]:
    """The function `step` of a source, which makes its results by `StepOutcome`.

    >>> from earwitness.model.logic.monitor import input_values
    >>> step = compiled_step(step_source(MONITOR), StepOutcome)
    >>> step((-1,), input_values(WAKE))[0]
    (1000000,)
    """
    space: dict[str, Any] = {"StepOutcome": outcome}
    exec(compile(source, "<monitor>", "exec"), space)
    step: Callable[..., Any] = space["step"]
    return step


def step_source(monitor: Monitor) -> str:
    """Python source of `step(state, event)` for a monitor.

    >>> print(step_source(MONITOR).splitlines()[0])
    def step(state, event):
    """
    results = (monitor.verdict, monitor.trigger, monitor.pending)
    return results_source(monitor.registers, monitor.updates, results)


def results_source(
    registers: Sequence[Register],
    updates: Mapping[str, Expression],
    results: Sequence[Expression],
) -> str:
    """Python source of `step(state, event)`, which returns the next state and `StepOutcome(results)`; an
    expression used more than once is computed once.

    >>> print(results_source(registers=(), updates={}, results=[MONITOR.trigger]).strip())
    def step(state, event):
        return (), StepOutcome((event['event'] == 'tone'))
    """
    names = [register.name for register in registers]
    contents = [updates[name] for name in names]
    sharing = SharedSource(
        [*contents, *results],
        lambda name: name if name in names else f"event[{name!r}]",
    )
    state = "".join(f"{sharing.source_of(content)}, " for content in contents)
    outcome = ", ".join(map(sharing.source_of, results))
    unpacking = [f"    {', '.join(names)}, = state"] if names else []
    return "\n".join(
        [
            "def step(state, event):",
            *unpacking,
            *(f"    {line}" for line in sharing.lines),
            f"    return ({state}), StepOutcome({outcome})",
            "",
        ]
    )


@dataclass
class SharedSource:
    """Python source of several expressions: what they have in common becomes an assignment in `lines`, which
    must run before the sources that were asked for. `rename` gives the source of a variable.

    >>> from earwitness.model.expression import plus
    >>> both = plus(Var("a", Sort.INT), Var("b", Sort.INT))
    >>> twice = plus(both, both)
    >>> sharing = SharedSource([twice], str)
    >>> sharing.source_of(twice), sharing.lines
    ('(t0 + t0)', ['t0 = (a + b)'])
    """

    expressions: Iterable[Expression]
    rename: Callable[[str], str]
    lines: list[str] = field(default_factory=list)
    uses: Counter[Expression] = field(default_factory=Counter)
    temporaries: dict[Expression, Expression] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for expression in self.expressions:
            self._count_uses(expression)

    def _count_uses(self, expression: Expression) -> None:
        self.uses[expression] += 1
        if self.uses[expression] == 1 and isinstance(expression, Apply):
            for argument in expression.arguments:
                self._count_uses(argument)

    def source_of(self, expression: Expression) -> str:
        """The source of one of the expressions."""
        return python_source(
            self._shorten_expression(expression), self._name_source
        )

    def _name_source(self, name: str) -> str:
        return name[1:] if name.startswith(TEMPORARY) else self.rename(name)

    def _shorten_expression(self, expression: Expression) -> Expression:
        """The expression with its shared parts replaced by temporaries."""
        if not isinstance(expression, Apply):
            return expression
        if expression in self.temporaries:
            return self.temporaries[expression]
        short: Expression = Apply(
            expression.operator,
            tuple(map(self._shorten_expression, expression.arguments)),
        )
        if self.uses[expression] > 1:
            source = python_source(short, self._name_source)
            short = Var(f"{TEMPORARY}t{len(self.temporaries)}", ANY_SORT)
            self.lines.append(f"{short.name[1:]} = {source}")
            self.temporaries[expression] = short
        return short


TEMPORARY = "\0"
"""Marks the names of temporaries: no input or register can be called so."""
ANY_SORT = Sort.INT
"""The sort of a temporary is never read back."""
