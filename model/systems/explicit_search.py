"""Shortest runs of the whole system that take a given transition or exercise a given clause."""

from __future__ import annotations

from dataclasses import replace

from earwitness.model.expression import Const, Sort, Value, Var, equal, evaluate, negation
from earwitness.model.logic.monitor import Monitor
from earwitness.model.systems.runs import Goal, ModelRun, Step, find_shortest_run, sample_choices, successor
from earwitness.model.systems.transition_system import System, Transition

MARK = "end"
"""An event that no transition of a model emits."""
_HAPPENS = equal(Var("event", Sort.TEXT), Const(MARK))


def with_first_value(system: System, name: str, value: Value) -> System:
    """The system whose variable of that name has only this first value: devices of one kind, say."""
    variables = tuple(replace(v, initial=(value,)) if v.name == name else v for v in system.variables)
    return replace(system, variables=variables)


def find_run_taking(system: System, transition: Transition) -> ModelRun | None:
    """A run of fewest events that ends with the transition; None where none was found."""
    marked = replace(transition, emits=MARK, attributes={})
    changed = replace(system, transitions=tuple(marked if t is transition else t for t in system.transitions))
    return complete_run(
        system, find_shortest_run(changed, Monitor((), {}, negation(_HAPPENS), _HAPPENS), Goal.EXERCISED)
    )


def find_run_exercising(system: System, monitor: Monitor) -> ModelRun | None:
    """A run of fewest events that exercises the monitor; None where none was found."""
    return complete_run(system, find_shortest_run(system, monitor, Goal.EXERCISED))


def is_run_of(system: System, path: ModelRun) -> bool:
    """Whether a run is one of the whole system: every guard true, no limit passed, time never back."""
    state, now = dict(path.initial), 0
    for step in path.steps:
        values = {**state, **step.chosen, "time": step.time}
        late = any(
            evaluate(x.condition, values) and step.time > int(evaluate(x.since, values)) + x.bound
            for x in system.limits
        )
        if step.time < now or late or not evaluate(step.transition.guard, values):
            return False
        state, now = successor(step.transition, state, step.time, step.chosen)[0], step.time
    return True


def complete_run(system: System, path: ModelRun | None) -> ModelRun | None:
    """The same run of the whole system, where the search saw only a part: what was left out begins as it may, and any admissible value is chosen."""
    if path is None:
        return None
    initial = {v.name: path.initial.get(v.name, v.initial[-1]) for v in system.variables}
    steps = []
    for step in path.steps:
        whole = system.transition(step.transition.name)
        steps.append(
            Step(whole, step.time, {**next(sample_choices(system, whole, step.time), {}), **step.chosen})
        )
    return ModelRun(initial, tuple(steps))
