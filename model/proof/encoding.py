"""Expressions, transitions and monitors as z3 terms. Text is interned as integers, since it is only compared for equality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3

from earwitness.model.assistant.firmware import CONTROL
from earwitness.model.assistant.hardware import RAIL
from earwitness.model.expression import Apply, Const, Expression, Operator, Sort, Value, Var
from earwitness.model.logic.monitor import Monitor, Register
from earwitness.model.systems.cone import monitor_effect
from earwitness.model.systems.random_walk import free_variables
from earwitness.model.systems.transition_system import System, Transition
from earwitness.model.vocabulary import vocabulary

Term = Any
REGISTER = "r!"
"""Prefix of a monitor's registers among the variables of a problem."""


def _fixed_texts() -> list[str]:
    """Names interned first and always alike, so that lemmas found beside one monitor mean the same beside another."""
    known = vocabulary()
    return list(
        dict.fromkeys(
            ["", *known.events, *(c for a in known.attributes.values() for c in a.choices), *CONTROL, *RAIL]
        )
    )


@dataclass
class Encoding:
    """Translates within one z3 context of names."""

    texts: dict[str, int] = field(
        default_factory=lambda: {name: code for code, name in enumerate(_fixed_texts())}
    )

    def text(self, value: str) -> int:
        return self.texts.setdefault(value, len(self.texts))

    def text_of(self, code: int) -> str:
        return next((text for text, known in self.texts.items() if known == code), f"text{code}")

    def constant(self, value: Value) -> Term:
        if isinstance(value, bool):
            return z3.BoolVal(value)
        return z3.IntVal(value) if isinstance(value, int) else z3.IntVal(self.text(value))

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


class FiniteEncoding(Encoding):
    """Numbers of 32 bits and texts of 8, for solvers that turn all into propositions. Sound as long as no number comes near 2**31."""

    def constant(self, value: Value) -> Term:
        if isinstance(value, bool):
            return z3.BoolVal(value)
        return z3.BitVecVal(value, 32) if isinstance(value, int) else z3.BitVecVal(self.text(value), 8)

    def variable(self, name: str, sort: Sort) -> Term:
        return z3.Bool(name) if sort is Sort.BOOL else z3.BitVec(name, 32 if sort is Sort.INT else 8)


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

    def after(self, rule: Rule, claims: Sequence[Term]) -> list[Term | None]:
        """Each claim about the state as it reads after the rule; None where the rule does not touch it."""
        moved = [(v, rule.after[n]) for n, v in self.before.items() if not rule.after[n].eq(v)]
        # One substitution for all: the calls are dearer than the work.
        together = z3.substitute(z3.And(*claims, True), *moved)
        return [
            None if after.eq(claim) else after
            for claim, after in zip(claims, together.children(), strict=False)
        ]


def encode(
    system: System, monitor: Monitor, encoding: Encoding | None = None, prefix: str = REGISTER
) -> Problem:
    """The product of a system and a monitor."""
    encoding = encoding or Encoding()
    registers = [Register(prefix + r.name, r.sort, r.initial) for r in monitor.registers]
    sorts = (
        {v.name: v.sort for v in system.variables} | {r.name: r.sort for r in registers} | {"now": Sort.INT}
    )
    before = {name: encoding.variable(name, sort) for name, sort in sorts.items()}
    first = [
        z3.Or(*(before[v.name] == encoding.constant(value) for value in v.initial)) for v in system.variables
    ]
    first += [before[r.name] == encoding.constant(r.initial) for r in registers]
    first.append(before["now"] == encoding.constant(0))
    time = encoding.variable("time", Sort.INT)
    bindings = dict(before) | {"time": time}
    held = {r.name: before[prefix + r.name] for r in monitor.registers}
    limits = [
        z3.Implies(
            encoding.term(x.condition, bindings),
            time <= encoding.term(x.since, bindings) + encoding.constant(x.bound),
        )
        for x in system.limits
    ]
    rules = []
    for transition in system.transitions:
        seen = monitor_effect(transition, monitor)
        beside = bindings | held
        after: dict[str, Term] = {
            v.name: encoding.term(transition.updates[v.name], bindings)
            if v.name in transition.updates
            else before[v.name]
            for v in system.variables
        }
        after |= {
            prefix + r.name: z3.simplify(encoding.term(seen.updates[r.name], beside))
            for r in monitor.registers
        }
        after["now"] = time
        rules.append(
            Rule(
                transition,
                z3.And(encoding.term(transition.guard, bindings), before["now"] <= time, *limits),
                after,
                z3.simplify(encoding.term(seen.verdict, beside)),
                z3.simplify(encoding.term(seen.trigger, beside)),
                {name: encoding.term(e, bindings) for name, e in transition.attributes.items()},
                tuple(encoding.variable(v.name, v.sort) for v in free_variables(transition)),
            )
        )
    return Problem(encoding, before, sorts, z3.And(*first), tuple(rules))
