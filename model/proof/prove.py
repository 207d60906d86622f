"""Unbounded proofs by Spacer (Komuravelli, Gurfinkel, Chaki 2014), and shortest counterexamples by unrolling."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from earwitness.model.expression import TRUE, Expression, Sort, Value, conjunction, disjunction, negation
from earwitness.model.logic.formula import And, Formula
from earwitness.model.logic.monitor import Monitor
from earwitness.model.proof.certificate import smtlib
from earwitness.model.proof.encoding import Problem, Rule, encode
from earwitness.model.proof.houdini import candidates, lemmas
from earwitness.model.system.table import System
from earwitness.model.trace import Evidence, Observation
from earwitness.model.vocabulary import Microseconds, vocabulary

SECONDS = 60
DEEPEST = 40
"""Steps: counterexamples and witnesses are searched up to this depth."""


class Standing(Enum):
    PROVED = "proved"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome for one clause. `certificates` are SMT-LIB texts for PROVED; `trace` is a shortest
    violation for REFUTED; `reason` says why there is no answer."""

    clause: str
    standing: Standing
    seconds: float
    certificates: tuple[str, ...] = ()
    trace: tuple[Observation, ...] = ()
    reason: str = ""


def _invariant(problem: Problem, lemmas: list[Any], seconds: int) -> tuple[Standing, Any]:
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
        return Standing.PROVED, z3.And(_ground(z3.substitute_vars(body, *state)), *lemmas)
    return (Standing.REFUTED if answer == z3.unsat else Standing.INCONCLUSIVE), solver.reason_unknown() if answer == z3.unknown else None


def _ground(term: Any) -> Any:
    """Spacer may leave quantifiers over variables it did not need; eliminate them, so that the certificate is quantifier-free."""
    return z3.Tactic("qe")(term).as_expr() if "(exists" in term.sexpr() or "(forall" in term.sexpr() else term


def _unroll(problem: Problem, deepest: int, seconds: int) -> tuple[Observation, ...] | None:
    """The shortest run that ends in a violation, or None up to the depth."""
    solver = z3.SolverFor("QF_LIA")
    solver.set("timeout", seconds * 1000)

    def at(term: Any, step: int) -> Any:
        names = [problem.before[n] for n in problem.before] + [z3.Int("time")] + [v for r in problem.rules for v in r.free]
        return z3.substitute(term, *((v, _stamped(v, step)) for v in names))

    solver.add(at(problem.initial, 0))
    for step in range(deepest):
        chosen = z3.Int(f"rule@{step}")
        hit = []
        for number, rule in enumerate(problem.rules):
            moved = [_stamped(problem.before[n], step + 1) == at(rule.after[n], step) for n in problem.before]
            solver.add(z3.Implies(chosen == number, z3.And(at(rule.enabled, step), *moved)))
            hit.append(z3.And(chosen == number, at(z3.Not(rule.verdict), step)))
        solver.add(chosen >= 0, chosen < len(problem.rules))
        solver.push()
        solver.add(z3.Or(*hit))
        answer = solver.check()
        if answer == z3.sat:
            return tuple(_observations(problem, solver.model(), step + 1))
        solver.pop()
        if answer == z3.unknown:
            return None
    return None


def _stamped(variable: Any, step: int) -> Any:
    return z3.Const(f"{variable}@{step}", variable.sort())


def _observations(problem: Problem, model: Any, steps: int) -> Iterator[Observation]:
    for step in range(steps):
        rule: Rule = problem.rules[model.eval(z3.Int(f"rule@{step}"), model_completion=True).as_long()]
        names = [*problem.before.values(), z3.Int("time"), *rule.free]

        def reading(term: Any, step: int = step, names: list[Any] = names) -> Any:
            return model.eval(z3.substitute(term, *((v, _stamped(v, step)) for v in names)), model_completion=True)

        attributes: dict[str, Value] = {}
        for name, term in rule.event.items():
            found = reading(term)
            attributes[name] = z3.is_true(found) if z3.is_bool(found) else problem.encoding.text_of(found.as_long()) if _is_text(name) else found.as_long()
        yield Observation(Microseconds(reading(z3.Int("time")).as_long()), "model", rule.transition.event, attributes, Evidence.DECLARED)


def _is_text(attribute: str) -> bool:
    return vocabulary().attributes[attribute].sort is Sort.TEXT


def conjuncts(formula: Formula) -> tuple[Formula, ...]:
    """The parts of a clause that can be proved one by one."""
    return (*conjuncts(formula.left), *conjuncts(formula.right)) if isinstance(formula, And) else (formula,)


def system_lemmas(system: System) -> list[Any]:
    """Inductive lemmas about the system alone, shared by all its proofs."""
    problem = encode(system, Monitor((), {}, TRUE, TRUE))
    return lemmas(problem, problem.rules, candidates(problem, system)[0], [])


def prove(clause: str, system: System, monitors: Sequence[Monitor], given: list[Any], seconds: int = SECONDS) -> Proof:
    """Whether every monitor's verdict holds after every event of every run. `given` are `system_lemmas` of the system (or none).
    One certificate a monitor; the first refuted or inconclusive monitor decides."""
    started = clock.perf_counter()
    certificates = []
    for number, monitor in enumerate(monitors, start=1):
        problem = encode(system, monitor)
        beside = lemmas(problem, problem.rules, candidates(problem, system)[1], given) if given else []
        standing, found = _invariant(problem, [*given, *beside], seconds)
        if standing is Standing.PROVED:
            certificates.append(smtlib(f"{clause} part {number}", problem, found))
            continue
        trace: tuple[Observation, ...] = ()
        reason = f"the solver gave no answer within {seconds} s ({found})"
        if standing is Standing.REFUTED:
            trace = _unroll(problem, DEEPEST, seconds) or ()
            reason = "" if trace else f"refuted, but no trace was found within {seconds} s a step"
        return Proof(clause, standing, round(clock.perf_counter() - started, 3), trace=trace, reason=reason)
    return Proof(clause, Standing.PROVED, round(clock.perf_counter() - started, 3), tuple(certificates))


def enabledness(system: System, transition: str, wherever: Expression) -> Monitor:
    """A monitor for: the transition can happen in every reachable state that fulfils `wherever`."""
    return state_monitor(disjunction(negation(wherever), system.transition(transition).guard), wherever)


def state_monitor(invariant: Expression, trigger: Expression) -> Monitor:
    """A monitor without registers whose verdict speaks of the state before each event."""
    return Monitor((), {}, invariant, trigger)


def progress(system: System) -> Monitor:
    """A monitor for: no limit ever stops time, since a transition that discharges it is enabled meanwhile. Without this, deadlines would be vacuous."""
    kept = conjunction(*(disjunction(negation(x.condition), *(system.transition(t).guard for t in x.discharge)) for x in system.limits))
    return state_monitor(kept, disjunction(*(x.condition for x in system.limits)))
