"""What the rows of a model read and say, piece by piece."""

from __future__ import annotations

import z3

from earwitness.model.expression import (
    Apply,
    Const,
    Expression,
    Operator,
    Sort,
    negation,
    python_source,
)
from earwitness.model.proof.encoding import Encoding
from earwitness.model.systems.cone import variable_names
from earwitness.model.systems.correspondence import Correspondence
from earwitness.model.systems.random_walk import Evaluate, compile_expression
from earwitness.model.systems.state_property import after_step
from earwitness.model.systems.transition_system import (
    Limit,
    System,
    Transition,
)
from earwitness.model.trace import Observation


def corresponds_to(
    shown: Observation, seen: Observation, correspondence: Correspondence
) -> bool:
    """Whether what a run of the model shows is what was observed."""
    common = (
        shown.attributes.keys()
        & seen.attributes.keys() - correspondence.held.keys()
    )
    alike = all(
        shown.attributes[name] == seen.attributes[name] for name in common
    )
    return alike and (shown.event, shown.time) == (seen.event, seen.time)


def conditions_of(guard: Expression) -> list[Expression]:
    """The conditions of a guard, one by one."""
    if isinstance(guard, Apply) and guard.operator is Operator.AND:
        return [
            condition
            for argument in guard.arguments
            for condition in conditions_of(argument)
        ]
    return [guard]


def row_in_words(condition: Expression) -> str:
    """A condition as a person reads it."""
    match condition:
        case Apply(Operator.EQ, (left, right)):
            return f"{row_in_words(left)} = {row_in_words(right)}"
        case Apply(Operator.NOT, (operand,)):
            return f"not {row_in_words(operand)}"
        case Const(str(text)):
            return text
    return python_source(condition, lambda name: name)


def reads_of(transition: Transition) -> set[str]:
    shown = transition.attributes.values()
    return variable_names(
        (transition.guard, *transition.updates.values(), *shown)
    )


def limit_clocks(system: System) -> dict[str, list[Evaluate]]:
    """The instants that only limits read, each with the conditions of these limits: while none holds,
    the instant does not matter, because every step that lets one hold sets it."""
    elsewhere = variable_names(
        e
        for t in system.transitions
        for e in (t.guard, *t.updates.values(), *t.attributes.values())
    )
    elsewhere |= variable_names(x.condition for x in system.limits)
    found: dict[str, list[Evaluate]] = {}
    for variable in system.variables:
        limits = [
            x
            for x in system.limits
            if variable.name in variable_names([x.since])
        ]
        is_clock = (
            variable.sort is Sort.INT
            and variable.name not in elsewhere
            and limits
        )
        if is_clock and not any(
            begins_unset(system, x, variable.name) for x in limits
        ):
            found[variable.name] = [
                compile_expression(x.condition) for x in limits
            ]
    return found


def begins_unset(system: System, limit: Limit, clock: str) -> bool:
    """Whether a step can make the limit active without setting its clock."""
    encoding = Encoding()
    for transition in system.transitions:
        if (
            clock in transition.updates
            or not variable_names([limit.condition])
            & transition.updates.keys()
        ):
            continue
        solver = z3.Solver()
        begins = (
            transition.guard,
            negation(limit.condition),
            after_step(limit.condition, transition),
        )
        solver.add(*(encoding.term(e, {}) for e in begins))
        if solver.check() != z3.unsat:
            return True
    return False
