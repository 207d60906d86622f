"""Small faults, systematically: each guard condition and update dropped, each boolean flipped, each
bound widened. A promise worth proving notices."""

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
from earwitness.model.proof.encoding import Encoding, Rule, encode
from earwitness.model.systems.cone import variable_names
from earwitness.model.systems.state_property import StateProperty
from earwitness.model.systems.transition_system import (
    Limit,
    System,
    Transition,
)

DROPPED = "drop guard condition"
"""How a fault begins that only lets a row happen more often."""
WIDER = 10
"""A widened bound is this many times the old one: past every promise that rests on it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A system with one fault. `changed` is the transition that differs; None where a limit does, which
    touches all. `fault` says what was done to it, without its name.

    >>> next(mutants_of(MICROPHONE_SYSTEM)).name
    'press: drop guard condition 1'
    """

    name: str
    system: System
    changed: str | None
    fault: str = ""


def mutants_of(system: System) -> Iterator[Mutant]:
    """Every mutant of every transition and limit.

    >>> [mutant.name for mutant in mutants_of(MICROPHONE_SYSTEM)][:3]
    ['press: drop guard condition 1', 'press: drop update of muted', 'press: flip update of muted']
    """
    for transition in system.transitions:
        for fault, faulty in (
            *_change_guards(transition),
            *_change_updates(transition),
            *_change_attributes(transition),
        ):
            rows = tuple(
                faulty if t is transition else t for t in system.transitions
            )
            changed = replace(system, transitions=rows)
            yield Mutant(
                name=f"{transition.name}: {fault}",
                system=changed,
                changed=transition.name,
                fault=fault,
            )
    for limit in system.limits:
        wider = replace(limit, bound=WIDER * limit.bound)
        yield _limit_mutant(
            system=system, limit=limit, fault="widen bound", instead=(wider,)
        )
        yield _limit_mutant(
            system=system, limit=limit, fault="drop", instead=()
        )


def _limit_mutant(
    system: System, limit: Limit, fault: str, instead: tuple[Limit, ...]
) -> Mutant:
    rest = tuple(x for x in system.limits if x is not limit)
    return Mutant(
        name=f"limit {limit.name}: {fault}",
        system=replace(system, limits=(*rest, *instead)),
        changed=None,
        fault=fault,
    )


def _change_guards(
    transition: Transition,
) -> Iterator[tuple[str, Transition]]:
    if transition.guard != TRUE:
        weakened = dict.fromkeys(_weaken_guard(transition.guard))
        for number, weaker in enumerate(weakened, start=1):
            yield (
                f"{DROPPED} {number}",
                replace(transition, guard=weaker),
            )


def _weaken_guard(guard: Expression) -> Iterator[Expression]:
    """The guard without one of its conditions, at any depth of conjunctions and of disjunctions with
    conjunctions inside."""
    match guard:
        case Apply(Operator.AND, parts):
            for number, part in enumerate(parts):
                for weaker in (
                    _weaken_guard(part) if _is_compound(part) else (TRUE,)
                ):
                    yield conjunction(
                        *parts[:number], weaker, *parts[number + 1 :]
                    )
        case Apply(Operator.OR, parts) if any(map(_is_compound, parts)):
            for number, part in enumerate(parts):
                for weaker in (
                    _weaken_guard(part) if _is_compound(part) else ()
                ):
                    yield disjunction(
                        *parts[:number], weaker, *parts[number + 1 :]
                    )
        case _:
            yield TRUE


def _is_compound(e: Expression) -> bool:
    if not isinstance(e, Apply):
        return False
    if e.operator is Operator.OR:
        return any(map(_is_compound, e.arguments))
    return e.operator is Operator.AND


def _change_updates(
    transition: Transition,
) -> Iterator[tuple[str, Transition]]:
    for name, update in transition.updates.items():
        rest = {
            other: e
            for other, e in transition.updates.items()
            if other != name
        }
        yield f"drop update of {name}", replace(transition, updates=rest)
        if sort_of(update) is Sort.BOOL:
            flipped = {**transition.updates, name: negation(update)}
            yield (
                f"flip update of {name}",
                replace(transition, updates=flipped),
            )


def _change_attributes(
    transition: Transition,
) -> Iterator[tuple[str, Transition]]:
    for name, value in transition.attributes.items():
        if isinstance(value, Const) and isinstance(value.value, bool):
            flipped = {**transition.attributes, name: negation(value)}
            yield (
                f"flip {name} of {transition.emits}",
                replace(transition, attributes=flipped),
            )


def visible_variables(system: System, others: Iterable[str] = ()) -> set[str]:
    """The variables that can show: in a guard, an attribute, a limit, to `others`, or in the update of
    one that can.

    >>> sorted(visible_variables(MICROPHONE_SYSTEM))
    ['muted', 'pressed_at', 'rail', 'time']
    """
    found = set(others)
    found |= variable_names(
        e
        for t in system.transitions
        for e in (t.guard, *t.attributes.values())
    )
    found |= variable_names(
        e for x in system.limits for e in (x.condition, x.since)
    )
    while True:
        feeding = (
            e
            for t in system.transitions
            for name, e in t.updates.items()
            if name in found
        )
        more = found | variable_names(feeding)
        if more == found:
            return found
        found = more


def behaves_as(
    system: System,
    mutant: Mutant,
    common: Sequence[Any],
    encoding: Encoding,
    others: Iterable[str] = (),
) -> bool:
    """Whether every step of the mutant, from a state where the system's own invariant `common` (terms
    of `encoding`) holds, is a step of the system, as far as it can show.

    >>> mutant = next(mutants_of(MICROPHONE_SYSTEM))
    >>> behaves_as(MICROPHONE_SYSTEM, mutant, common=[], encoding=Encoding())
    False
    """
    if mutant.changed is None:
        return False
    before = _only_rule(system, mutant.changed, encoding)
    after = _only_rule(mutant.system, mutant.changed, encoding)
    shown = sorted(
        visible_variables(system, others) & {v.name for v in system.variables}
    )
    differ = [before.after[name] != after.after[name] for name in shown]
    differ += [
        before.event[name] != after.event[name] for name in before.event
    ]
    solver = z3.Solver()
    solver.add(*common, after.enabled, z3.Or(z3.Not(before.enabled), *differ))
    return bool(solver.check() == z3.unsat)


def _only_rule(system: System, transition: str, encoding: Encoding) -> Rule:
    alone = replace(system, transitions=(system.transition(transition),))
    return encode(alone, StateProperty(TRUE, TRUE), encoding).rules[0]
