"""Inductive invariants as lists of conjuncts: checked, cut down to what is needed, written by name and
read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import z3

from earwitness.model.proof.encoding import Problem, Term
from earwitness.model.proof.named_terms import (
    TermError,
    read_term,
    write_term,
)


def conjuncts_of(term: Term) -> list[Term]:
    """The conjuncts of a term.

    >>> import z3
    >>> conjuncts_of(z3.And(z3.Bool("a"), z3.Bool("b")))
    [a, b]
    """
    if z3.is_and(term):
        return [
            conjunct
            for child in term.children()
            for conjunct in conjuncts_of(child)
        ]
    return [] if z3.is_true(term) else [term]


def allows_violation(problem: Problem, invariant: Sequence[Term]) -> bool:
    """Whether a state of the invariant allows a step that violates the promise, or a first state does.

    >>> allows_violation(encode(MICROPHONE_SYSTEM, BROKEN_PROMISE), [])
    True
    """
    if starts_wrong(problem):
        return True
    solver = z3.Solver()
    solver.add(*invariant)
    doubtful = (
        rule for rule in problem.rules if not z3.is_true(rule.verdict)
    )
    return any(
        solver.check(rule.enabled, z3.Not(rule.verdict)) != z3.unsat
        for rule in doubtful
    )


def starts_wrong(problem: Problem) -> bool:
    """Whether a first state breaks the promise by itself.

    >>> starts_wrong(encode(MICROPHONE_SYSTEM, BROKEN_PROMISE))
    False
    """
    if z3.is_true(problem.first_verdict):
        return False
    solver = z3.Solver()
    solver.add(problem.initial)
    return bool(solver.check(z3.Not(problem.first_verdict)) != z3.unsat)


def minimal_core(problem: Problem, invariant: Sequence[Term]) -> list[Term]:
    """A subset that is inductive and safe by itself, found backwards from the verdict by unsatisfiable
    cores.

    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> invariant = [read_term(problem, text) for text in decide(MICROPHONE_SYSTEM, KEPT_PROMISE).invariant]
    >>> len(minimal_core(problem, [*invariant, problem.before["pressed_at"] >= 0])) == len(invariant)
    True
    """
    return _CoreSearch(problem, invariant).run()


class _CoreSearch:
    """`waiting` are conjuncts that are needed and not yet explained by others."""

    def __init__(self, problem: Problem, invariant: Sequence[Term]) -> None:
        self.problem, self.invariant = problem, invariant
        self.names = [
            z3.Bool(f"lemma!{number}") for number in range(len(invariant))
        ]
        self.number_of = {
            str(name): number for number, name in enumerate(self.names)
        }
        self.solver = z3.Solver()
        self.solver.set("core.minimize", True)
        for name, lemma in zip(self.names, invariant, strict=True):
            self.solver.add(z3.Implies(name, lemma))
        self.needed: set[int] = set()
        self.waiting: list[int] = []

    def run(self) -> list[Term]:
        for rule in self.problem.rules:
            if not z3.is_true(rule.verdict):
                self.explain(rule.enabled, z3.Not(rule.verdict))
        later = [
            (rule, self.problem.after(rule, self.invariant))
            for rule in self.problem.rules
        ]
        while self.waiting:
            lemma = self.waiting.pop()
            for rule, after in later:
                if after[lemma] is not None:
                    self.explain(rule.enabled, z3.Not(after[lemma]))
        return [self.invariant[number] for number in sorted(self.needed)]

    def explain(self, *claim: Term) -> None:
        """Take the conjuncts that exclude the claim."""
        if self.solver.check(*self.names, *claim) != z3.unsat:
            return
        core = {
            self.number_of[str(c)]
            for c in self.solver.unsat_core()
            if str(c) in self.number_of
        }
        self.waiting += sorted(core - self.needed)
        self.needed |= core


def is_inductive(problem: Problem, invariant: Sequence[Term]) -> bool:
    """Whether the conjunction holds at first, is kept by every rule and excludes a violation.

    >>> is_inductive(encode(MICROPHONE_SYSTEM, BROKEN_PROMISE), [])
    False
    """
    start = z3.Solver()
    start.add(problem.initial)
    holds_at_first = z3.And(*invariant, problem.first_verdict)
    return start.check(z3.Not(holds_at_first)) == z3.unsat and is_preserved(
        problem, invariant
    )


def is_preserved(problem: Problem, invariant: Sequence[Term]) -> bool:
    """Whether every rule keeps the conjunction and violates nothing where it holds.

    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> is_preserved(problem, [z3.Not(problem.before["muted"])])  # a press ends it
    False
    """
    solver = z3.Solver()
    solver.add(*invariant)
    for rule in problem.rules:
        after = [
            claim
            for claim in problem.after(rule, invariant)
            if claim is not None
        ]
        if z3.is_true(rule.verdict) and not after:
            continue
        if (
            solver.check(rule.enabled, z3.Not(z3.And(*after, rule.verdict)))
            != z3.unsat
        ):
            return False
    return True


def write_invariant(
    problem: Problem, invariant: Sequence[Term]
) -> tuple[str, ...]:
    """A text for each conjunct, by name. Raises TermError.

    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> write_invariant(problem, [problem.before["pressed_at"] >= 0])
    ('(>= pressed_at 0)',)
    """
    return tuple(write_term(problem, conjunct) for conjunct in invariant)


def read_lemmas(problem: Problem, texts: Iterable[str]) -> list[Term]:
    """The terms of those texts that the problem has names for.

    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> read_lemmas(problem, ["(<= 0 pressed_at)", "(<= 0 of_another_system)"])
    [0 <= pressed_at]
    """
    found = []
    for text in dict.fromkeys(texts):
        try:
            found.append(read_term(problem, text))
        except TermError:
            continue
    return found


def recall_invariant(
    problem: Problem, stored: Sequence[str]
) -> list[Term] | None:
    """A stored invariant, if it still is one of this problem; None otherwise, whatever the text holds.

    >>> proved = decide(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> recall_invariant(problem, proved.invariant) is not None
    True
    >>> recall_invariant(problem, ['(= rail "on")']) is None
    True
    """
    try:
        found = [read_term(problem, text) for text in stored]
        return found if is_inductive(problem, found) else None
    except (TermError, z3.Z3Exception):
        return None
