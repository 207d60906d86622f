"""Shortest violations by unrolling a system beside a monitor (bounded model checking: Biere and others 1999)."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import z3

from earwitness.model.expression import Sort, Value
from earwitness.model.logic.monitor import Monitor
from earwitness.model.proof.encoding import FiniteEncoding, Problem, Rule, encode
from earwitness.model.systems.random_walk import State, free_variables
from earwitness.model.systems.runs import ModelRun, Step
from earwitness.model.systems.transition_system import System

DEEPEST = 40
"""Steps: violations are searched up to this depth."""
FAR = 1 << 29
"""Microseconds: no run searched lasts longer, so that 32 bits suffice."""
EARLY = (0, 100_000, 200_000, 1_000_000, 5_000_000, 40_000_000)
"""Microseconds: ends of a run that are tried in turn."""


@dataclass(frozen=True, slots=True)
class BoundedSearch:
    """A run of fewest steps that ends in a violation, if one was found; no run of up to `depth` steps does otherwise."""

    path: ModelRun | None
    depth: int


def find_violation(system: System, monitor: Monitor, seconds: int, deepest: int = DEEPEST) -> BoundedSearch:
    """Search ever longer runs, up to `deepest` steps and `seconds` in all."""
    problem = encode(system, monitor, FiniteEncoding())
    return _unrolled(system, problem, problem.initial, seconds, deepest)


def find_violation_from(
    system: System, monitor: Monitor, states: Sequence[State], seconds: int, deepest: int
) -> BoundedSearch:
    """Search runs that go on from any of these states, which hold the monitor's registers and the instant `now` too. The path found begins in one of them."""
    problem = encode(system, monitor, FiniteEncoding(), "")
    known = [
        z3.And(*(v == problem.encoding.constant(s[n]) for n, v in problem.before.items())) for s in states
    ]
    return _unrolled(system, problem, z3.Or(*known), seconds, deepest)


def _unrolled(system: System, problem: Problem, initial: Any, seconds: int, deepest: int) -> BoundedSearch:
    started = clock.perf_counter()
    solver = z3.SolverFor("QF_BV")
    solver.add(z3.substitute(initial, *_stamps(problem, 0)))
    for depth in range(deepest):
        stamps = _stamps(problem, depth)
        chosen = z3.BitVec(f"rule@{depth}", 8)
        time = _stamped(problem.encoding.variable("time", Sort.INT), depth)
        solver.add(time <= FAR)
        later = {n: _stamped(v, depth + 1) for n, v in problem.before.items()}
        hit = []
        for number, rule in enumerate(problem.rules):
            moved = [later[n] == z3.substitute(rule.after[n], *stamps) for n in problem.before]
            solver.add(z3.Implies(chosen == number, z3.And(z3.substitute(rule.enabled, *stamps), *moved)))
            hit.append(z3.And(chosen == number, z3.substitute(z3.Not(rule.verdict), *stamps)))
        solver.add(z3.ULT(chosen, len(problem.rules)))
        solver.push()
        solver.add(z3.Or(*hit))
        solver.set("timeout", max(1, int(1000 * (seconds - (clock.perf_counter() - started)))))
        answer = solver.check()
        if answer == z3.sat:
            return BoundedSearch(_path(system, problem, _early(solver, time), depth + 1), depth)
        solver.pop()
        if answer == z3.unknown or clock.perf_counter() - started > seconds:
            return BoundedSearch(None, depth if answer == z3.unknown else depth + 1)
    return BoundedSearch(None, deepest)


def _early(solver: Any, last: Any) -> Any:
    """A model of what is satisfiable whose last instant comes early, since people read it."""
    found = solver.model()
    for limit in EARLY:
        solver.push()
        solver.add(last <= limit)
        if solver.check() == z3.sat:
            return solver.model()
        solver.pop()
    return found


def _stamps(problem: Problem, depth: int) -> list[tuple[Any, Any]]:
    """Every variable of the problem with what stands for it at that depth."""
    names = [
        *problem.before.values(),
        problem.encoding.variable("time", Sort.INT),
        *(v for r in problem.rules for v in r.free),
    ]
    return [(v, _stamped(v, depth)) for v in names]


def _stamped(variable: Any, depth: int) -> Any:
    return z3.Const(f"{variable.decl().name()}@{depth}", variable.sort())


def _path(system: System, problem: Problem, model: Any, steps: int) -> ModelRun:
    def value(name: str, sort: Sort, depth: int) -> Value:
        found = model.eval(_stamped(problem.encoding.variable(name, sort), depth), model_completion=True)
        return (
            z3.is_true(found)
            if sort is Sort.BOOL
            else problem.encoding.text_of(found.as_long())
            if sort is Sort.TEXT
            else found.as_signed_long()
        )

    made = []
    for depth in range(steps):
        rule: Rule = problem.rules[model.eval(z3.BitVec(f"rule@{depth}", 8), model_completion=True).as_long()]
        chosen = {v.name: value(v.name, v.sort, depth) for v in free_variables(rule.transition)}
        made.append(Step(rule.transition, int(value("time", Sort.INT, depth)), chosen))
    return ModelRun({v.name: value(v.name, v.sort, 0) for v in system.variables}, tuple(made))
