"""A system some of whose components no longer behave: what still holds of it does not rest on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from earwitness.model.expression import (
    TRUE,
    Const,
    Expression,
    Sort,
    Var,
    choice,
    conjunction,
    disjunction,
    equal,
)
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    TIME,
    Component,
    Limit,
    StateVariable,
    System,
    Transition,
)
from earwitness.model.vocabulary import vocabulary

WILD = "any.wild."
"""Prefix of what a component without duties chooses."""


def owned_variables(system: System, component: Component) -> frozenset[str]:
    """The variables that only this component and the environment write.

    >>> sorted(owned_variables(MICROPHONE_SYSTEM, RAIL))
    ['rail']
    """
    writers: dict[str, set[Component]] = {}
    for transition in system.transitions:
        for name in transition.updates:
            writers.setdefault(name, set()).add(transition.component)
    return frozenset(
        name
        for name, who in writers.items()
        if who - {ENVIRONMENT} == {component}
    )


def havoc(system: System, wild: Collection[Component]) -> System:
    """The system in which `wild` components do any of their steps at any time, with any attributes,
    leaving anything in the variables they own, and owe no deadline. An attribute that tells whose
    event it is stays. What they share with others (a handover) they change only where their table
    lets them; a clock still tells the time.

    >>> wild = havoc(MICROPHONE_SYSTEM, [RAIL])
    >>> len(wild.limits), wild.transition("capture").guard == TRUE
    (0, True)
    """
    transitions = (
        _let_loose(system, t) if t.component in wild else t
        for t in system.transitions
    )
    return replace(
        system,
        transitions=tuple(transitions),
        limits=tuple(_remaining_limits(system, wild)),
        free={**system.free, **_wild_texts(system)},
        hints=(),
    )


def _wild_texts(system: System) -> dict[str, tuple[str, ...]]:
    """What searches try for a wild component's texts."""
    anything = (
        "",
        *dict.fromkeys(
            text for texts in system.free.values() for text in texts
        ),
    )
    found = {
        WILD + v.name: v.values or anything
        for v in system.variables
        if v.sort is Sort.TEXT
    }
    for name, attribute in vocabulary().attributes.items():
        if attribute.sort is Sort.TEXT:
            found[f"{WILD}its.{name}"] = attribute.choices or ("", "any")
    return found


def _let_loose(system: System, transition: Transition) -> Transition:
    own = owned_variables(system, transition.component)
    variables = {v.name: v for v in system.variables}
    guards: list[Expression] = []
    updates: dict[str, Expression] = {}
    for name, update in transition.updates.items():
        if update == TIME:
            updates[name] = TIME
        elif name not in own:
            updates[name] = choice(
                transition.guard, update, variables[name].var
            )
        else:
            updates[name] = Var(WILD + name, variables[name].sort)
            guards.append(_keep_within(updates[name], variables[name]))
    return replace(
        transition,
        guard=conjunction(TRUE, *guards),
        updates=updates,
        attributes=_wild_attributes(system, transition),
    )


def _keep_within(value: Expression, variable: StateVariable) -> Expression:
    if not variable.values:
        return TRUE
    return disjunction(
        *(equal(value, Const(known)) for known in variable.values)
    )


def _wild_attributes(
    system: System, transition: Transition
) -> Mapping[str, Expression]:
    kept = _telling_attributes(system, transition.emits)
    known = vocabulary().attributes
    return {
        name: value
        if name in kept
        else Var(f"{WILD}its.{name}", known[name].sort)
        for name, value in transition.attributes.items()
    }


def _telling_attributes(system: System, event: str | None) -> frozenset[str]:
    """The attributes that tell whose event it is: constants in which components differ (the red light
    is not the ring's)."""
    alike = [t for t in system.transitions if t.emits == event]
    names = {name for t in alike for name in t.attributes}
    return frozenset(name for name in names if _tells_alike(name, alike))


def _tells_alike(name: str, alike: list[Transition]) -> bool:
    by_component: dict[Component, set[Expression]] = {}
    for transition in alike:
        value = transition.attributes.get(name, TRUE)
        by_component.setdefault(transition.component, set()).add(value)
    values = [value for some in by_component.values() for value in some]
    all_constant = all(isinstance(value, Const) for value in values)
    return (
        len(by_component) > 1
        and all_constant
        and len(set(values)) == len(values)
    )


def _remaining_limits(
    system: System, wild: Collection[Component]
) -> Iterator[Limit]:
    """The deadlines that remain: where somebody who still has duties can do what is due."""
    for limit in system.limits:
        due = [system.transition(name) for name in limit.discharge]
        dutiful = [t.guard for t in due if t.component not in wild]
        if limit.component in wild:
            continue
        if len(dutiful) == len(due):
            yield limit
        else:
            yield replace(
                limit,
                condition=conjunction(limit.condition, disjunction(*dutiful)),
            )
