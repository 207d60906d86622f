"""Inductive lemmas by elimination (Flanagan, Leino 2001): of many candidate two-literal clauses keep those that every step preserves.
They spare Spacer the arithmetic between a monitor's deadlines and the model's own clocks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

import z3

from earwitness.model.expression import Sort
from earwitness.model.proof.encoding import Problem, Rule
from earwitness.model.system.table import System

Term = Any


def _literals(problem: Problem, system: System, names: Sequence[str]) -> list[Term]:
    """Both values of every boolean, every value of every text."""
    declared = {v.name: v.values for v in system.variables}
    found: list[Term] = []
    for name in names:
        here = problem.before[name]
        if problem.sorts[name] is Sort.BOOL:
            found += [here, z3.Not(here)]
        elif problem.sorts[name] is Sort.TEXT:
            values = [problem.encoding.text(v) for v in declared[name]]
            found += [literal for v in values for literal in (here == v, here != v)]
    return found


def _latch_literals(problem: Problem, name: str) -> list[Term]:
    """The values a named state of the clause can take, read off its updates."""
    here, values = problem.before[name], set()
    pending = [rule.after[name] for rule in problem.rules]
    while pending:
        term = pending.pop()
        if z3.is_int_value(term):
            values.add(term.as_long())
        elif z3.is_app_of(term, z3.Z3_OP_ITE):
            pending += [term.arg(1), term.arg(2)]
    return [literal for v in sorted(values) for literal in (here == v, here != v)]


def candidates(problem: Problem, system: System) -> tuple[list[Term], list[Term]]:
    """Candidate lemmas about the system alone, and about the monitor beside it."""
    own = [v.name for v in system.variables]
    clocks = [problem.before[n] for n in own if problem.sorts[n] is Sort.INT]
    registers = [n for n in problem.before if n not in own and n != "now"]
    now = problem.before["now"]
    state = _literals(problem, system, own)
    about_system = [z3.Or(a, b) for a, b in combinations_with_replacement(state, 2)] + [c <= now for c in clocks] + [c >= 0 for c in clocks]
    about_system += [problem.encoding.term(hint, problem.before) for hint in system.hints]
    times = [problem.before[n] for n in registers if problem.sorts[n] is Sort.INT]
    flags = [problem.before[n] for n in registers if problem.sorts[n] is Sort.BOOL]
    latches = [literal for n in registers if problem.sorts[n] is Sort.TEXT for literal in _latch_literals(problem, n)]
    about_both = [z3.Not(f) for f in flags] + [r <= now for r in times]
    about_both += [z3.Or(r < 0, fact) for r in times for fact in (*state, *(r >= c for c in clocks), *(r <= c for c in clocks))]
    about_both += [z3.Or(a, b) for a in latches for b in state] + [z3.Or(r < 0, a) for r in times for a in latches]
    return about_system, about_both


def lemmas(problem: Problem, rules: Sequence[Rule], wanted: list[Term], given: list[Term]) -> list[Term]:
    """The largest subset of `wanted` that holds at first and, with `given`, is kept by every rule."""
    start = z3.Solver()
    start.add(problem.initial)
    kept = _drop(start, [(w, w) for w in wanted])
    changed = True
    while changed:
        changed = False
        for rule in rules:
            step = z3.Solver()
            step.add(*given, rule.enabled)
            swap = [(problem.before[n], rule.after[n]) for n in problem.before if not rule.after[n].eq(problem.before[n])]
            pairs = [(w, z3.substitute(w, *swap)) for w in kept]
            touched = [p for p in pairs if not p[0].eq(p[1])]
            if not touched:
                continue
            step.add(*kept)
            left = _drop(step, touched)
            if len(left) < len(touched):
                gone = {w.get_id() for w, _ in touched} - {w.get_id() for w in left}
                kept = [w for w in kept if w.get_id() not in gone]
                changed = True
    return kept


def _drop(solver: Any, pairs: list[tuple[Term, Term]]) -> list[Term]:
    """Remove what some model of the solver falsifies, until none does."""
    while pairs:
        solver.push()
        solver.add(z3.Or(*(z3.Not(after) for _, after in pairs)))
        answer = solver.check()
        if answer == z3.unsat:
            return [w for w, _ in pairs]
        if answer != z3.sat:
            return []
        model = solver.model()
        solver.pop()
        pairs = [(w, after) for w, after in pairs if z3.is_true(model.eval(after, model_completion=True))]
    return []
