"""Expressions, transitions and monitors as z3 terms. Text is interned as integers, since it is only compared for equality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import z3

from earwitness.model.expression import Apply, Const, Expression, Operator, Sort, Value, Var, variables
from earwitness.model.logic.monitor import DEFAULT, Monitor, Register
from earwitness.model.system.device import CONTROL, RAIL
from earwitness.model.system.table import System, Transition
from earwitness.model.vocabulary import vocabulary

Term = Any


def _fixed_texts() -> list[str]:
    """Names interned first and always alike, so that lemmas found beside one monitor mean the same beside another."""
    known = vocabulary()
    return list(dict.fromkeys(["", *known.events, *(c for a in known.attributes.values() for c in a.choices), *CONTROL, *RAIL]))


@dataclass
class Encoding:
    """Translates within one z3 context of names."""

    texts: dict[str, int] = field(default_factory=lambda: {name: code for code, name in enumerate(_fixed_texts())})

    def text(self, value: str) -> int:
        return self.texts.setdefault(value, len(self.texts))

    def text_of(self, code: int) -> str:
        return next((text for text, known in self.texts.items() if known == code), f"text{code}")

    def constant(self, value: Value) -> Term:
        if isinstance(value, bool):
            return z3.BoolVal(value)
        return z3.IntVal(value if isinstance(value, int) else self.text(value))

    def variable(self, name: str, sort: Sort) -> Term:
        return z3.Bool(name) if sort is Sort.BOOL else z3.Int(name)

    def term(self, expression: Expression, bindings: Mapping[str, Term]) -> Term:
        """The z3 term, variables looked up in `bindings` first."""
        match expression:
            case Const(value):
                return self.constant(value)
            case Var(name, sort):
                return bindings[name] if name in bindings else self.variable(name, sort)
            case Apply(operator, arguments):
                a = [self.term(argument, bindings) for argument in arguments]
                match operator:
                    case Operator.NOT:
                        return z3.Not(a[0])
                    case Operator.AND:
                        return z3.And(*a)
                    case Operator.OR:
                        return z3.Or(*a)
                    case Operator.EQ:
                        return a[0] == a[1]
                    case Operator.LT:
                        return a[0] < a[1]
                    case Operator.LE:
                        return a[0] <= a[1]
                    case Operator.ADD:
                        return a[0] + a[1]
                    case Operator.SUB:
                        return a[0] - a[1]
                    case Operator.ITE:
                        return z3.If(a[0], a[1], a[2])


@dataclass(frozen=True, slots=True)
class Rule:
    """One transition beside the monitor, over `before` and `time`: when it can happen, what follows, and what the monitor says."""

    transition: Transition
    enabled: Term
    after: Mapping[str, Term]
    verdict: Term
    trigger: Term
    event: Mapping[str, Term]
    free: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A system beside a monitor as a transition system: `before` are its variables (with `now`), `initial` its first states."""

    encoding: Encoding
    before: Mapping[str, Term]
    sorts: Mapping[str, Sort]
    initial: Term
    rules: tuple[Rule, ...]


def _inputs(encoding: Encoding, transition: Transition, bindings: Mapping[str, Term]) -> dict[str, Term]:
    values: dict[str, Term] = {"event": encoding.constant(transition.event)}
    for name, attribute in vocabulary().attributes.items():
        present = name in transition.attributes
        values[f"has.{name}"] = z3.BoolVal(present)
        default = encoding.constant(DEFAULT[attribute.sort])
        values[f"its.{name}"] = encoding.term(transition.attributes[name], bindings) if present else default
    return values


def encode(system: System, monitor: Monitor, prefix: str = "r!") -> Problem:
    """The product of a system and a monitor."""
    encoding = Encoding()
    registers = [Register(prefix + r.name, r.sort, r.initial) for r in monitor.registers]
    sorts = {v.name: v.sort for v in system.variables} | {r.name: r.sort for r in registers} | {"now": Sort.INT}
    before = {name: encoding.variable(name, sort) for name, sort in sorts.items()}
    first = [z3.Or(*(before[v.name] == encoding.constant(value) for value in v.initial)) for v in system.variables]
    first += [before[r.name] == encoding.constant(r.initial) for r in registers]
    first.append(before["now"] == 0)
    time = z3.Int("time")
    bindings = dict(before) | {"time": time}
    held = {r.name: before[prefix + r.name] for r in monitor.registers}
    limits = [z3.Implies(encoding.term(x.condition, bindings), time <= encoding.term(x.since, bindings) + x.bound) for x in system.limits]
    rules = []
    for transition in system.transitions:
        event = _inputs(encoding, transition, bindings)
        seen = event | held | {"time": time}
        after: dict[str, Term] = {
            v.name: encoding.term(transition.updates[v.name], bindings) if v.name in transition.updates else before[v.name] for v in system.variables
        }
        after |= {prefix + r.name: z3.simplify(encoding.term(monitor.updates[r.name], seen)) for r in monitor.registers}
        after["now"] = time
        rules.append(
            Rule(
                transition,
                z3.And(encoding.term(transition.guard, bindings), before["now"] <= time, *limits),
                after,
                z3.simplify(encoding.term(monitor.verdict, seen)),
                z3.simplify(encoding.term(monitor.trigger, seen)),
                {name: event[f"its.{name}"] for name in transition.attributes},
                tuple(encoding.variable(v.name, v.sort) for v in sorted(variables(transition.guard), key=str) if v.name.startswith("any."))
                + tuple(
                    encoding.variable(v.name, v.sort)
                    for e in transition.attributes.values()
                    for v in variables(e)
                    if v.name.startswith("any.") and v not in variables(transition.guard)
                ),
            )
        )
    return Problem(encoding, before, sorts, z3.And(*first), tuple(rules))
