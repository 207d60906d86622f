"""The tables executed and drawn, through `transitions`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transitions import Machine

from earwitness.model.expression import Apply, Const, Expression, Operator, Value, evaluate
from earwitness.model.systems.runs import State, sample_choices, successor
from earwitness.model.systems.transition_system import System, Table, Transition
from earwitness.model.trace import Observation


@dataclass(frozen=True, slots=True)
class Edge:
    """A line of the diagram."""

    source: str
    target: str
    name: str


def drawn_states(part: Table) -> tuple[str, ...]:
    """The states people draw of a component."""
    return next(v.values for v in part.variables if v.name == part.control)


def drawn_edges(part: Table, system: System) -> tuple[Edge, ...]:
    """Which of a component's states each transition of the system can join, read off guards and updates; what leaves them alone is left out."""
    found = []
    for transition in system.transitions:
        update = transition.updates.get(part.control)
        if update is None:
            continue
        for source in drawn_states(part):
            if _may_hold(transition.guard, part.control, source):
                found += [
                    Edge(source, target, transition.name)
                    for target in sorted(_results(update) or drawn_states(part))
                    if target != source
                ]
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

    def __init__(self, system: System, first: State) -> None:
        self.system = system
        self.values: State = dict(first)
        self.time = 0
        self.chosen: dict[str, Value] = {}
        self.seen: list[Observation] = []
        self.state: str
        declared = next(v for v in system.variables if v.name == system.control)
        self.machine = Machine(
            self,
            states=list(declared.values),
            initial=str(self.values[system.control]),
            auto_transitions=False,
            ignore_invalid_triggers=True,
        )
        for transition in system.transitions:
            for source in declared.values:
                if not _may_hold(transition.guard, system.control, source):
                    continue
                update = transition.updates.get(system.control)
                for target in sorted(_results(update)) if update is not None else [source]:
                    self.machine.add_transition(
                        transition.name,
                        source,
                        target,
                        conditions=[self._leads(transition, target)],
                        before=[self._carry_out(transition)],
                    )

    def enabled(self, transition: Transition) -> list[dict[str, Value]]:
        """The free choices under which the transition can happen now."""
        return [
            c
            for c in sample_choices(self.system, transition, self.time)
            if evaluate(transition.guard, self.values | c | {"time": self.time})
        ]

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
