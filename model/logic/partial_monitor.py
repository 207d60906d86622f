"""A clause as a machine for logs that do not show all: each register stands twice, for what must be so and
for what may be so, and so does the verdict. `partial_semantics` is the definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    less,
    minus,
    negation,
    plus,
)
from earwitness.model.logic.elsewhere import is_unmoved
from earwitness.model.logic.formula import (
    And,
    Bound,
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
from earwitness.model.logic.monitor import (
    DEFAULT,
    EVENT,
    NEVER,
    TIME,
    ZERO,
    Register,
    attribute_input,
    comparison,
    input_values,
    inside_bound,
    presence_input,
)
from earwitness.model.logic.partial_semantics import EVERYTHING, LogView
from earwitness.model.logic.rails import (
    Rails,
    either_rails,
    join_rails,
    known_rails,
    negate_rails,
)
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class PartialMonitor:
    """As `Monitor`, with two rails. `states` names the registers of latched states.

    >>> partial = compile_partial(PROMISE, IS_TONE, LogView())
    >>> partial.trigger.must == partial.trigger.may  # whether it is a tone is always known
    True
    """

    registers: tuple[Register, ...]
    updates: Mapping[str, Expression]
    verdict: Rails
    trigger: Rails
    pending: Expression
    states: frozenset[str]


def compile_partial(
    formula: Formula, trigger: Formula, view: LogView
) -> PartialMonitor:
    """The monitor of `always formula`, exercised by the trigger, for a log with that view.

    >>> from earwitness.model.logic.parser import parse_formula
    >>> tone = parse_formula("tone")
    >>> [r.name for r in compile_partial(parse_formula("once tone"), tone, LogView()).registers]
    ['r0', 'r1', 'r2']
    """
    compiler = _Compiler(view)
    verdict = compiler.rails_of(formula)
    exercised = compiler.rails_of(trigger)
    return PartialMonitor(
        registers=tuple(compiler.registers),
        updates=dict(compiler.updates),
        verdict=verdict,
        trigger=exercised,
        pending=disjunction(*compiler.pending),
        states=frozenset(compiler.states),
    )


def lack_input(name: str) -> Var:
    """The input that says whether the event has such an attribute, and nobody told us its value.

    >>> lack_input("bytes").name
    'lacks.bytes'
    """
    return Var(f"lacks.{name}", Sort.BOOL)


def partial_input_values(seen: Observation) -> dict[str, Value]:
    """As `input_values`, with the inputs that mark what is not known.

    >>> partial_input_values(Observation(0, "d1", "wake_word"))["lacks.word"]  # nobody told us which word
    True
    """
    values = input_values(seen)
    declared = vocabulary().events[seen.event].attributes
    for name in vocabulary().attributes:
        values[f"lacks.{name}"] = (
            name in declared and name not in seen.attributes
        )
    return values


def required_input_values(seen: Observation) -> dict[str, Value]:
    """As `partial_input_values`, for a source that knows the vocabulary of today: an optional attribute that
    it does not name has no value; only of the others is not known what it did not say.

    >>> call = Observation(0, "d1", "call.start", {"leg": "device"})
    >>> partial_input_values(call)["lacks.by"], required_input_values(call)["lacks.by"]
    (True, False)
    """
    values = partial_input_values(seen)
    for name in vocabulary().events[seen.event].optional:
        values[f"lacks.{name}"] = False
    return values


@dataclass(frozen=True, slots=True)
class PartialValue:
    """What a term comes to, whether that is known, and whether it has a value that nobody told us.

    >>> PartialValue(TIME, is_known=TRUE, is_open=FALSE).may_exist
    Const(value=True)
    """

    value: Expression
    is_known: Expression
    is_open: Expression

    @property
    def may_exist(self) -> Expression:
        return disjunction(self.is_known, self.is_open)


class _Compiler:
    """Rails for each formula and a partial value for each term; what stands twice is built once."""

    def __init__(self, view: LogView) -> None:
        self.view = view
        self.sees_all = view.sees >= EVERYTHING
        self.registers: list[Register] = []
        self.updates: dict[str, Expression] = {}
        self.pending: list[Expression] = []
        self.open_waits: list[Expression] = []
        self.states: list[str] = []
        self.formulas: dict[Formula, Rails] = {}
        self.latest_values: dict[Last, PartialValue] = {}
        self.began: Expression | None = None

    def new_register(self, sort: Sort, initial: Value) -> Var:
        name = f"r{len(self.registers)}"
        self.registers.append(Register(name, sort, initial))
        return Var(name, sort)

    def update(self, register: Var, content: Expression) -> Expression:
        """The register's content from this event on."""
        self.updates[register.name] = content
        return content

    def new_rails(self, initial: bool | None) -> tuple[Var, Var]:
        """Two registers for something that is so, or not, or not known at first."""
        must = self.new_register(Sort.BOOL, initial is True)
        may = self.new_register(Sort.BOOL, initial is not False)
        return must, may

    def first_instant(self) -> Expression:
        """When the log began."""
        if self.began is None:
            register = self.new_register(Sort.INT, -1)
            self.began = self.update(
                register, choice(at_most(ZERO, register), register, TIME)
            )
        return self.began

    # Terms

    def value_of(self, term: Term) -> PartialValue:
        match term:
            case Literal(constant):
                return PartialValue(Const(constant), TRUE, FALSE)
            case Now():
                return PartialValue(TIME, TRUE, FALSE)
            case Its(attribute, _):
                known, lacking = (
                    presence_input(attribute),
                    lack_input(attribute),
                )
                return PartialValue(
                    attribute_input(attribute), known, lacking
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
                return PartialValue(total, *_join_knowledge(a, b))

    def latest_value(self, term: Last) -> PartialValue:
        if term.event not in self.view.sees:
            return PartialValue(Const(DEFAULT[term.sort]), FALSE, TRUE)
        here = equal(EVENT, Const(term.event))
        now = self.value_of(
            Now()
            if term.attribute == "time"
            else Its(term.attribute, term.sort)
        )
        content = self.new_register(term.sort, DEFAULT[term.sort])
        known = self.new_register(Sort.BOOL, False)
        lacking = self.new_register(Sort.BOOL, not self.view.is_from_start)
        return PartialValue(
            self.update(content, choice(here, now.value, content)),
            self.update(known, choice(here, now.is_known, known)),
            self.update(lacking, choice(here, now.is_open, lacking)),
        )

    # Formulas

    def rails_of(self, formula: Formula) -> Rails:
        """What is known of the formula at the current event."""
        if formula not in self.formulas:
            self.formulas[formula] = self.build(formula)
        return self.formulas[formula]

    def build(self, formula: Formula) -> Rails:
        match formula:
            case Truth(value):
                return known_rails(value)
            case Compare():
                return self.compare(formula)
            case Event(name, conditions):
                is_here = equal(EVENT, Const(name))
                return join_rails(
                    Rails(is_here, is_here), *map(self.rails_of, conditions)
                )
            case Not(operand):
                return negate_rails(self.rails_of(operand))
            case And(left, right):
                return join_rails(self.rails_of(left), self.rails_of(right))
            case Or(left, right):
                return either_rails(self.rails_of(left), self.rails_of(right))
            case Implies(left, right):
                return either_rails(
                    negate_rails(self.rails_of(left)), self.rails_of(right)
                )
            case Once(bound, operand):
                return self.since(Since(bound, Truth(True), operand))
            case Historically(bound, operand):
                return negate_rails(
                    self.since(Since(bound, Truth(True), Not(operand)))
                )
            case Since():
                return self.since(formula)
            case Previously():
                return self.previously(formula)
            case Count():
                return self.count(formula)
            case Latch():
                return self.latch(formula)
            case Deadline():
                return self.deadline(formula)

    def compare(self, formula: Compare) -> Rails:
        a = self.value_of(formula.left)
        b = self.value_of(formula.right)
        is_known, is_open = _join_knowledge(a, b)
        must = conjunction(
            is_known, comparison(formula.relation, a.value, b.value)
        )
        return Rails(must, disjunction(must, is_open))

    def since(self, formula: Since) -> Rails:
        left = self.rails_of(formula.left)
        right = self.rails_of(formula.right)
        unbroken = (
            left.must
            if self.view.outlives_the_unseen(formula.left)
            else FALSE
        )
        must = self.kept_since(right.must, unbroken, formula.bound)
        may = self.kept_since(right.may, left.may, formula.bound)
        hidden = left.may if self.view.may_be_hidden(formula.right) else FALSE
        earlier: Expression = FALSE
        if self.view.may_be_earlier(formula.right):
            always = self.new_register(Sort.BOOL, True)
            unbroken_before = self.update(
                always, conjunction(always, left.may)
            )
            earlier = conjunction(
                unbroken_before, self.reaches_back(formula.bound)
            )
        return Rails(must, disjunction(may, hidden, earlier))

    def kept_since(
        self, now: Expression, kept: Expression, bound: Bound | None
    ) -> Expression:
        """As in the plain monitor, for one rail."""
        if bound is None:
            held = self.new_register(Sort.BOOL, False)
            return self.update(
                held, disjunction(now, conjunction(kept, held))
            )
        instant = self.new_register(Sort.INT, -1)
        before = choice(kept, instant, NEVER)
        fresh = choice(now, TIME, before)
        if bound.side is Side.FOR:
            fresh = choice(
                at_most(ZERO, before), before, choice(now, TIME, NEVER)
            )
        return inside_bound(bound, self.update(instant, fresh))

    def reaches_back(self, bound: Bound | None) -> Expression:
        """Whether the bound admits events from before the log began."""
        if bound is None or bound.side is Side.FOR:
            return TRUE
        return at_most(
            minus(TIME, self.first_instant()), Const(bound.duration)
        )

    def previously(self, formula: Previously) -> Rails:
        operand, bound = formula.operand, formula.bound
        now = self.rails_of(operand)
        must, may = self.new_rails(False)
        when = self.new_register(Sort.INT, -1)
        self.update(must, now.must)
        self.update(may, now.may)
        self.update(when, TIME)
        inside = (
            at_most(ZERO, when)
            if bound is None
            else inside_bound(bound, when)
        )
        shown = Rails(conjunction(must, inside), conjunction(may, inside))
        found = (
            shown
            if self.sees_all
            else self.either_before(
                formula=formula,
                shown=shown,
                before=Rails(must, may),
                inside=inside,
            )
        )
        is_possible = self.view.may_be_hidden(
            operand
        ) or self.view.may_be_earlier(operand)
        is_first = less(when, ZERO)
        return Rails(
            conjunction(negation(is_first), found.must),
            choice(is_first, Const(is_possible), found.may),
        )

    def either_before(
        self,
        formula: Previously,
        shown: Rails,
        before: Rails,
        inside: Expression,
    ) -> Rails:
        """The event before this one is the one shown, or a later one that the log does not show."""
        unseen = known_rails(self.view.truth_of_unseen(formula.operand))
        if is_unmoved(formula.operand, self.view.sees):
            unseen = before
        side = formula.bound.side if formula.bound is not None else None
        must = FALSE if side is Side.FOR else conjunction(unseen.must, inside)
        may = (
            conjunction(unseen.may, inside)
            if side is Side.FOR
            else unseen.may
        )
        return Rails(
            conjunction(shown.must, must), disjunction(shown.may, may)
        )

    def count(self, formula: Count) -> Rails:
        now = self.rails_of(formula.operand)
        too_many = self.full(now.must, formula)
        perhaps = [
            self.full(now.may, formula),
            Const(self.view.may_be_hidden(formula.operand)),
        ]
        if self.view.may_be_earlier(formula.operand):
            perhaps.append(
                self.reaches_back(Bound(Side.WITHIN, formula.duration))
            )
        return Rails(
            negation(disjunction(too_many, *perhaps)), negation(too_many)
        )

    def full(self, now: Expression, formula: Count) -> Expression:
        """Whether more matches than allowed are recent."""
        newer: Expression = TIME
        oldest: Expression = NEVER
        for _ in range(formula.most + 1):
            instant = self.new_register(Sort.INT, -1)
            oldest = self.update(instant, choice(now, newer, instant))
            newer = instant
        return inside_bound(Bound(Side.WITHIN, formula.duration), oldest)

    def latch(self, formula: Latch) -> Rails:
        """Whether the state has the value: any event that the log does not show may have set it."""
        must_register, may_register = self.new_rails(
            False if self.view.is_from_start else None
        )
        self.states += [must_register.name, may_register.name]
        must: Expression = must_register
        may: Expression = may_register
        for value, pattern in formula.patterns:
            if self.view.may_be_hidden(pattern) and value == formula.value:
                may = TRUE
            elif self.view.may_be_hidden(pattern):
                must = FALSE
        for value, pattern in reversed(formula.patterns):
            matched = self.rails_of(pattern)
            if value == formula.value:
                must = disjunction(matched.must, must)
                may = disjunction(matched.may, may)
            else:
                must = conjunction(negation(matched.may), must)
                may = conjunction(negation(matched.must), may)
        return Rails(
            self.update(must_register, must), self.update(may_register, may)
        )

    def deadline(self, formula: Deadline) -> Rails:
        """Violated for sure where a certain trigger has no possible answer; perhaps, where a possible trigger
        has no certain answer."""
        answered = self.rails_of(formula.response)
        asked = self.rails_of(formula.trigger)
        missed = self.missed(answered.may, asked.must, formula.duration)
        perhaps = self.missed(answered.must, asked.may, formula.duration)
        self.pending.append(self.open_waits[-1])
        if self.view.may_be_hidden(formula.response):
            missed = FALSE
        if self.view.may_be_hidden(formula.trigger):
            perhaps = TRUE
        return Rails(negation(disjunction(missed, perhaps)), negation(missed))

    def missed(
        self, answered: Expression, asked: Expression, duration: int
    ) -> Expression:
        """Whether a wait was ever too long, on one rail."""
        waiting = self.new_register(Sort.INT, -1)
        missed = self.new_register(Sort.BOOL, False)
        was_open = at_most(ZERO, waiting)
        is_late = conjunction(
            was_open, less(plus(waiting, Const(duration)), TIME)
        )
        open_since = choice(was_open, waiting, choice(asked, TIME, NEVER))
        still_open = self.update(waiting, choice(answered, NEVER, open_since))
        self.open_waits.append(at_most(ZERO, still_open))
        return self.update(missed, disjunction(missed, is_late))


def _join_knowledge(
    a: PartialValue, b: PartialValue
) -> tuple[Expression, Expression]:
    """Whether two values are known together, and whether both may exist and one is open."""
    is_known = conjunction(a.is_known, b.is_known)
    return is_known, conjunction(a.may_exist, b.may_exist, negation(is_known))
