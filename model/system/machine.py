"""The table executed: concrete runs, shortest ways to a trigger by explicit search, and the diagram, through `transitions`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from transitions import Machine

from earwitness.model.expression import Apply, Const, Expression, Operator, Sort, Value, evaluate, python_source, variables
from earwitness.model.logic.monitor import Monitor, inputs
from earwitness.model.logic.step import generated_step, initial_state
from earwitness.model.system.table import System, Transition
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds

State = dict[str, Value]


def initial_states(system: System) -> Iterator[State]:
    """Every first state."""
    for values in product(*(v.initial for v in system.variables)):
        yield {v.name: value for v, value in zip(system.variables, values, strict=True)}


def successor(transition: Transition, state: Mapping[str, Value], time: int, chosen: Mapping[str, Value]) -> tuple[State, Observation]:
    """The state and observation after a transition that is enabled."""
    values = dict(state) | dict(chosen) | {"time": time}
    after = dict(state) | {name: evaluate(e, values) for name, e in transition.updates.items()}
    attributes = {name: evaluate(e, values) for name, e in transition.attributes.items()}
    return after, Observation(Microseconds(time), "model", transition.event, attributes)


def _choices(transition: Transition, time: int) -> Iterator[dict[str, Value]]:
    free = sorted(
        {v for e in (transition.guard, *transition.updates.values(), *transition.attributes.values()) for v in variables(e) if v.name.startswith("any.")},
        key=lambda v: v.name,
    )
    for values in product(*((False, True) if v.sort is Sort.BOOL else (time, 0) for v in free)):
        yield {v.name: value for v, value in zip(free, values, strict=True)}


def _compiled(expression: Expression) -> Callable[[Mapping[str, Value]], bool]:
    made: Callable[[Mapping[str, Value]], bool] = eval("lambda s: " + python_source(expression, lambda name: f"s[{name!r}]"))
    return made


def shortest(system: System, monitor: Monitor, wanted: Callable[[Any], bool], most: int = 60_000) -> tuple[Observation, ...]:
    """A run of fewest events, without time passing, after which `wanted(outcome)`; empty where none was found among `most` states.
    Explicit search, independent of the solver."""
    step, start = generated_step(monitor), initial_state(monitor)
    guards = [(t, _compiled(t.guard)) for t in system.transitions]
    queue: deque[tuple[State, Any, tuple[Observation, ...]]] = deque((s, start, ()) for s in initial_states(system))
    known: set[Any] = set()
    while queue and len(known) < most:
        state, registers, path = queue.popleft()
        for transition, guard in guards:
            for chosen in _choices(transition, 0):
                values = state | chosen | {"time": 0}
                if not guard(values):
                    continue
                after, seen = successor(transition, state, 0, chosen)
                # Invariants of a state (no registers) are read before the event, so they see the state's own names.
                held, outcome = step(registers, state | inputs(seen))
                if wanted(outcome):
                    return (*path, seen)
                key = (tuple(after.values()), held)
                if key not in known:
                    known.add(key)
                    queue.append((after, held, (*path, seen)))
    return ()


@dataclass(frozen=True, slots=True)
class Edge:
    """A line of the diagram."""

    source: str
    target: str
    name: str


def edges(system: System) -> tuple[Edge, ...]:
    """Which control states each transition can join, read off guards and updates; transitions that leave control alone are left out."""
    declared = next(v for v in system.variables if v.name == system.control)
    found = []
    for transition in system.transitions:
        update = transition.updates.get(system.control)
        if update is None:
            continue
        for source in declared.values:
            if _may_hold(transition.guard, system.control, source):
                found += [Edge(source, target, transition.name) for target in sorted(_results(update)) if target != source]
    return tuple(found)


def _may_hold(guard: Expression, control: str, value: str) -> bool:
    """Whether the guard can be true when control has the value, other variables unknown (three-valued evaluation)."""

    def truth(e: Expression) -> bool | None:
        match e:
            case Const(constant):
                return bool(constant)
            case Apply(Operator.NOT, (a,)):
                inner = truth(a)
                return None if inner is None else not inner
            case Apply(Operator.AND, parts):
                known = [truth(p) for p in parts]
                return False if False in known else None if None in known else True
            case Apply(Operator.OR, parts):
                known = [truth(p) for p in parts]
                return True if True in known else None if None in known else False
            case Apply(Operator.EQ, (left, Const(constant))) if getattr(left, "name", "") == control:
                return constant == value
        return None

    return truth(guard) is not False


def _results(update: Expression) -> set[str]:
    match update:
        case Const(str(value)):
            return {value}
        case Apply(Operator.ITE, (_, then, otherwise)):
            return _results(then) | _results(otherwise)
    return set()


class Executable:
    """The system as a `transitions` machine: its triggers are the table's transitions, its states the control states."""

    def __init__(self, system: System, show: bool) -> None:
        self.system = system
        self.values: State = next(s for s in initial_states(system) if s.get("show") == show)
        self.time = 0
        self.chosen: dict[str, Value] = {}
        self.seen: list[Observation] = []
        self.state: str
        declared = next(v for v in system.variables if v.name == system.control)
        self.machine = Machine(
            self, states=list(declared.values), initial=str(self.values[system.control]), auto_transitions=False, ignore_invalid_triggers=True
        )
        for transition in system.transitions:
            for source in declared.values:
                if not _may_hold(transition.guard, system.control, source):
                    continue
                update = transition.updates.get(system.control)
                for target in sorted(_results(update)) if update is not None else [source]:
                    self.machine.add_transition(
                        transition.name, source, target, conditions=[self._leads(transition, target)], before=[self._carry_out(transition)]
                    )

    def enabled(self, transition: Transition) -> list[dict[str, Value]]:
        """The free choices under which the transition can happen now."""
        return [c for c in _choices(transition, self.time) if evaluate(transition.guard, self.values | c | {"time": self.time})]

    def _leads(self, transition: Transition, target: str) -> Callable[[], bool]:
        def leads() -> bool:
            choices = self.enabled(transition)
            if not choices:
                return False
            self.chosen = choices[0]
            return successor(transition, self.values, self.time, choices[0])[0][self.system.control] == target

        return leads

    def _carry_out(self, transition: Transition) -> Callable[[], None]:
        def carry_out() -> None:
            self.values, seen = successor(transition, self.values, self.time, self.chosen)
            self.seen.append(seen)

        return carry_out
