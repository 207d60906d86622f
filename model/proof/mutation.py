"""Small faults, systematically: each guard condition and update dropped, each boolean flipped, each bound widened. A promise worth proving notices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import z3

from earwitness.model.expression import (
    TRUE,
    Apply,
    Const,
    Expression,
    Operator,
    Sort,
    conjunction,
    disjunction,
    negation,
    sort_of,
)
from earwitness.model.proof.encoding import Encoding, encode
from earwitness.model.proof.spacer import state_monitor
from earwitness.model.systems.cone import variable_names
from earwitness.model.systems.transition_system import System, Transition

WIDER = 10
"""A widened bound is this many times the old one."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A system with one fault. `changed` is the transition that differs; None where a limit does, which touches all."""

    name: str
    system: System
    changed: str | None


def mutants_of(system: System) -> Iterator[Mutant]:
    """Every mutant of every transition and limit."""
    for t in system.transitions:
        for name, mutated in (*_guards(t), *_updates(t), *_attributes(t)):
            yield Mutant(
                f"{t.name}: {name}",
                replace(system, transitions=tuple(mutated if x is t else x for x in system.transitions)),
                t.name,
            )
    for x in system.limits:
        rest = tuple(y for y in system.limits if y is not x)
        wider = replace(x, bound=WIDER * x.bound)
        yield Mutant(f"limit {x.name}: widen bound", replace(system, limits=(*rest, wider)), None)
        yield Mutant(f"limit {x.name}: drop", replace(system, limits=rest), None)


def _guards(t: Transition) -> Iterator[tuple[str, Transition]]:
    if t.guard == TRUE:
        return
    for number, weaker in enumerate(dict.fromkeys(_weakened(t.guard)), start=1):
        yield f"drop guard condition {number}", replace(t, guard=weaker)


def _weakened(guard: Expression) -> Iterator[Expression]:
    """The guard without one of its conditions, at any depth of conjunctions and of disjunctions with conjunctions inside."""
    match guard:
        case Apply(Operator.AND, parts):
            for number, part in enumerate(parts):
                for weaker in _weakened(part) if _compound(part) else (TRUE,):
                    yield conjunction(*parts[:number], weaker, *parts[number + 1 :])
        case Apply(Operator.OR, parts) if any(_compound(p) for p in parts):
            for number, part in enumerate(parts):
                if _compound(part):
                    for weaker in _weakened(part):
                        yield disjunction(*parts[:number], weaker, *parts[number + 1 :])
        case _:
            yield TRUE


def _compound(e: Expression) -> bool:
    return isinstance(e, Apply) and (
        e.operator is Operator.AND or (e.operator is Operator.OR and any(_compound(a) for a in e.arguments))
    )


def _updates(t: Transition) -> Iterator[tuple[str, Transition]]:
    for name, update in t.updates.items():
        yield f"drop update of {name}", replace(t, updates={n: e for n, e in t.updates.items() if n != name})
        if sort_of(update) is Sort.BOOL:
            yield f"flip update of {name}", replace(t, updates={**t.updates, name: negation(update)})


def _attributes(t: Transition) -> Iterator[tuple[str, Transition]]:
    for name, value in t.attributes.items():
        if isinstance(value, Const) and isinstance(value.value, bool):
            yield f"flip {name} of {t.emits}", replace(t, attributes={**t.attributes, name: negation(value)})


def visible_variables(system: System, others: Iterable[str] = ()) -> set[str]:
    """The variables that can show: in a guard, an attribute, a limit, to `others`, or in the update of one that can."""
    found = set(others)
    found |= variable_names(e for t in system.transitions for e in (t.guard, *t.attributes.values()))
    found |= variable_names(e for x in system.limits for e in (x.condition, x.since))
    while True:
        more = (
            variable_names(e for t in system.transitions for n, e in t.updates.items() if n in found) | found
        )
        if more == found:
            return found
        found = more


def behaves_as(
    system: System, mutant: Mutant, common: Sequence[Any], encoding: Encoding, others: Iterable[str] = ()
) -> bool:
    """Whether every step of the mutant, from a state where the system's own invariant `common` (terms of `encoding`) holds, is a step of the system, as far as it can show."""
    if mutant.changed is None:
        return False
    alone = state_monitor(TRUE, TRUE)
    old, new = (
        encode(replace(s, transitions=(s.transition(mutant.changed),)), alone, encoding)
        for s in (system, mutant.system)
    )
    (was,), (now,) = old.rules, new.rules
    differ = [
        was.after[n] != now.after[n]
        for n in sorted(visible_variables(system, others) & {v.name for v in system.variables})
    ]
    differ += [was.event[n] != now.event[n] for n in was.event]
    solver = z3.Solver()
    solver.add(*common, now.enabled, z3.Or(z3.Not(was.enabled), *differ))
    return bool(solver.check() == z3.unsat)
