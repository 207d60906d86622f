"""Shortest violations by unrolling a system beside a monitor (bounded model checking: Biere and others 1999)."""

from __future__ import annotations

from typing import Any

import z3

from earwitness.model.expression import Sort, Value
from earwitness.model.logic.monitor import Monitor
from earwitness.model.proof.encoding import FiniteEncoding, Problem, Rule, encode
from earwitness.model.system.path import Path, Step
from earwitness.model.system.table import System
from earwitness.model.system.walk import free_variables

DEEPEST = 40
"""Steps: violations are searched up to this depth."""
FAR = 1 << 29
"""Microseconds: no run searched lasts longer, so that 32 bits suffice."""


def violation(system: System, monitor: Monitor, seconds: int, deepest: int = DEEPEST) -> Path | None:
    """A run of fewest steps that ends in a violation; None where none of that depth was found in time."""
    problem = encode(system, monitor, FiniteEncoding())
    solver = z3.SolverFor("QF_BV")
    solver.set("timeout", seconds * 1000)
    solver.add(_at(problem, problem.initial, 0))
    for depth in range(deepest):
        chosen = z3.BitVec(f"rule@{depth}", 8)
        time = _stamped(problem.encoding.variable("time", Sort.INT), depth)
        solver.add(time <= FAR)
        hit = []
        for number, rule in enumerate(problem.rules):
            moved = [_stamped(v, depth + 1) == _at(problem, rule.after[n], depth) for n, v in problem.before.items()]
            solver.add(z3.Implies(chosen == number, z3.And(_at(problem, rule.enabled, depth), *moved)))
            hit.append(z3.And(chosen == number, _at(problem, z3.Not(rule.verdict), depth)))
        solver.add(z3.ULT(chosen, len(problem.rules)))
        solver.push()
        solver.add(z3.Or(*hit))
        answer = solver.check()
        if answer == z3.sat:
            return _path(system, problem, solver.model(), depth + 1)
        solver.pop()
        if answer == z3.unknown:
            return None
    return None


def _at(problem: Problem, term: Any, depth: int) -> Any:
    names = [*problem.before.values(), problem.encoding.variable("time", Sort.INT), *(v for r in problem.rules for v in r.free)]
    return z3.substitute(term, *((v, _stamped(v, depth)) for v in names))


def _stamped(variable: Any, depth: int) -> Any:
    return z3.Const(f"{variable}@{depth}", variable.sort())


def _path(system: System, problem: Problem, model: Any, steps: int) -> Path:
    def value(name: str, sort: Sort, depth: int) -> Value:
        found = model.eval(_stamped(problem.encoding.variable(name, sort), depth), model_completion=True)
        return z3.is_true(found) if sort is Sort.BOOL else problem.encoding.text_of(found.as_long()) if sort is Sort.TEXT else found.as_signed_long()

    made = []
    for depth in range(steps):
        rule: Rule = problem.rules[model.eval(z3.BitVec(f"rule@{depth}", 8), model_completion=True).as_long()]
        chosen = {v.name: value(v.name, v.sort, depth) for v in free_variables(rule.transition)}
        made.append(Step(rule.transition, int(value("time", Sort.INT, depth)), chosen))
    return Path({v.name: value(v.name, v.sort, 0) for v in system.variables}, tuple(made))
