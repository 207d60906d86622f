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
from earwitness.model.systems.transition_system import ENVIRONMENT, TIME, Component, Limit, System, Transition
from earwitness.model.vocabulary import vocabulary

WILD = "any.wild."
"""Prefix of what a component without duties chooses."""


def owned_variables(system: System, component: Component) -> frozenset[str]:
    """The variables that only this component and the environment write."""
    writers: dict[str, set[Component]] = {}
    for t in system.transitions:
        for name in t.updates:
            writers.setdefault(name, set()).add(t.component)
    return frozenset(name for name, who in writers.items() if who - {ENVIRONMENT} == {component})


def havoc(system: System, wild: Collection[Component]) -> System:
    """The system in which `wild` components do any of their steps at any time, with any attributes, leaving anything in the variables they own, and
    owe no deadline. An attribute that tells whose event it is stays. What they share with others (a handover) they change only where their table lets them; a clock still tells the time."""
    transitions = tuple(_wild(system, t) if t.component in wild else t for t in system.transitions)
    texts = {
        WILD + v.name: v.values or ("", *_texts(system)) for v in system.variables if v.sort is Sort.TEXT
    }
    known = vocabulary().attributes
    texts |= {
        f"{WILD}its.{name}": a.choices or ("", "any") for name, a in known.items() if a.sort is Sort.TEXT
    }
    return replace(
        system,
        transitions=transitions,
        limits=tuple(_limits(system, wild)),
        free={**system.free, **texts},
        hints=(),
    )


def _texts(system: System) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t for values in system.free.values() for t in values))


def _wild(system: System, t: Transition) -> Transition:
    own = owned_variables(system, t.component)
    variables = {v.name: v for v in system.variables}
    guards: list[Expression] = []
    updates: dict[str, Expression] = {}
    for name, update in t.updates.items():
        variable = variables[name]
        if update == TIME:
            updates[name] = TIME
        elif name not in own:
            updates[name] = choice(t.guard, update, variable.var)
        else:
            freed = Var(WILD + name, variable.sort)
            updates[name] = freed
            if variable.values:
                guards.append(disjunction(*(equal(freed, Const(v)) for v in variable.values)))
    places = _places(system, t.emits)
    attributes: Mapping[str, Expression] = {
        name: value if name in places else Var(f"{WILD}its.{name}", vocabulary().attributes[name].sort)
        for name, value in t.attributes.items()
    }
    return replace(t, guard=conjunction(*guards) if guards else TRUE, updates=updates, attributes=attributes)


def _places(system: System, event: str | None) -> frozenset[str]:
    """The attributes that tell whose event it is: constants in which components differ (the red light is not the ring's)."""
    alike = [t for t in system.transitions if t.emits == event]
    found = set()
    for name in {n for t in alike for n in t.attributes}:
        said: dict[Component, set[Expression]] = {}
        for t in alike:
            said.setdefault(t.component, set()).add(t.attributes.get(name, TRUE))
        values = [v for some in said.values() for v in some]
        if (
            len(said) > 1
            and all(isinstance(v, Const) for v in values)
            and len(set(values)) == sum(len(v) for v in said.values())
        ):
            found.add(name)
    return frozenset(found)


def _limits(system: System, wild: Collection[Component]) -> Iterator[Limit]:
    """The deadlines that remain: where somebody who still has duties can do what is due."""
    for x in system.limits:
        if x.component in wild:
            continue
        due = [system.transition(name) for name in x.discharge]
        if any(t.component in wild for t in due):
            able = disjunction(*(t.guard for t in due if t.component not in wild))
            yield replace(x, condition=conjunction(x.condition, able))
        else:
            yield x
