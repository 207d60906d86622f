"""The tables executed and drawn, through `transitions`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from transitions import Machine

from earwitness.model.expression import (
    Apply,
    Const,
    Expression,
    Operator,
    Value,
    Var,
    evaluate,
)
from earwitness.model.systems.runs import State, sample_choices, successor
from earwitness.model.systems.transition_system import (
    System,
    Table,
    Transition,
)
from earwitness.model.trace import Observation


@dataclass(frozen=True, slots=True)
class Edge:
    """A line of the diagram.

    >>> Edge("off", "on", "switch") in drawn_edges(MICROPHONE_TABLE, MICROPHONE_SYSTEM)
    True
    """

    source: str
    target: str
    name: str


def drawn_states(table: Table) -> tuple[str, ...]:
    """The states people draw of a component.

    >>> drawn_states(MICROPHONE_TABLE)
    ('off', 'on')
    """
    return next(v.values for v in table.variables if v.name == table.control)


def drawn_edges(table: Table, system: System) -> tuple[Edge, ...]:
    """Which of a component's states each transition of the system can join, read off guards and
    updates; what leaves them alone is left out.

    >>> [(edge.source, edge.target) for edge in drawn_edges(MICROPHONE_TABLE, MICROPHONE_SYSTEM)]
    [('off', 'on'), ('on', 'off')]
    """
    edges = (
        e
        for t in system.transitions
        for e in _edges_of(t, table.control, drawn_states(table))
    )
    return tuple(edge for edge in edges if edge.target != edge.source)


def _edges_of(
    transition: Transition, control: str, states: tuple[str, ...]
) -> Iterator[Edge]:
    update = transition.updates.get(control)
    for source in states:
        if truth_given(transition.guard, control, source) is False:
            continue
        targets = (
            {source}
            if update is None
            else _constant_results(update) or set(states)
        )
        for target in sorted(targets):
            yield Edge(source, target, transition.name)


def truth_given(
    condition: Expression, control: str, value: str
) -> bool | None:
    """Whether the condition holds when `control` has the value; None where it depends on other
    variables (Kleene's three truth values).

    >>> truth_given(CAPTURE.guard, "rail", "off"), truth_given(UNSETTLED, "rail", "off")
    (False, None)
    """
    match condition:
        case Const(constant):
            return bool(constant)
        case Apply(Operator.NOT, (operand,)):
            inner = truth_given(operand, control, value)
            return None if inner is None else not inner
        case Apply(Operator.AND, operands):
            return _weakest_truth(
                [truth_given(o, control, value) for o in operands],
                decides=False,
            )
        case Apply(Operator.OR, operands):
            return _weakest_truth(
                [truth_given(o, control, value) for o in operands],
                decides=True,
            )
        case Apply(Operator.EQ, (Var(name), Const(constant))) if (
            name == control
        ):
            return constant == value
    return None


def _weakest_truth(truths: list[bool | None], decides: bool) -> bool | None:
    """The truth of a conjunction (False decides) or a disjunction (True decides)."""
    if decides in truths:
        return decides
    return None if None in truths else not decides


def _constant_results(update: Expression) -> set[str]:
    """The texts an update can give; empty where it gives others too."""
    match update:
        case Const(str(value)):
            return {value}
        case Apply(Operator.ITE, (_, then, otherwise)):
            return _constant_results(then) | _constant_results(otherwise)
    return set()


class Executable:
    """The system as a `transitions` machine from one of its first states: its triggers are the tables'
    transitions, its states the control states. `values` is the whole state, `seen` what was
    observed.

    Fill `time` before a trigger to let time pass.

    >>> device = Executable(MICROPHONE_SYSTEM, next(MICROPHONE_SYSTEM.first_states()))
    >>> device.state
    'off'
    >>> list(device.enabled_choices(SWITCH))  # it can happen, and nothing is chosen
    [{}]
    >>> device.switch(), device.state, device.seen[0].event
    (True, 'on', 'microphone.power')
    >>> device.switch(), device.state  # the rail already does what the button says
    (False, 'on')
    """

    def __init__(self, system: System, first: State) -> None:
        self.system = system
        self.values = dict(first)
        self.time = 0
        self.chosen: dict[str, Value] = {}
        self.seen: list[Observation] = []
        self.state: str
        states = next(
            v.values for v in system.variables if v.name == system.control
        )
        self.machine = Machine(
            self,
            states=list(states),
            initial=str(first[system.control]),
            auto_transitions=False,
            ignore_invalid_triggers=True,
        )
        for transition in system.transitions:
            for edge in _edges_of(transition, system.control, states):
                self._add_edge(transition, edge)

    def _add_edge(self, transition: Transition, edge: Edge) -> None:
        self.machine.add_transition(
            trigger=edge.name,
            source=edge.source,
            dest=edge.target,
            conditions=[self._leads_to(transition, edge.target)],
            before=[self._carry_out(transition)],
        )

    def enabled_choices(self, transition: Transition) -> Iterator[State]:
        """The free choices under which the transition can happen now."""
        for chosen in sample_choices(self.system, transition, self.time):
            if evaluate(
                transition.guard, {**self.values, **chosen, "time": self.time}
            ):
                yield chosen

    def _leads_to(
        self, transition: Transition, target: str
    ) -> Callable[[], bool]:
        def condition() -> bool:
            chosen = next(self.enabled_choices(transition), None)
            if chosen is None:
                return False
            self.chosen = chosen
            after, _ = successor(
                transition=transition,
                state=self.values,
                time=self.time,
                chosen=chosen,
            )
            return after[self.system.control] == target

        return condition

    def _carry_out(self, transition: Transition) -> Callable[[], None]:
        def action() -> None:
            self.values, observation = successor(
                transition=transition,
                state=self.values,
                time=self.time,
                chosen=self.chosen,
            )
            self.seen.append(observation)

        return action
