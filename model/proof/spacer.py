"""Unbounded proofs by Spacer (Komuravelli, Gurfinkel, Chaki 2014), and shortest counterexamples by unrolling."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from earwitness.model.expression import Expression, conjunction, disjunction, negation, substitute
from earwitness.model.logic.formula import And, Formula
from earwitness.model.logic.monitor import Monitor
from earwitness.model.proof.certificate import write_obligations
from earwitness.model.proof.encoding import Encoding, Problem, encode
from earwitness.model.proof.houdini import drop_refuted_guesses, guess_lemmas, inductive_subset
from earwitness.model.proof.invariant import (
    allows_violation,
    conjuncts_of,
    minimal_core,
    recall_invariant,
    write_invariant,
)
from earwitness.model.proof.unroll import BoundedSearch, find_violation
from earwitness.model.systems.cone import cone_of_influence, timed_variables
from earwitness.model.systems.explicit_search import complete_run, is_run_of
from earwitness.model.systems.random_walk import walk_violates
from earwitness.model.systems.runs import Goal, ModelRun, find_shortest_run
from earwitness.model.systems.transition_system import Enabled, System
from earwitness.model.trace import Observation

SECONDS = 60
QUICK = 100_000
"""States searched, and random steps taken, for a violation before a proof is tried."""


class Standing(Enum):
    PROVED = "proved"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome for one clause. `certificates` are SMT-LIB texts for PROVED; `searched` tells for how many of them the invariant had to be searched; `path` is a shortest
    violating run for REFUTED; `reason` says why there is no answer."""

    clause: str
    standing: Standing
    seconds: float
    certificates: tuple[str, ...] = ()
    invariants: tuple[tuple[str, ...], ...] = ()
    path: ModelRun | None = None
    reason: str = ""
    searched: int = 0

    @property
    def trace(self) -> tuple[Observation, ...]:
        """What is seen of the violating run."""
        return self.path.observations() if self.path is not None else ()


def _spacer(problem: Problem, lemmas: list[Any], seconds: int) -> tuple[Standing, Any]:
    """An invariant found by Spacer, strengthened by lemmas that are inductive themselves; or the reason why there is none."""
    names = list(problem.before)
    state = [problem.before[n] for n in names]
    relation = z3.Function("Reachable", *(s.sort() for s in state), z3.BoolSort())
    solver = z3.SolverFor("HORN")
    solver.set("timeout", seconds * 1000)
    here = relation(*state)
    solver.add(z3.ForAll(state, z3.Implies(problem.initial, here)))
    for rule in problem.rules:
        bound = [*state, z3.Int("time"), *rule.free]
        step = z3.And(here, rule.enabled, *lemmas)
        solver.add(z3.ForAll(bound, z3.Implies(step, relation(*(rule.after[n] for n in names)))))
        if not z3.is_true(rule.verdict):
            solver.add(z3.ForAll(bound, z3.Implies(z3.And(step, z3.Not(rule.verdict)), z3.BoolVal(False))))
    answer = solver.check()
    if answer == z3.sat:
        found = solver.model()[relation]
        body = found.else_value() if isinstance(found, z3.FuncInterp) else found
        return Standing.PROVED, _ground(z3.substitute_vars(body, *state))
    return (
        Standing.REFUTED if answer == z3.unsat else Standing.INCONCLUSIVE
    ), solver.reason_unknown() if answer == z3.unknown else None


def _ground(term: Any) -> Any:
    """Spacer may leave quantifiers over variables it did not need; eliminate them, so that the certificate is quantifier-free."""
    return z3.Tactic("qe")(term).as_expr() if "(exists" in term.sexpr() or "(forall" in term.sexpr() else term


def split_conjunction(formula: Formula) -> tuple[Formula, ...]:
    """The parts of a clause that can be proved one by one."""
    return (
        (*split_conjunction(formula.left), *split_conjunction(formula.right))
        if isinstance(formula, And)
        else (formula,)
    )


def search_invariant(
    problem: Problem, system: System, monitor: Monitor, seconds: int
) -> tuple[Standing, Any]:
    """An inductive invariant as a list of conjuncts that excludes every violation, or the reason why none was found."""
    guesses = drop_refuted_guesses(system, monitor, guess_lemmas(system, monitor))
    known = inductive_subset(problem, [problem.encoding.term(g, problem.before) for g in guesses])
    standing, found = (
        (Standing.PROVED, []) if not allows_violation(problem, known) else _spacer(problem, known, seconds)
    )
    if standing is not Standing.PROVED:
        return standing, found
    return standing, minimal_core(problem, [*known, *conjuncts_of(found)])


def prove_monitors(
    clause: str,
    system: System,
    monitors: Sequence[Monitor],
    stored: Sequence[Sequence[str]] = (),
    seconds: int = SECONDS,
) -> Proof:
    """Whether every monitor's verdict holds after every event of every run. `stored` are invariants of an earlier proof, one list of
    conjuncts a monitor: where they still are inductive they spare the search. One certificate a monitor, over the whole system;
    the first refuted or inconclusive monitor decides."""
    started = clock.perf_counter()
    certificates, invariants, searched = [], [], 0
    for number, monitor in enumerate(monitors, start=1):
        whole = encode(system, monitor)
        invariant = recall_invariant(whole, stored[number - 1]) if len(stored) >= number else None
        searched += invariant is None
        answer = (
            Answer(Standing.PROVED, invariant)
            if invariant is not None
            else decide_monitor(system, monitor, whole.encoding, seconds)
        )
        if answer.standing is not Standing.PROVED:
            return Proof(
                clause,
                answer.standing,
                round(clock.perf_counter() - started, 3),
                path=answer.path,
                reason=answer.reason,
            )
        certificates.append(write_obligations(f"{clause} part {number}", whole, answer.invariant))
        invariants.append(write_invariant(answer.invariant))
    return Proof(
        clause,
        Standing.PROVED,
        round(clock.perf_counter() - started, 3),
        tuple(certificates),
        tuple(invariants),
        searched=searched,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a portfolio of engines came to: an invariant, or a shortest violating run, or why there is neither."""

    standing: Standing
    invariant: Any = None
    path: ModelRun | None = None
    reason: str = ""


def decide_monitor(system: System, monitor: Monitor, encoding: Encoding, seconds: int) -> Answer:
    """The cheap engines first: explicit search and random walks for a violation, then lemmas and Spacer for a proof, then longer and longer runs."""
    found = find_shortest_run(system, monitor, Goal.VIOLATED, QUICK)
    if found is not None:
        return Answer(Standing.REFUTED, path=complete_run(system, found))
    part = cone_of_influence(system, monitor, timed_variables(system))
    standing, invariant = (
        (Standing.REFUTED, None)
        if walk_violates(part, monitor, QUICK)
        else _searched(system, monitor, encoding, seconds)
    )
    if standing is Standing.PROVED:
        return Answer(standing, invariant)
    bounded = find_whole_violation(system, monitor, seconds)
    if bounded.path is not None:
        return Answer(Standing.REFUTED, path=bounded.path)
    if standing is Standing.REFUTED:
        return Answer(
            standing,
            reason=f"refuted, but the shortest run has more than {bounded.depth} events and was not found within {seconds} s",
        )
    return Answer(
        standing,
        reason=f"the solver gave no answer within {seconds} s ({invariant}); no run of up to {bounded.depth} events violates it",
    )


def find_whole_violation(system: System, monitor: Monitor, seconds: int) -> BoundedSearch:
    """A run of fewest events of the whole system that violates the monitor, if one was found. The cone allows more, so what it admits at a depth, and the
    system does too, is shortest; only where the system does not is more of it looked at."""
    bounded = find_violation(cone_of_influence(system, monitor), monitor, seconds)
    path = complete_run(system, bounded.path)
    if path is None or is_run_of(system, path):
        return BoundedSearch(path, bounded.depth)
    bounded = find_violation(cone_of_influence(system, monitor, timed_variables(system)), monitor, seconds)
    return BoundedSearch(complete_run(system, bounded.path), bounded.depth)


def _searched(system: System, monitor: Monitor, encoding: Encoding, seconds: int) -> tuple[Standing, Any]:
    """First in the monitor's cone. The cone allows more than the system, so only with all that limits speak of can it refute."""
    part = cone_of_influence(system, monitor)
    standing, found = search_invariant(encode(part, monitor, encoding), part, monitor, seconds)
    if standing is Standing.PROVED:
        return standing, found
    part = cone_of_influence(system, monitor, timed_variables(system))
    return search_invariant(encode(part, monitor, encoding), part, monitor, seconds)


def enabled_monitor(system: System, wanted: Enabled) -> Monitor:
    """A monitor for: the transition, with the free choices given, can happen in every reachable state where it is wanted (and, if exactly, in no other)."""
    guard = substitute(system.transition(wanted.transition).guard, wanted.chosen)
    possible = disjunction(negation(wanted.wherever), guard)
    return state_monitor(
        conjunction(possible, disjunction(wanted.wherever, negation(guard))) if wanted.exactly else possible,
        wanted.wherever,
    )


def state_monitor(invariant: Expression, trigger: Expression) -> Monitor:
    """A monitor without registers whose verdict speaks of the state before each event."""
    return Monitor((), {}, invariant, trigger)


def progress_monitor(system: System) -> Monitor:
    """A monitor for: no limit ever stops time, since a transition that discharges it is enabled meanwhile. Without this, deadlines would be vacuous."""
    kept = conjunction(
        *(
            disjunction(negation(x.condition), *(system.transition(t).guard for t in x.discharge))
            for x in system.limits
        )
    )
    return state_monitor(kept, disjunction(*(x.condition for x in system.limits)))
