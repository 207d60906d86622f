"""Inductive lemmas by elimination (Flanagan, Leino 2001): of many candidate two-literal clauses keep
those that every step preserves. They spare Spacer the arithmetic between a monitor's deadlines and
the model's own clocks. Random runs refute most guesses before a solver is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import z3

from earwitness.model.expression import (
    Apply,
    Const,
    Expression,
    Operator,
    Sort,
    Value,
    Var,
    at_most,
    disjunction,
    equal,
    less,
    negation,
)
from earwitness.model.logic.monitor import Register
from earwitness.model.proof.encoding import REGISTER, Problem, Rule, Term
from earwitness.model.systems.random_walk import compile_expression, explore
from earwitness.model.systems.state_property import Promise
from earwitness.model.systems.transition_system import StateVariable, System

STEPS_TO_SURVIVE = 12_000
"""Random steps that a guess must survive: with a tenth, Houdini had to refute most guesses itself,
which is slower."""
NOW = Var("now", Sort.INT)


def guess_lemmas(
    system: System, promise: Promise, prefix: str = REGISTER
) -> list[Expression]:
    """Guesses about the system, and about the promise's registers beside it.

    >>> len(guess_lemmas(MICROPHONE_SYSTEM, KEPT_PROMISE)) > 10
    True
    """
    guesses = _Guesses(system, promise, prefix)
    return [
        *guesses.about_state(),
        *guesses.about_clocks(),
        *system.hints,
        *guesses.about_registers(),
    ]


class _Guesses:
    def __init__(self, system: System, promise: Promise, prefix: str) -> None:
        registers = [
            Register(prefix + r.name, r.sort, r.initial)
            for r in promise.registers
        ]
        results = {
            prefix + name: update for name, update in promise.updates.items()
        }
        self.facts = [
            fact for v in system.variables for fact in _facts_about(v)
        ]
        self.latched = [
            fact
            for r in registers
            for fact in _facts_about_latch(r, results[r.name])
        ]
        self.clocks: list[Expression] = [
            v.var for v in system.variables if v.sort is Sort.INT
        ]
        self.instants = [
            Var(r.name, r.sort) for r in registers if r.sort is Sort.INT
        ]
        self.marks = [
            Var(r.name, r.sort) for r in registers if r.sort is Sort.BOOL
        ]

    def about_state(self) -> Iterator[Expression]:
        for first, second in combinations_with_replacement(self.facts, 2):
            yield disjunction(first, second)

    def about_clocks(self) -> Iterator[Expression]:
        for clock in self.clocks:
            yield at_most(clock, NOW)
            yield at_most(Const(0), clock)

    def about_registers(self) -> Iterator[Expression]:
        known = [*self.facts, *self.latched]
        for mark in self.marks:
            yield negation(mark)
        for instant in self.instants:
            yield at_most(instant, NOW)
            yield from self.about_instant(instant)
        for fact in self.latched:
            yield from (disjunction(fact, other) for other in known)
        for mark in self.marks:
            yield from (disjunction(mark, fact) for fact in known)
            yield from (disjunction(negation(mark), fact) for fact in known)

    def about_instant(self, instant: Var) -> Iterator[Expression]:
        """Where the register holds an instant at all, a fact holds, or a clock of the model is before
        or after it."""
        unset = less(instant, Const(0))
        compared = [at_most(clock, instant) for clock in self.clocks]
        compared += [at_most(instant, clock) for clock in self.clocks]
        for fact in (*self.facts, *self.latched, *compared):
            yield disjunction(unset, fact)


def _facts_about(variable: StateVariable) -> list[Expression]:
    """Both values of a boolean, every value of a text."""
    if variable.sort is Sort.BOOL:
        return [variable.var, negation(variable.var)]
    return (
        _either_value(variable.var, variable.values)
        if variable.sort is Sort.TEXT
        else []
    )


def _either_value(variable: Var, values: Sequence[Value]) -> list[Expression]:
    found: list[Expression] = []
    for value in values:
        found += [
            equal(variable, Const(value)),
            negation(equal(variable, Const(value))),
        ]
    return found


def _facts_about_latch(
    register: Register, update: Expression
) -> list[Expression]:
    """What a named state of a clause can be, read off its update."""
    if register.sort is not Sort.TEXT:
        return []
    values = {str(register.initial)}
    pending = [update]
    while pending:
        match pending.pop():
            case Const(value):
                values.add(str(value))
            case Apply(Operator.ITE, (_, then, otherwise)):
                pending += [then, otherwise]
    return _either_value(Var(register.name, Sort.TEXT), sorted(values))


def drop_refuted_guesses(
    system: System,
    promise: Promise,
    guesses: Sequence[Expression],
    prefix: str = REGISTER,
) -> list[Expression]:
    """The guesses that no random run refutes.

    >>> never_negative = at_most(Const(0), pressed_at)
    >>> kept = drop_refuted_guesses(MICROPHONE_SYSTEM, KEPT_PROMISE, [muted, never_negative])
    >>> kept == [never_negative]
    True
    """
    states = explore(
        system=system, promise=promise, prefix=prefix, steps=STEPS_TO_SURVIVE
    )
    table = _TruthTable(
        [dict(found) for found in {tuple(state.items()) for state in states}]
    )
    return [guess for guess in guesses if table.holds_everywhere(guess)]


class _TruthTable:
    """The truth of conditions in many states, each part computed once."""

    def __init__(self, states: list[dict[str, Value]]) -> None:
        self.states = states
        self.known: dict[Expression, Any] = {}

    def truth(self, condition: Expression) -> Any:
        if condition not in self.known:
            holds = compile_expression(condition)
            truths = (bool(holds(state)) for state in self.states)
            self.known[condition] = np.fromiter(
                truths, bool, len(self.states)
            )
        return self.known[condition]

    def holds_everywhere(self, guess: Expression) -> bool:
        if isinstance(guess, Apply) and guess.operator is Operator.OR:
            return bool(
                np.logical_or.reduce(
                    [self.truth(part) for part in guess.arguments]
                ).all()
            )
        return bool(self.truth(guess).all())


def inductive_subset(problem: Problem, wanted: Sequence[Term]) -> list[Term]:
    """The largest subset of `wanted` that holds at first and is kept by every rule.

    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> muted_now, pressed, now = (problem.before[name] for name in ("muted", "pressed_at", "now"))
    >>> inductive_subset(problem, [muted_now, pressed <= now])  # a device need not be muted
    [pressed_at <= now]
    """
    start = z3.Solver()
    start.add(problem.initial)
    kept = set(_drop_falsified(start, list(enumerate(wanted))))
    touched = [
        (rule, _number_terms(problem.after(rule, wanted)))
        for rule in problem.rules
    ]
    is_stable = False
    while not is_stable:
        is_stable = True
        for rule, moved in touched:
            lost = _lost_by(rule=rule, moved=moved, kept=kept, wanted=wanted)
            kept -= lost
            is_stable = is_stable and not lost
    return [wanted[number] for number in sorted(kept)]


def _number_terms(terms: list[Term | None]) -> list[tuple[int, Term]]:
    return [
        (number, term)
        for number, term in enumerate(terms)
        if term is not None
    ]


def _lost_by(
    rule: Rule,
    moved: list[tuple[int, Term]],
    kept: set[int],
    wanted: Sequence[Term],
) -> set[int]:
    """The numbers of kept lemmas that the rule does not preserve."""
    pairs = [(number, after) for number, after in moved if number in kept]
    if not pairs:
        return set()
    step = z3.Solver()
    step.add(rule.enabled, *(wanted[number] for number in kept))
    return {number for number, _ in pairs} - set(_drop_falsified(step, pairs))


def _drop_falsified(solver: Any, pairs: list[tuple[int, Term]]) -> list[int]:
    """The numbers that stay when every term that some model of the solver falsifies is removed."""
    while pairs:
        solver.push()
        solver.add(z3.Or(*(z3.Not(term) for _, term in pairs)))
        answer = solver.check()
        if answer == z3.unsat:
            return [number for number, _ in pairs]
        if answer != z3.sat:
            # No answer is no lemma.
            return []
        model = solver.model()
        solver.pop()
        pairs = [
            (number, term)
            for number, term in pairs
            if _is_true_in(model, term)
        ]
    return []


def _is_true_in(model: Any, term: Term) -> bool:
    return bool(z3.is_true(model.eval(term, model_completion=True)))
