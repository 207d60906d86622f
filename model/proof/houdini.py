"""Inductive lemmas by elimination (Flanagan, Leino 2001): of many candidate two-literal clauses keep those that every step preserves.
They spare Spacer the arithmetic between a monitor's deadlines and the model's own clocks. Random runs refute most guesses before a solver is asked."""

from __future__ import annotations

from collections.abc import Sequence
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
    Var,
    at_most,
    disjunction,
    equal,
    less,
    negation,
)
from earwitness.model.logic.monitor import Monitor
from earwitness.model.proof.encoding import REGISTER, Problem
from earwitness.model.systems.random_walk import compile_expression, explore
from earwitness.model.systems.transition_system import System

Term = Any
WALK = 12_000
"""Random steps that guesses must survive."""
NOW = Var("now", Sort.INT)


def _literals(system: System) -> list[Expression]:
    """Both values of every boolean, every value of every text."""
    found: list[Expression] = []
    for v in system.variables:
        if v.sort is Sort.BOOL:
            found += [v.var, negation(v.var)]
        elif v.sort is Sort.TEXT:
            found += [
                literal
                for value in v.values
                for literal in (equal(v.var, Const(value)), negation(equal(v.var, Const(value))))
            ]
    return found


def _latches(monitor: Monitor, prefix: str) -> list[Expression]:
    """What the named states of a clause can be, read off their updates."""
    found: list[Expression] = []
    for register in monitor.registers:
        if register.sort is Sort.TEXT:
            here, values, pending = (
                Var(prefix + register.name, Sort.TEXT),
                {str(register.initial)},
                [monitor.updates[register.name]],
            )
            while pending:
                match pending.pop():
                    case Const(value):
                        values.add(str(value))
                    case Apply(Operator.ITE, (_, then, otherwise)):
                        pending += [then, otherwise]
            found += [
                literal
                for value in sorted(values)
                for literal in (equal(here, Const(value)), negation(equal(here, Const(value))))
            ]
    return found


def guess_lemmas(system: System, monitor: Monitor, prefix: str = REGISTER) -> list[Expression]:
    """Guesses about the system and about the monitor beside it."""
    state, latches = _literals(system), _latches(monitor, prefix)
    clocks: list[Expression] = [v.var for v in system.variables if v.sort is Sort.INT]
    registers = [Var(prefix + r.name, r.sort) for r in monitor.registers]
    times = [r for r in registers if r.sort is Sort.INT]
    marks = [r for r in registers if r.sort is Sort.BOOL]
    wanted = [disjunction(a, b) for a, b in combinations_with_replacement(state, 2)]
    wanted += [at_most(c, NOW) for c in clocks] + [at_most(Const(0), c) for c in clocks] + list(system.hints)
    wanted += [negation(m) for m in marks] + [at_most(r, NOW) for r in times]
    for r in times:
        never = less(r, Const(0))
        wanted += [
            disjunction(never, fact)
            for fact in (*state, *latches, *(at_most(c, r) for c in clocks), *(at_most(r, c) for c in clocks))
        ]
    wanted += [disjunction(a, b) for a in latches for b in (*state, *latches)]
    wanted += [
        disjunction(m, b) for mark in marks for m in (mark, negation(mark)) for b in (*state, *latches)
    ]
    return wanted


def drop_refuted_guesses(
    system: System, monitor: Monitor, guesses: Sequence[Expression], prefix: str = REGISTER
) -> list[Expression]:
    """The guesses that no random run refutes."""
    seen = list({tuple(s.items()): s for s in explore(system, monitor, prefix, WALK)}.values())
    truths: dict[Expression, Any] = {}

    def truth(part: Expression) -> Any:
        if part not in truths:
            holds = compile_expression(part)
            truths[part] = np.fromiter((bool(holds(s)) for s in seen), bool, len(seen))
        return truths[part]

    def survives(guess: Expression) -> bool:
        if isinstance(guess, Apply) and guess.operator is Operator.OR:
            return bool(np.logical_or.reduce([truth(part) for part in guess.arguments]).all())
        return bool(truth(guess).all())

    return [g for g in guesses if survives(g)]


def inductive_subset(problem: Problem, wanted: list[Term]) -> list[Term]:
    """The largest subset of `wanted` that holds at first and is kept by every rule."""
    start = z3.Solver()
    start.add(problem.initial)
    kept = set(_drop(start, list(enumerate(wanted))))
    touched = [
        (rule, [(n, after) for n, after in enumerate(problem.after(rule, wanted)) if after is not None])
        for rule in problem.rules
    ]
    changed = True
    while changed:
        changed = False
        for rule, moved in touched:
            pairs = [(n, after) for n, after in moved if n in kept]
            if not pairs:
                continue
            step = z3.Solver()
            step.add(rule.enabled, *(wanted[n] for n in kept))
            gone = {n for n, _ in pairs} - set(_drop(step, pairs))
            if gone:
                kept -= gone
                changed = True
    return [wanted[n] for n in sorted(kept)]


def _drop(solver: Any, pairs: list[tuple[int, Term]]) -> list[int]:
    """The numbers that stay when every term that some model of the solver falsifies is removed."""
    while pairs:
        solver.push()
        solver.add(z3.Or(*(z3.Not(after) for _, after in pairs)))
        answer = solver.check()
        if answer == z3.unsat:
            return [n for n, _ in pairs]
        if answer != z3.sat:
            return []
        model = solver.model()
        solver.pop()
        pairs = [(n, after) for n, after in pairs if z3.is_true(model.eval(after, model_completion=True))]
    return []
