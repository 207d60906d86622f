"""Shortest runs of the whole system that take a given transition or exercise a given clause."""

from __future__ import annotations

from dataclasses import replace

from earwitness.model.expression import Const, Sort, Var, equal, evaluate, negation
from earwitness.model.logic.monitor import Monitor
from earwitness.model.systems.runs import Path, Step, Wanted, choices, shortest, successor
from earwitness.model.systems.transition_system import System, Transition

MARK = "end"
"""An event that no transition of a model emits."""
_HAPPENS = equal(Var("event", Sort.TEXT), Const(MARK))


def of_kind(system: System, show: bool) -> System:
    """The system of devices with screen and camera, or of those without."""
    return replace(
        system,
        variables=tuple(replace(v, initial=(show,)) if v.name == "show" else v for v in system.variables),
    )


def reached(system: System, transition: Transition) -> Path | None:
    """A run of fewest events that ends with the transition; None where none was found."""
    marked = replace(transition, emits=MARK, attributes={})
    changed = replace(system, transitions=tuple(marked if t is transition else t for t in system.transitions))
    return completed(
        system, shortest(changed, Monitor((), {}, negation(_HAPPENS), _HAPPENS), Wanted.EXERCISED)
    )


def exercised(system: System, monitor: Monitor) -> Path | None:
    """A run of fewest events that exercises the monitor; None where none was found."""
    return completed(system, shortest(system, monitor, Wanted.EXERCISED))


def admitted(system: System, path: Path) -> bool:
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


def completed(system: System, path: Path | None) -> Path | None:
    """The same run of the whole system, where the search saw only a part: what was left out begins as it may, and any admissible value is chosen."""
    if path is None:
        return None
    initial = {v.name: path.initial.get(v.name, v.initial[-1]) for v in system.variables}
    steps = []
    for step in path.steps:
        whole = system.transition(step.transition.name)
        steps.append(Step(whole, step.time, {**next(choices(system, whole, step.time), {}), **step.chosen}))
    return Path(initial, tuple(steps))
