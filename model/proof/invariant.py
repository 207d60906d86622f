"""Inductive invariants as lists of conjuncts: checked, cut down to what is needed, written as text and read back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import z3

from earwitness.model.proof.encoding import Problem

Term = Any


def conjuncts_of(term: Term) -> list[Term]:
    """The conjuncts of a term."""
    if isinstance(term, list):
        return term
    return (
        [x for child in term.children() for x in conjuncts_of(child)]
        if z3.is_and(term)
        else []
        if z3.is_true(term)
        else [term]
    )


def allows_violation(problem: Problem, invariant: Sequence[Term]) -> bool:
    """Whether a state of the invariant allows a violation."""
    solver = z3.Solver()
    solver.add(*invariant)
    return any(
        not z3.is_true(rule.verdict) and solver.check(rule.enabled, z3.Not(rule.verdict)) != z3.unsat
        for rule in problem.rules
    )


def minimal_core(problem: Problem, invariant: Sequence[Term]) -> list[Term]:
    """A subset that is inductive and safe by itself, found backwards from the verdict by unsatisfiable cores."""
    names = [z3.Bool(f"lemma!{n}") for n in range(len(invariant))]
    number = {str(name): n for n, name in enumerate(names)}
    solver = z3.Solver()
    solver.set("core.minimize", True)
    solver.add(*(z3.Implies(name, lemma) for name, lemma in zip(names, invariant, strict=True)))
    needed: set[int] = set()
    waiting: list[int] = []

    def explain(*claim: Term) -> None:
        if solver.check(*names, *claim) == z3.unsat:
            for n in {number[str(c)] for c in solver.unsat_core() if str(c) in number} - needed:
                needed.add(n)
                waiting.append(n)

    for rule in problem.rules:
        if not z3.is_true(rule.verdict):
            explain(rule.enabled, z3.Not(rule.verdict))
    later = [(rule, problem.after(rule, invariant)) for rule in problem.rules]
    while waiting:
        lemma = waiting.pop()
        for rule, after in later:
            if after[lemma] is not None:
                explain(rule.enabled, z3.Not(after[lemma]))
    return [invariant[n] for n in sorted(needed)]


def is_inductive(problem: Problem, invariant: Sequence[Term]) -> bool:
    """Whether the conjunction holds at first, is kept by every rule and excludes a violation."""
    start = z3.Solver()
    start.add(problem.initial, z3.Not(z3.And(*invariant)))
    return start.check() == z3.unsat and is_preserved(problem, invariant)


def is_preserved(problem: Problem, invariant: Sequence[Term]) -> bool:
    """Whether every rule keeps the conjunction and violates nothing where it holds."""
    solver = z3.Solver()
    solver.add(*invariant)
    for rule in problem.rules:
        after = [x for x in problem.after(rule, invariant) if x is not None]
        if z3.is_true(rule.verdict) and not after:
            continue
        if solver.check(rule.enabled, z3.Not(z3.And(*after, rule.verdict))) != z3.unsat:
            return False
    return True


def write_invariant(invariant: Sequence[Term]) -> tuple[str, ...]:
    """SMT-LIB text, a line a conjunct."""
    return tuple(" ".join(term.sexpr().split()) for term in invariant)


def recall_invariant(problem: Problem, stored: Sequence[str]) -> list[Term] | None:
    """A stored invariant, if it still is one of this problem; None otherwise, whatever the text holds."""
    try:
        found = [z3.parse_smt2_string(f"(assert {text})", decls=dict(problem.before))[0] for text in stored]
    except z3.Z3Exception:
        return None
    return found if is_inductive(problem, found) else None
