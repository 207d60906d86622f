"""A clause as a machine: registers, simultaneous updates, a verdict and a trigger. The one artefact every engine runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from earwitness.model.expression import (
    FALSE,
    TRUE,
    Const,
    Expression,
    Sort,
    Value,
    Var,
    at_most,
    choice,
    conjunction,
    disjunction,
    equal,
    implication,
    less,
    minus,
    negation,
    plus,
)
from earwitness.model.logic.formula import (
    And,
    Bound,
    Compare,
    Deadline,
    Event,
    Formula,
    Historically,
    Implies,
    Its,
    Last,
    Latch,
    Literal,
    Not,
    Now,
    Once,
    Or,
    Previously,
    Relation,
    Side,
    Since,
    Sum,
    Term,
    Truth,
)
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary

NEVER = Const(-1)
"""Register content for an instant that has not come; times are never negative."""
TIME, EVENT = Var("time", Sort.INT), Var("event", Sort.TEXT)
DEFAULT: dict[Sort, Value] = {Sort.BOOL: False, Sort.INT: 0, Sort.TEXT: ""}


@dataclass(frozen=True, slots=True)
class Register:
    name: str
    sort: Sort
    initial: Value


@dataclass(frozen=True, slots=True)
class Monitor:
    """`updates` give each register its next content, from inputs and registers before the event; `verdict` (does the clause hold now?),
    `trigger` (was it exercised now?) and `pending` (is a deadline still open after this event?) are read from the same."""

    registers: tuple[Register, ...]
    updates: Mapping[str, Expression]
    verdict: Expression
    trigger: Expression
    pending: Expression = FALSE


def attribute_input(name: str) -> Var:
    return Var(f"its.{name}", vocabulary().attributes[name].sort)


def presence_input(name: str) -> Var:
    return Var(f"has.{name}", Sort.BOOL)


@cache
def _absent() -> dict[str, Value]:
    known = vocabulary().attributes
    return {f"has.{name}": False for name in known} | {
        f"its.{name}": DEFAULT[a.sort] for name, a in known.items()
    }


def input_values(seen: Observation) -> dict[str, Value]:
    """The input values of one observation; attributes it lacks have a default and are marked absent."""
    values = _absent().copy()
    values["time"], values["event"] = seen.time, seen.event
    for name, value in seen.attributes.items():
        values[f"has.{name}"] = True
        values[f"its.{name}"] = value
    return values


class _Compiler:
    def __init__(self) -> None:
        self.registers: list[Register] = []
        self.updates: dict[str, Expression] = {}
        self.known: dict[Formula | Term | tuple[str, object], Expression] = {}
        self.pending: list[Expression] = []

    def register(self, sort: Sort, initial: Value) -> Var:
        name = f"r{len(self.registers)}"
        self.registers.append(Register(name, sort, initial))
        return Var(name, sort)

    def term(self, term: Term) -> tuple[Expression, Expression]:
        """Value and definedness."""
        match term:
            case Literal(constant):
                return Const(constant), TRUE
            case Now():
                return TIME, TRUE
            case Its(attribute, _):
                return attribute_input(attribute), presence_input(attribute)
            case Last(event, attribute, sort):
                here = equal(EVENT, Const(event))
                source, present = (
                    (TIME, TRUE)
                    if attribute == "time"
                    else (attribute_input(attribute), presence_input(attribute))
                )
                held = self.known.get(("value", term))
                if held is None:
                    content, seen = self.register(sort, DEFAULT[sort]), self.register(Sort.BOOL, False)
                    self.updates[content.name] = choice(here, source, content)
                    self.updates[seen.name] = choice(here, present, seen)
                    self.known["value", term], self.known["seen", term] = (
                        self.updates[content.name],
                        self.updates[seen.name],
                    )
                return self.known["value", term], self.known["seen", term]
            case Sum(left, sign, right):
                a, defined_a = self.term(left)
                b, defined_b = self.term(right)
                return (plus(a, b) if sign > 0 else minus(a, b)), conjunction(defined_a, defined_b)

    def formula(self, formula: Formula) -> Expression:
        if formula not in self.known:
            self.known[formula] = self.build(formula)
        return self.known[formula]

    def instant(
        self, now: Expression, kept: Expression, bound: Bound, latest: bool, register: Var
    ) -> Expression:
        """The latest (or earliest) instant of `now`, kept while `kept`, compared with the bound."""
        before = choice(kept, register, NEVER)
        fresh = (
            choice(now, TIME, before)
            if latest
            else choice(at_most(Const(0), before), before, choice(now, TIME, NEVER))
        )
        self.updates[register.name] = fresh
        return self.aged(fresh, bound)

    def aged(self, instant: Expression, bound: Bound) -> Expression:
        limit = minus(TIME, Const(bound.duration))
        return conjunction(
            at_most(Const(0), instant),
            at_most(limit, instant) if bound.side is Side.WITHIN else at_most(instant, limit),
        )

    def once(self, now: Expression, kept: Expression, bound: Bound | None) -> Expression:
        if bound is None:
            held = self.register(Sort.BOOL, False)
            self.updates[held.name] = disjunction(now, conjunction(kept, held))
            return self.updates[held.name]
        return self.instant(now, kept, bound, bound.side is Side.WITHIN, self.register(Sort.INT, -1))

    def build(self, formula: Formula) -> Expression:
        match formula:
            case Truth(constant):
                return Const(constant)
            case Compare(relation, left, right):
                a, defined_a = self.term(left)
                b, defined_b = self.term(right)
                return conjunction(defined_a, defined_b, _relation(relation, a, b))
            case Event(name, conditions):
                return conjunction(equal(EVENT, Const(name)), *(self.formula(c) for c in conditions))
            case Not(operand):
                return negation(self.formula(operand))
            case And(left, right):
                return conjunction(self.formula(left), self.formula(right))
            case Or(left, right):
                return disjunction(self.formula(left), self.formula(right))
            case Implies(left, right):
                return implication(self.formula(left), self.formula(right))
            case Previously(bound, operand):
                held = self.register(Sort.BOOL, False)
                self.updates[held.name] = self.formula(operand)
                if bound is None:
                    return held
                when = self.register(Sort.INT, -1)
                self.updates[when.name] = TIME
                return conjunction(held, self.aged(when, bound))
            case Once(bound, operand):
                return self.once(self.formula(operand), TRUE, bound)
            case Historically(bound, operand):
                return negation(self.once(negation(self.formula(operand)), TRUE, bound))
            case Since(bound, left, right):
                return self.once(self.formula(right), self.formula(left), bound)
            case Latch(state, wanted, patterns):
                shared = ("latch", (state, patterns))
                if shared not in self.known:
                    content = self.register(Sort.TEXT, "")
                    fresh: Expression = content
                    for name, pattern in reversed(patterns):
                        fresh = choice(self.formula(pattern), Const(name), fresh)
                    self.updates[content.name] = self.known[shared] = fresh
                return equal(self.known[shared], Const(wanted))
            case Deadline(response, duration, trigger):
                return self.deadline(self.formula(response), duration, self.formula(trigger))

    def deadline(self, answered: Expression, duration: int, asked: Expression) -> Expression:
        waiting, missed = self.register(Sort.INT, -1), self.register(Sort.BOOL, False)
        late = conjunction(at_most(Const(0), waiting), less(plus(waiting, Const(duration)), TIME))
        self.updates[missed.name] = disjunction(missed, late)
        open_since = choice(at_most(Const(0), waiting), waiting, choice(asked, TIME, NEVER))
        self.updates[waiting.name] = choice(answered, NEVER, open_since)
        self.pending.append(at_most(Const(0), self.updates[waiting.name]))
        return negation(self.updates[missed.name])


def _relation(relation: Relation, a: Expression, b: Expression) -> Expression:
    match relation:
        case Relation.EQ:
            return equal(a, b)
        case Relation.NE:
            return negation(equal(a, b))
        case Relation.LT:
            return less(a, b)
        case Relation.LE:
            return at_most(a, b)
        case Relation.GT:
            return less(b, a)
        case Relation.GE:
            return at_most(b, a)


def default_trigger(formula: Formula) -> Formula:
    """What exercises a formula: the left side of an implication, the trigger of a deadline, either side of a conjunction."""
    match formula:
        case Implies(left, _):
            return left
        case Deadline(_, _, trigger):
            return trigger
        case And(left, right):
            return Or(default_trigger(left), default_trigger(right))
    return Truth(True)


def compile_formula(formula: Formula, trigger: Formula | None = None) -> Monitor:
    """The monitor of `always formula`."""
    compiler = _Compiler()
    verdict = compiler.formula(formula)
    exercised = compiler.formula(trigger if trigger is not None else default_trigger(formula))
    pending = disjunction(*compiler.pending)
    return Monitor(tuple(compiler.registers), dict(compiler.updates), verdict, exercised, pending)
