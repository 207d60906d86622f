"""Runs of a system, and shortest ones by explicit search: no solver is asked, no time passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Any

from earwitness.model.expression import (
    FALSE,
    Const,
    Expression,
    Sort,
    Value,
    evaluate,
    negation,
    python_source,
    substitute,
)
from earwitness.model.logic.monitor import Monitor
from earwitness.model.systems.cone import SILENT, cone_of_influence, monitor_effect
from earwitness.model.systems.random_walk import free_variables
from earwitness.model.systems.transition_system import System, Transition
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds

State = dict[str, Value]
STATE_LIMIT = 1_500_000
"""States: where a search gives up."""


def successor(
    transition: Transition, state: Mapping[str, Value], time: int, chosen: Mapping[str, Value]
) -> tuple[State, Observation]:
    """The state and observation after a transition that is enabled."""
    values = dict(state) | dict(chosen) | {"time": time}
    after = dict(state) | {name: evaluate(e, values) for name, e in transition.updates.items()}
    attributes = {name: evaluate(e, values) for name, e in transition.attributes.items()}
    return after, Observation(Microseconds(time), "model", transition.emits or SILENT, attributes)


@dataclass(frozen=True, slots=True)
class Step:
    """A transition at an instant, with its free choices."""

    transition: Transition
    time: int
    chosen: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ModelRun:
    """A run of a system from one of its first states."""

    initial: Mapping[str, Value]
    steps: tuple[Step, ...]

    def observations(self) -> tuple[Observation, ...]:
        """What is seen of the run."""
        state, found = dict(self.initial), []
        for step in self.steps:
            state, seen = successor(step.transition, state, step.time, step.chosen)
            found.append(seen)
        return tuple(found)


class Goal(Enum):
    """What a search looks for in a monitor."""

    EXERCISED = "its trigger happened"
    VIOLATED = "its verdict is false"


def initial_states(system: System) -> Iterator[State]:
    """Every first state."""
    for values in product(*(v.initial for v in system.variables)):
        yield {v.name: value for v, value in zip(system.variables, values, strict=True)}


def sample_choices(system: System, transition: Transition, time: int) -> Iterator[dict[str, Value]]:
    """Samples of a transition's free choices: both truths, every declared text, the present, the beginning and one."""
    free = free_variables(transition)
    samples: dict[Sort, Callable[[str], tuple[Value, ...]]] = {
        Sort.BOOL: lambda _: (True, False),
        Sort.TEXT: lambda name: system.free[name],
        Sort.INT: lambda _: tuple(sorted({time, 0, 1})),
    }
    for values in product(*(samples[v.sort](v.name) for v in free)):
        yield {v.name: value for v, value in zip(free, values, strict=True)}


def find_shortest_run(
    system: System, monitor: Monitor, wanted: Goal, most: int = STATE_LIMIT
) -> ModelRun | None:
    """A run of fewest events after which the monitor is as wanted; None where none was found among `most` states."""
    system = cone_of_influence(system, monitor)
    expand, steps = _moves(system, monitor, wanted)
    registers = tuple(r.initial for r in monitor.registers)
    level = [tuple(s.values()) + registers for s in initial_states(system)]
    parents: dict[Any, tuple[Any, int] | None] = dict.fromkeys(level)
    while level and len(parents) < most:
        after: list[Any] = []
        for state in level:
            for number, following, found in expand(state):
                if found:
                    return _path(system, parents, state, steps[number], steps)
                if following not in parents:
                    parents[following] = (state, number)
                    after.append(following)
        level = after
    return None


def _path(
    system: System, parents: Mapping[Any, tuple[Any, int] | None], state: Any, last: Step, steps: list[Step]
) -> ModelRun:
    found = [last]
    while (came := parents[state]) is not None:
        state, number = came
        found.append(steps[number])
    return ModelRun(
        {v.name: value for v, value in zip(system.variables, state, strict=False)}, tuple(reversed(found))
    )


def _moves(
    system: System, monitor: Monitor, wanted: Goal
) -> tuple[Callable[[Any], list[tuple[int, Any, bool]]], list[Step]]:
    """All moves at instant 0, generated as one function from a state to (number of the step, next state, found) for each enabled move."""
    names = [v.name for v in system.variables] + [r.name for r in monitor.registers]
    local = {name: f"v{number}" for number, name in enumerate(names)}

    def source(e: Expression) -> str:
        return python_source(e, lambda name: local[name])

    rows: dict[tuple[str, str, str], Step] = {}
    for transition in system.transitions:
        for chosen in sample_choices(system, transition, 0):
            fixed: Mapping[str, Expression] = {n: Const(v) for n, v in chosen.items()} | {"time": Const(0)}
            guard = substitute(transition.guard, fixed)
            if guard == FALSE:
                continue
            seen = monitor_effect(transition, monitor)
            updates = {n: substitute(e, fixed) for n, e in {**transition.updates, **seen.updates}.items()}
            goal = substitute(negation(seen.verdict) if wanted is Goal.VIOLATED else seen.trigger, fixed)
            following = ", ".join(source(updates[n]) if n in updates else local[n] for n in names)
            rows.setdefault((source(guard), following, source(goal)), Step(transition, 0, chosen))
    comma = "," if names else ""
    lines = [
        f"    if {guard}: out.append(({number}, ({following}{comma}), {goal}))"
        for number, (guard, following, goal) in enumerate(rows)
    ]
    steps = list(rows.values())
    head = ["def expand(state):", f"    ({', '.join(local.values())}{comma}) = state", "    out = []"]
    space: dict[str, Any] = {}
    exec(compile("\n".join([*head, *lines, "    return out"]), "<moves>", "exec"), space)
    expand: Callable[[Any], list[tuple[int, Any, bool]]] = space["expand"]
    return expand, steps
