"""Invariants found by Spacer (Komuravelli, Gurfinkel, Chaki 2014), helped by lemmas that are inductive
themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from earwitness.model.proof.encoding import Problem, Rule, Term
from earwitness.model.proof.houdini import (
    drop_refuted_guesses,
    guess_lemmas,
    inductive_subset,
)
from earwitness.model.proof.invariant import (
    allows_violation,
    conjuncts_of,
    minimal_core,
)
from earwitness.model.proof.proof import Standing
from earwitness.model.systems.state_property import Promise
from earwitness.model.systems.transition_system import System


@dataclass(frozen=True, slots=True)
class SolverAnswer:
    """An invariant as conjuncts where the promise is proved; why there is none where it is inconclusive.

    >>> SolverAnswer(Standing.INCONCLUSIVE, reason="no time left").invariant
    ()
    """

    standing: Standing
    invariant: tuple[Term, ...] = ()
    reason: str = ""


def search_invariant(
    problem: Problem,
    system: System,
    promise: Promise,
    seconds: int,
    is_refuted: Callable[[], bool] = lambda: False,
) -> SolverAnswer:
    """An inductive invariant that excludes every violation: of lemmas alone where they suffice, else
    with what Spacer finds. `is_refuted` is a last look for a violation, before Spacer is asked.

    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> search_invariant(problem, MICROPHONE_SYSTEM, KEPT_PROMISE, seconds=10).standing.value
    'proved'
    """
    guesses = drop_refuted_guesses(
        system, promise, guess_lemmas(system, promise)
    )
    lemmas = inductive_subset(
        problem, [problem.encoding.term(g, problem.before) for g in guesses]
    )
    if not allows_violation(problem, lemmas):
        return SolverAnswer(
            Standing.PROVED, tuple(minimal_core(problem, lemmas))
        )
    if is_refuted():
        return SolverAnswer(Standing.REFUTED)
    answer = run_spacer(problem, lemmas, seconds)
    if answer.standing is not Standing.PROVED:
        return answer
    return SolverAnswer(
        Standing.PROVED,
        tuple(minimal_core(problem, [*lemmas, *answer.invariant])),
    )


def run_spacer(
    problem: Problem, lemmas: Sequence[Term], seconds: int
) -> SolverAnswer:
    """What Spacer says of the problem, where it may use the lemmas.

    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> run_spacer(problem, lemmas=[], seconds=10).standing.value
    'proved'
    """
    state = list(problem.before.values())
    reachable = z3.Function(
        "Reachable", *(s.sort() for s in state), z3.BoolSort()
    )
    solver = z3.SolverFor("HORN")
    solver.set("timeout", seconds * 1000)
    here = reachable(*state)
    solver.add(z3.ForAll(state, z3.Implies(problem.initial, here)))
    if not z3.is_true(problem.first_verdict):
        starts_wrong = z3.And(problem.initial, z3.Not(problem.first_verdict))
        solver.add(
            z3.ForAll(state, z3.Implies(starts_wrong, z3.BoolVal(False)))
        )
    for rule in problem.rules:
        solver.add(
            *_horn_clauses(
                rule=rule,
                state=state,
                step=z3.And(here, rule.enabled, *lemmas),
                reachable=reachable,
            )
        )
    answer = solver.check()
    if answer == z3.unsat:
        return SolverAnswer(Standing.REFUTED)
    if answer != z3.sat:
        return SolverAnswer(
            Standing.INCONCLUSIVE, reason=solver.reason_unknown()
        )
    found = solver.model()[reachable]
    body = found.else_value() if isinstance(found, z3.FuncInterp) else found
    invariant = _without_quantifiers(z3.substitute_vars(body, *state))
    return SolverAnswer(Standing.PROVED, tuple(conjuncts_of(invariant)))


def _horn_clauses(
    rule: Rule, state: list[Term], step: Term, reachable: Any
) -> list[Term]:
    """The rule leads from reachable states to reachable ones, and none of its steps violates the
    promise."""
    bound = [*state, z3.Int("time"), *rule.free]
    there = reachable(*rule.after.values())
    clauses = [z3.ForAll(bound, z3.Implies(step, there))]
    if not z3.is_true(rule.verdict):
        violated = z3.And(step, z3.Not(rule.verdict))
        clauses.append(
            z3.ForAll(bound, z3.Implies(violated, z3.BoolVal(False)))
        )
    return clauses


def _without_quantifiers(term: Term) -> Term:
    """Spacer of z3 4.13 may leave quantifiers over variables it did not need; a certificate has none."""
    text = term.sexpr()
    has_quantifier = "(exists" in text or "(forall" in text
    return z3.Tactic("qe")(term).as_expr() if has_quantifier else term
