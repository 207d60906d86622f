"""A clause as a machine: registers, simultaneous updates, a verdict and a trigger. The one artefact every
engine runs."""

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
    Comparator,
    Compare,
    Count,
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
    Side,
    Since,
    Sum,
    Term,
    Truth,
)
from earwitness.model.logic.trigger import default_trigger
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary

NEVER = Const(-1)
"""Register content for an instant that has not come; times are never negative."""
ZERO = Const(0)
TIME, EVENT = Var("time", Sort.INT), Var("event", Sort.TEXT)
DEFAULT: dict[Sort, Value] = {Sort.BOOL: False, Sort.INT: 0, Sort.TEXT: ""}


@dataclass(frozen=True, slots=True)
class Register:
    """A memory cell with its content before the first event.

    >>> MONITOR.registers  # the instant of the latest wake word
    (Register(name='r0', sort=<Sort.INT: 'integer'>, initial=-1),)
    """

    name: str
    sort: Sort
    initial: Value


@dataclass(frozen=True, slots=True)
class DeadlineWait:
    """How a deadline is kept: register `waiting` has the instant of the oldest open trigger, `missed` whether
    an answer was ever late. `elapsed` is microseconds at the event that answers, and negative at every other
    event.

    >>> (wait,) = ANSWER.waits
    >>> wait.deadline.duration, wait.waiting, wait.missed
    (2000000, 'r0', 'r1')
    """

    deadline: Deadline
    waiting: str
    missed: str
    elapsed: Expression


@dataclass(frozen=True, slots=True)
class Monitor:
    """`updates` give each register its next content, from inputs and registers before the event; `verdict`
    (does the clause hold now?), `trigger` (was it exercised now?) and `pending` (is a deadline still open
    after this event?) are read from the same; so is how close each deadline came to its bound (`waits`).

    >>> len(MONITOR.registers), sorted(MONITOR.updates)
    (1, ['r0'])
    >>> MONITOR.pending  # it waits for nothing
    Const(value=False)
    """

    registers: tuple[Register, ...]
    updates: Mapping[str, Expression]
    verdict: Expression
    trigger: Expression
    pending: Expression = FALSE
    waits: tuple[DeadlineWait, ...] = ()


def compile_formula(
    formula: Formula, trigger: Formula | None = None
) -> Monitor:
    """The monitor of `always formula`, exercised by the trigger.

    >>> from earwitness.model.logic.parser import parse_formula
    >>> monitor = compile_formula(parse_formula("tone implies once within 2 s wake_word"))
    >>> [register.name for register in monitor.registers]
    ['r0']
    """
    compiler = _Compiler()
    verdict = compiler.expression_of(formula)
    exercised = compiler.expression_of(
        default_trigger(formula) if trigger is None else trigger
    )
    return Monitor(
        registers=tuple(compiler.registers),
        updates=dict(compiler.updates),
        verdict=verdict,
        trigger=exercised,
        pending=disjunction(*compiler.pending),
        waits=tuple(compiler.waits),
    )


def attribute_input(name: str) -> Var:
    """The input that holds the value of an attribute.

    >>> attribute_input("bytes")
    Var(name='its.bytes', sort=<Sort.INT: 'integer'>)
    """
    return Var(f"its.{name}", vocabulary().attributes[name].sort)


def presence_input(name: str) -> Var:
    """The input that says whether the attribute has a value.

    >>> presence_input("bytes").name
    'has.bytes'
    """
    return Var(f"has.{name}", Sort.BOOL)


@cache
def _absent_values() -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, attribute in vocabulary().attributes.items():
        values[f"has.{name}"] = False
        values[f"its.{name}"] = DEFAULT[attribute.sort]
    return values


def input_values(seen: Observation) -> dict[str, Value]:
    """The input values of one observation; attributes it lacks have a default and are marked absent.

    >>> values = input_values(Observation(5, "d1", "power", {"on": True}))
    >>> values["time"], values["its.on"], values["has.on"], values["has.kind"]
    (5, True, True, False)
    """
    values = _absent_values().copy()
    values["time"] = seen.time
    values["event"] = seen.event
    for name, value in seen.attributes.items():
        values[f"has.{name}"] = True
        values[f"its.{name}"] = value
    return values


@dataclass(frozen=True, slots=True)
class DefinedValue:
    """What a term comes to, and whether it has a value at all.

    >>> DefinedValue(TIME, TRUE).is_defined  # the time of an event is always there
    Const(value=True)
    """

    value: Expression
    is_defined: Expression


class _Compiler:
    """One expression for each formula and term; what stands twice is built once."""

    def __init__(self) -> None:
        self.registers: list[Register] = []
        self.updates: dict[str, Expression] = {}
        self.pending: list[Expression] = []
        self.waits: list[DeadlineWait] = []
        self.formulas: dict[Formula, Expression] = {}
        self.latest_values: dict[Last, DefinedValue] = {}
        self.latches: dict[tuple[str, object], Expression] = {}

    def new_register(self, sort: Sort, initial: Value) -> Var:
        name = f"r{len(self.registers)}"
        self.registers.append(Register(name, sort, initial))
        return Var(name, sort)

    def update(self, register: Var, content: Expression) -> Expression:
        """The register's content from this event on."""
        self.updates[register.name] = content
        return content

    # Terms

    def value_of(self, term: Term) -> DefinedValue:
        match term:
            case Literal(constant):
                return DefinedValue(Const(constant), TRUE)
            case Now():
                return DefinedValue(TIME, TRUE)
            case Its(attribute, _):
                return DefinedValue(
                    attribute_input(attribute), presence_input(attribute)
                )
            case Last():
                if term not in self.latest_values:
                    self.latest_values[term] = self.latest_value(term)
                return self.latest_values[term]
            case Sum(left, sign, right):
                a = self.value_of(left)
                b = self.value_of(right)
                total = (
                    plus(a.value, b.value)
                    if sign > 0
                    else minus(a.value, b.value)
                )
                return DefinedValue(
                    total, conjunction(a.is_defined, b.is_defined)
                )

    def latest_value(self, term: Last) -> DefinedValue:
        here = equal(EVENT, Const(term.event))
        now = self.value_of(
            Now()
            if term.attribute == "time"
            else Its(term.attribute, term.sort)
        )
        content = self.new_register(term.sort, DEFAULT[term.sort])
        defined = self.new_register(Sort.BOOL, False)
        return DefinedValue(
            self.update(content, choice(here, now.value, content)),
            self.update(defined, choice(here, now.is_defined, defined)),
        )

    # Formulas

    def expression_of(self, formula: Formula) -> Expression:
        """Whether the formula holds at the current event."""
        if formula not in self.formulas:
            self.formulas[formula] = self.build(formula)
        return self.formulas[formula]

    def build(self, formula: Formula) -> Expression:
        match formula:
            case Truth(constant):
                return Const(constant)
            case Compare(relation, left, right):
                a = self.value_of(left)
                b = self.value_of(right)
                return conjunction(
                    a.is_defined,
                    b.is_defined,
                    comparison(relation, a.value, b.value),
                )
            case Event(name, conditions):
                fulfilled = (
                    self.expression_of(condition) for condition in conditions
                )
                return conjunction(equal(EVENT, Const(name)), *fulfilled)
            case Not(operand):
                return negation(self.expression_of(operand))
            case And(left, right):
                return conjunction(
                    self.expression_of(left), self.expression_of(right)
                )
            case Or(left, right):
                return disjunction(
                    self.expression_of(left), self.expression_of(right)
                )
            case Implies(left, right):
                return implication(
                    self.expression_of(left), self.expression_of(right)
                )
            case Previously(bound, operand):
                return self.previously(bound, operand)
            case Once(bound, operand):
                return self.kept_since(
                    self.expression_of(operand), TRUE, bound
                )
            case Historically(bound, operand):
                return negation(
                    self.kept_since(
                        negation(self.expression_of(operand)), TRUE, bound
                    )
                )
            case Since(bound, left, right):
                return self.kept_since(
                    self.expression_of(right), self.expression_of(left), bound
                )
            case Count(most, duration, operand):
                return self.count(self.expression_of(operand), most, duration)
            case Latch(_, value, _):
                return equal(self.latched_value(formula), Const(value))
            case Deadline():
                return self.deadline(formula)

    def previously(self, bound: Bound | None, operand: Formula) -> Expression:
        held = self.new_register(Sort.BOOL, False)
        self.update(held, self.expression_of(operand))
        if bound is None:
            return held
        when = self.new_register(Sort.INT, -1)
        self.update(when, TIME)
        return conjunction(held, inside_bound(bound, when))

    def kept_since(
        self, now: Expression, kept: Expression, bound: Bound | None
    ) -> Expression:
        """Whether `now` held once, inside the bound, and `kept` at each event after it. Of several such
        instants the latest decides a bound `within`, the earliest a bound `for`."""
        if bound is None:
            held = self.new_register(Sort.BOOL, False)
            return self.update(
                held, disjunction(now, conjunction(kept, held))
            )
        instant = self.new_register(Sort.INT, -1)
        before = choice(kept, instant, NEVER)
        if bound.side is Side.WITHIN:
            return inside_bound(
                bound, self.update(instant, choice(now, TIME, before))
            )
        earliest = choice(
            at_most(ZERO, before), before, choice(now, TIME, NEVER)
        )
        return inside_bound(bound, self.update(instant, earliest))

    def count(self, now: Expression, most: int, duration: int) -> Expression:
        """The instants of the last `most + 1` matches, the latest first: too many where the last is
        recent."""
        instants = [self.new_register(Sort.INT, -1) for _ in range(most + 1)]
        newer: Expression = TIME
        oldest: Expression = NEVER
        for instant in instants:
            oldest = self.update(instant, choice(now, newer, instant))
            newer = instant
        return negation(inside_bound(Bound(Side.WITHIN, duration), oldest))

    def latched_value(self, formula: Latch) -> Expression:
        key = (formula.state, formula.patterns)
        if key not in self.latches:
            content = self.new_register(Sort.TEXT, "")
            fresh: Expression = content
            for value, pattern in reversed(formula.patterns):
                fresh = choice(
                    self.expression_of(pattern), Const(value), fresh
                )
            self.latches[key] = self.update(content, fresh)
        return self.latches[key]

    def deadline(self, formula: Deadline) -> Expression:
        """It is enough to remember the oldest open trigger: each answer closes all of them."""
        answered = self.expression_of(formula.response)
        asked = self.expression_of(formula.trigger)
        waiting = self.new_register(Sort.INT, -1)
        missed = self.new_register(Sort.BOOL, False)
        was_open = at_most(ZERO, waiting)
        is_late = conjunction(
            was_open, less(plus(waiting, Const(formula.duration)), TIME)
        )
        self.update(missed, disjunction(missed, is_late))
        open_since = choice(was_open, waiting, choice(asked, TIME, NEVER))
        still_open = self.update(waiting, choice(answered, NEVER, open_since))
        self.pending.append(at_most(ZERO, still_open))
        is_answered = conjunction(answered, at_most(ZERO, open_since))
        elapsed = choice(is_answered, minus(TIME, open_since), NEVER)
        self.waits.append(
            DeadlineWait(
                deadline=formula,
                waiting=waiting.name,
                missed=missed.name,
                elapsed=elapsed,
            )
        )
        return negation(self.updates[missed.name])


def inside_bound(bound: Bound, instant: Expression) -> Expression:
    """Whether the instant has come and lies inside the bound, seen from now.

    >>> from earwitness.model.expression import python_source
    >>> python_source(inside_bound(Bound(Side.WITHIN, 5), Var("r0", Sort.INT)), str)
    '((0 <= r0) and ((time - 5) <= r0))'
    """
    limit = minus(TIME, Const(bound.duration))
    inside = (
        at_most(limit, instant)
        if bound.side is Side.WITHIN
        else at_most(instant, limit)
    )
    return conjunction(at_most(ZERO, instant), inside)


def comparison(
    relation: Comparator, a: Expression, b: Expression
) -> Expression:
    """The relation in the few operators that expressions have.

    >>> comparison(Comparator.GT, ZERO, TIME) == less(TIME, ZERO)
    True
    """
    match relation:
        case Comparator.EQ:
            return equal(a, b)
        case Comparator.NE:
            return negation(equal(a, b))
        case Comparator.LT:
            return less(a, b)
        case Comparator.LE:
            return at_most(a, b)
        case Comparator.GT:
            return less(b, a)
        case Comparator.GE:
            return at_most(b, a)
