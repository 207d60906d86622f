"""Expressions, transitions and promises as z3 terms. Text is interned as integers: it is only compared
for equality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import z3

from earwitness.model.expression import (
    Apply,
    Const,
    Expression,
    Operator,
    Sort,
    Value,
    Var,
)
from earwitness.model.logic.monitor import Register
from earwitness.model.systems.cone import Effect, effect_on
from earwitness.model.systems.runs import free_variables
from earwitness.model.systems.state_property import (
    NOW,
    Promise,
    StateProperty,
)
from earwitness.model.systems.transition_system import System, Transition

Term = Any
Known = dict[int, tuple[Expression, Term]]
"""Terms by the id of their expression, which is kept beside."""
REGISTER = "r!"
"""Prefix of a monitor's registers among the variables of a problem."""
TEXT_BITS, INTEGER_BITS = 8, 32
"""Bits of a text's code and of a number. Chosen: 256 texts are more than a problem has; 32 bits are enough
for the longest run (`FAR` in `unroll.py`)."""


@dataclass
class Encoding:
    """Translates within one z3 context of names.

    >>> encoding = Encoding()
    >>> encoding.code_of("on"), encoding.text_of(1), encoding.text_of(9)
    (1, 'on', 'text9')
    >>> encoding.constant("on"), encoding.number(5), encoding.text("off")
    (1, 5, 2)
    >>> encoding.variable("rail", Sort.TEXT)
    rail
    >>> encoding.term(equals(rail, "on"), bindings={})
    1 == rail
    """

    texts: dict[str, int] = field(default_factory=lambda: {"": 0})

    def code_of(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def text_of(self, code: int) -> str:
        """The text of a code; a name made up for a code that stands for any other text."""
        return next(
            (text for text, number in self.texts.items() if number == code),
            f"text{code}",
        )

    def constant(self, value: Value) -> Term:
        if isinstance(value, bool):
            return z3.BoolVal(value)
        return (
            self.number(value) if isinstance(value, int) else self.text(value)
        )

    def number(self, value: int) -> Term:
        return z3.IntVal(value)

    def text(self, value: str) -> Term:
        return z3.IntVal(self.code_of(value))

    def variable(self, name: str, sort: Sort) -> Term:
        return z3.Bool(name) if sort is Sort.BOOL else z3.Int(name)

    def term(
        self,
        expression: Expression,
        bindings: Mapping[str, Term],
        known: Known | None = None,
    ) -> Term:
        """The z3 term, variables looked up in `bindings` first. `known` keeps the terms of subexpressions
        under the same bindings: expressions share many, and making a term costs more than looking it up."""
        match expression:
            case Const(value):
                return self.constant(value)
            case Var(name, sort):
                return (
                    bindings[name]
                    if name in bindings
                    else self.variable(name, sort)
                )
            case Apply(operator, arguments):
                if known is None:
                    known = {}
                if id(expression) not in known:
                    terms = [self.term(a, bindings, known) for a in arguments]
                    term = _apply_operator(operator, terms)
                    # Kept with its expression, or another one could come to have its id.
                    known[id(expression)] = expression, term
                return known[id(expression)][1]


def _apply_operator(operator: Operator, a: list[Term]) -> Term:
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
    """Numbers of 32 bits and texts of 8, for solvers that turn all into propositions. Sound as long as
    no number comes near 2**31.

    >>> finite = FiniteEncoding()
    >>> finite.number(5).size(), finite.text("on").size(), finite.variable("rail", Sort.TEXT).size()
    (32, 8, 8)
    """

    def number(self, value: int) -> Term:
        return z3.BitVecVal(value, INTEGER_BITS)

    def text(self, value: str) -> Term:
        return z3.BitVecVal(self.code_of(value), TEXT_BITS)

    def variable(self, name: str, sort: Sort) -> Term:
        if sort is Sort.BOOL:
            return z3.Bool(name)
        return z3.BitVec(
            name, INTEGER_BITS if sort is Sort.INT else TEXT_BITS
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One transition beside the promise, over `before` and `time`: when it can happen, what follows,
    and what is said of it.

    >>> rule = encode(MICROPHONE_SYSTEM, BROKEN_PROMISE).rules[0]
    >>> rule.transition.name, rule.after["muted"]
    ('press', Not(muted))
    """

    transition: Transition
    enabled: Term
    after: Mapping[str, Term]
    verdict: Term
    trigger: Term
    event: Mapping[str, Term]
    free: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A system beside a promise as a transition system. `before` are its variables (with `now`),
    `initial` its first states, `first_verdict` what the promise says of these, `in_time` what every rule
    keeps, that time goes on and passes no limit, and `declared_texts` the closed lists of values that some
    texts have.

    >>> problem = encode(MICROPHONE_SYSTEM, BROKEN_PROMISE)
    >>> press = problem.rules[0]
    >>> problem.after(press, [problem.before["muted"], problem.before["rail"] == 0])
    [Not(muted), None]
    >>> problem.without_guards().rules[0].enabled.eq(problem.in_time)
    True
    """

    encoding: Encoding
    before: Mapping[str, Term]
    sorts: Mapping[str, Sort]
    initial: Term
    first_verdict: Term
    in_time: Term
    rules: tuple[Rule, ...]
    declared_texts: Mapping[str, tuple[str, ...]]

    def without_guards(self) -> Problem:
        """The same where every transition can happen at any time."""
        rules = (replace(rule, enabled=self.in_time) for rule in self.rules)
        return replace(self, rules=tuple(rules))

    def after(self, rule: Rule, claims: Sequence[Term]) -> list[Term | None]:
        """Each claim about the state as it reads after the rule; None where the rule does not touch it."""
        moved = [
            (v, rule.after[name])
            for name, v in self.before.items()
            if not rule.after[name].eq(v)
        ]
        # One substitution for all: z3's calls cost more than its work.
        together = z3.substitute(z3.And(*claims, True), *moved)
        results = zip(claims, together.children(), strict=False)
        return [
            None if after.eq(claim) else after for claim, after in results
        ]


def encode(
    system: System,
    promise: Promise,
    encoding: Encoding | None = None,
    prefix: str = REGISTER,
) -> Problem:
    """The product of a system and a promise.

    >>> problem = encode(MICROPHONE_SYSTEM, BROKEN_PROMISE)
    >>> sorted(problem.before)
    ['muted', 'now', 'pressed_at', 'rail']
    """
    product = _Product(
        system=system,
        promise=promise,
        encoding=encoding or Encoding(),
        prefix=prefix,
    )
    return Problem(
        encoding=product.encoding,
        before=product.before,
        sorts=product.sorts,
        initial=product.initial(),
        first_verdict=product.first_verdict(),
        in_time=product.in_time,
        rules=tuple(product.rule(t) for t in system.transitions),
        declared_texts={
            v.name: v.values for v in system.variables if v.values
        },
    )


class _Product:
    """The parts of a problem, one after another."""

    def __init__(
        self,
        system: System,
        promise: Promise,
        encoding: Encoding,
        prefix: str,
    ) -> None:
        self.system, self.promise, self.encoding, self.prefix = (
            system,
            promise,
            encoding,
            prefix,
        )
        self.registers = [
            Register(prefix + r.name, r.sort, r.initial)
            for r in promise.registers
        ]
        self.sorts = {v.name: v.sort for v in system.variables}
        self.sorts |= {r.name: r.sort for r in self.registers} | {
            NOW: Sort.INT
        }
        self.before = {
            name: encoding.variable(name, sort)
            for name, sort in self.sorts.items()
        }
        self.time = encoding.variable("time", Sort.INT)
        self.bindings = {**self.before, "time": self.time}
        # A monitor names its registers without the prefix.
        held = {
            r.name: self.before[prefix + r.name] for r in promise.registers
        }
        self.beside = {**self.bindings, **held}
        self.known: Known = {}
        self.told: dict[Expression, Term] = {}
        """What the monitor says, mostly the same of many transitions."""
        self.in_time = z3.And(self.before[NOW] <= self.time, *self.limits())

    def term(self, expression: Expression) -> Term:
        """Of the system alone."""
        return self.encoding.term(expression, self.bindings, self.known)

    def term_beside(self, expression: Expression) -> Term:
        """Of the monitor, simplified."""
        if expression not in self.told:
            term = self.encoding.term(expression, self.beside)
            self.told[expression] = z3.simplify(term)
        return self.told[expression]

    def limits(self) -> list[Term]:
        found = []
        for limit in self.system.limits:
            active = self.term(limit.condition)
            since = self.term(limit.since)
            found.append(
                z3.Implies(
                    active,
                    self.time <= since + self.encoding.number(limit.bound),
                )
            )
        return found

    def initial(self) -> Term:
        known = [
            (v.name, v.initial) for v in self.system.variables if v.initial
        ]
        known += [(r.name, (r.initial,)) for r in self.registers]
        known.append((NOW, (0,)))
        related = self.term(self.system.initially)
        return z3.And(
            *(self.begins_with(name, values) for name, values in known),
            related,
        )

    def begins_with(self, name: str, values: Sequence[Value]) -> Term:
        return z3.Or(
            *(
                self.before[name] == self.encoding.constant(value)
                for value in values
            )
        )

    def first_verdict(self) -> Term:
        if isinstance(self.promise, StateProperty):
            return self.encoding.term(self.promise.verdict, self.bindings)
        return z3.BoolVal(True)

    def rule(self, transition: Transition) -> Rule:
        effect = effect_on(self.promise, transition)
        guard = self.term(transition.guard)
        event = {
            name: self.term(e) for name, e in transition.attributes.items()
        }
        free = (
            self.encoding.variable(v.name, v.sort)
            for v in free_variables(transition)
        )
        return Rule(
            transition=transition,
            enabled=z3.And(guard, self.in_time),
            after=self.state_after(transition, effect),
            verdict=self.term_beside(effect.verdict),
            trigger=self.term_beside(effect.trigger),
            event=event,
            free=tuple(free),
        )

    def state_after(
        self, transition: Transition, effect: Effect
    ) -> dict[str, Term]:
        after = dict(self.before)
        for variable in self.system.variables:
            update = transition.updates.get(variable.name)
            if update is not None:
                after[variable.name] = self.term(update)
        for name, update in effect.updates.items():
            after[self.prefix + name] = self.term_beside(update)
        after[NOW] = self.time
        return after
