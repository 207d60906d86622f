"""Runs of a system: steps, what is seen of them, and whether a sequence of steps is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from earwitness.model.expression import Sort, Value, Var, evaluate, variables
from earwitness.model.systems.cone import SILENT
from earwitness.model.systems.transition_system import (
    Limit,
    System,
    Transition,
)
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds

State = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Step:
    """A transition at an instant, with its free choices.

    >>> Step(SWITCH, time=5, chosen={}).transition.name
    'switch'
    """

    transition: Transition
    time: int
    chosen: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ModelRun:
    """A run of a system from one of its first states.

    >>> run = ModelRun({"muted": False, "rail": "off", "pressed_at": 0}, (Step(SWITCH, 5, {}),))
    >>> [(seen.time, seen.event) for seen in run.observations()]
    [(5, 'microphone.power')]
    """

    initial: Mapping[str, Value]
    steps: tuple[Step, ...]

    def observations(self) -> tuple[Observation, ...]:
        """What is seen of the run. A silent step shows as the event that time passes."""
        state = dict(self.initial)
        seen = []
        for step in self.steps:
            state, observation = successor(
                transition=step.transition,
                state=state,
                time=step.time,
                chosen=step.chosen,
            )
            seen.append(observation)
        return tuple(seen)


def successor(
    transition: Transition,
    state: Mapping[str, Value],
    time: int,
    chosen: Mapping[str, Value],
) -> tuple[State, Observation]:
    """The state and the observation after a transition that is enabled.

    >>> first = next(MICROPHONE_SYSTEM.first_states())
    >>> state, seen = successor(SWITCH, first, time=5, chosen={})
    >>> state["rail"], seen.event
    ('on', 'microphone.power')
    """
    values = {**state, **chosen, "time": time}
    after = dict(state) | {
        name: evaluate(e, values) for name, e in transition.updates.items()
    }
    attributes = {
        name: evaluate(e, values) for name, e in transition.attributes.items()
    }
    return after, Observation(
        time=Microseconds(time),
        device="model",
        event=transition.emits or SILENT,
        attributes=attributes,
    )


def free_variables(transition: Transition) -> tuple[Var, ...]:
    """What may be chosen freely when the transition happens, by name.

    >>> free_variables(PRESS)  # nothing is chosen freely when a button is pressed
    ()
    """
    expressions = (
        transition.guard,
        *transition.updates.values(),
        *transition.attributes.values(),
    )
    found = {
        v
        for e in expressions
        for v in variables(e)
        if v.name.startswith("any.")
    }
    return tuple(sorted(found, key=lambda v: v.name))


def sample_values(
    system: System, variable: Var, time: int
) -> tuple[Value, ...]:
    """Values worth trying for a free choice: both truths, every declared text, the present, the
    beginning and one.

    >>> sample_values(MICROPHONE_SYSTEM, muted, time=7)
    (True, False)
    """
    match variable.sort:
        case Sort.BOOL:
            return (True, False)
        case Sort.TEXT:
            return system.free[variable.name]
        case Sort.INT:
            return tuple(sorted({time, 0, 1}))


def sample_choices(
    system: System, transition: Transition, time: int
) -> Iterator[State]:
    """Samples of all free choices of a transition together.

    >>> list(sample_choices(MICROPHONE_SYSTEM, PRESS, time=7))  # nothing is chosen freely: one empty choice
    [{}]
    """
    free = free_variables(transition)
    for values in product(*(sample_values(system, v, time) for v in free)):
        yield {v.name: value for v, value in zip(free, values, strict=True)}


def passes_limit(limit: Limit, state: Mapping[str, Value], time: int) -> bool:
    """Whether a step at that instant comes later than the limit allows in that state.

    >>> (limit,) = MICROPHONE_SYSTEM.limits
    >>> first = next(MICROPHONE_SYSTEM.first_states())
    >>> passes_limit(limit, first, time=99_000), passes_limit(limit, first, time=101_000)
    (False, True)
    """
    values = {**state, "time": time}
    if not evaluate(limit.condition, values):
        return False
    return time > int(evaluate(limit.since, values)) + limit.bound


def is_run_of(system: System, run: ModelRun) -> bool:
    """Whether a run is one of the whole system: every guard true, no limit passed, time never back.

    >>> first = next(MICROPHONE_SYSTEM.first_states())
    >>> is_run_of(MICROPHONE_SYSTEM, ModelRun(first, (Step(SWITCH, 5, {}),)))
    True
    >>> is_run_of(MICROPHONE_SYSTEM, ModelRun(first, (Step(CAPTURE, 5, {}),)))
    False
    """
    state, now = dict(run.initial), 0
    for step in run.steps:
        values = {**state, **step.chosen, "time": step.time}
        is_late = any(
            passes_limit(limit, state, step.time) for limit in system.limits
        )
        if (
            step.time < now
            or is_late
            or not evaluate(step.transition.guard, values)
        ):
            return False
        state, now = (
            successor(
                transition=step.transition,
                state=state,
                time=step.time,
                chosen=step.chosen,
            )[0],
            step.time,
        )
    return True


def complete_run(system: System, run: ModelRun | None) -> ModelRun | None:
    """The same run of the whole system, where a search saw only its cone: what was left out begins as
    it may, and any admissible value is chosen.

    >>> cut = ModelRun({"rail": "off"}, (Step(SWITCH, 5, {}),))  # of a search that saw the rail alone
    >>> complete_run(MICROPHONE_SYSTEM, cut).initial
    {'muted': False, 'rail': 'off', 'pressed_at': 0}
    """
    if run is None:
        return None
    initial = {
        v.name: run.initial.get(v.name, v.first_values[-1])
        for v in system.variables
    }
    steps = []
    for step in run.steps:
        whole = system.transition(step.transition.name)
        some = next(sample_choices(system, whole, step.time), {})
        steps.append(Step(whole, step.time, {**some, **step.chosen}))
    return ModelRun(initial, tuple(steps))


def with_first_value(system: System, name: str, value: Value) -> System:
    """The system whose variable of that name has only this first value: devices of one kind, say.

    >>> [s["muted"] for s in with_first_value(MICROPHONE_SYSTEM, "muted", True).first_states()]
    [True]
    """
    variables = tuple(
        replace(v, initial=(value,)) if v.name == name else v
        for v in system.variables
    )
    return replace(system, variables=variables)
