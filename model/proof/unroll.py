"""Shortest violations by unrolling a system beside a promise (bounded model checking: Biere and others
1999)."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import z3

from earwitness.model.expression import Sort, Value
from earwitness.model.proof.encoding import (
    FiniteEncoding,
    Problem,
    Rule,
    Term,
    encode,
)
from earwitness.model.proof.invariant import starts_wrong
from earwitness.model.systems.runs import (
    ModelRun,
    State,
    Step,
    free_variables,
)
from earwitness.model.systems.state_property import Promise
from earwitness.model.systems.transition_system import System

DEEPEST = 40
"""Steps: violations are searched up to this depth. The longest of the seeded faults needs 19."""
FAR = 1 << 29
"""Microseconds: no run searched lasts longer, so that 32 bits suffice for sums of an instant and a
bound."""
EARLY = (0, 100_000, 200_000, 1_000_000, 5_000_000, 40_000_000)
"""Microseconds: ends of a run that are tried in turn, since people read it."""
RULE_BITS = 8
"""Bits of the number of a rule: 256 rules at most."""


@dataclass(frozen=True, slots=True)
class BoundedSearch:
    """A run of fewest steps that ends in a violation, if one was found; no run of up to `depth` steps
    does otherwise.

    >>> found = find_violation(MICROPHONE_SYSTEM, KEPT_PROMISE, seconds=10, deepest=3)
    >>> found.run is None, found.depth
    (True, 3)
    """

    run: ModelRun | None
    depth: int


def find_violation(
    system: System, promise: Promise, seconds: float, deepest: int = DEEPEST
) -> BoundedSearch:
    """Search ever longer runs, up to `deepest` steps and `seconds` in all.

    >>> found = find_violation(MICROPHONE_SYSTEM, BROKEN_PROMISE, seconds=10)
    >>> found.depth, [step.transition.name for step in found.run.steps]
    (2, ['switch', 'press', 'switch'])
    """
    problem = encode(system, promise, FiniteEncoding())
    if starts_wrong(problem):
        return BoundedSearch(ModelRun(next(system.first_states()), ()), 0)
    return _Unrolling(
        system=system,
        problem=problem,
        initial=problem.initial,
        seconds=seconds,
    ).search(deepest)


def find_violation_from(
    system: System,
    promise: Promise,
    states: Sequence[State],
    seconds: float,
    deepest: int,
) -> BoundedSearch:
    """Search runs that go on from any of these states, which hold the promise's registers and the
    instant `now` too. The run found begins in one of them.

    >>> muted_but_on = {"muted": True, "rail": "on", "pressed_at": 0, "now": 0}
    >>> found = find_violation_from(
    ...     MICROPHONE_SYSTEM, BROKEN_PROMISE, [muted_but_on], seconds=10, deepest=5
    ... )
    >>> [step.transition.name for step in found.run.steps]
    ['switch']
    """
    problem = encode(
        system=system, promise=promise, encoding=FiniteEncoding(), prefix=""
    )
    begins = [z3.And(*_state_equations(problem, state)) for state in states]
    return _Unrolling(
        system=system,
        problem=problem,
        initial=z3.Or(*begins),
        seconds=seconds,
    ).search(deepest)


def _state_equations(problem: Problem, state: State) -> list[Term]:
    return [
        v == problem.encoding.constant(state[name])
        for name, v in problem.before.items()
    ]


class _Unrolling:
    """A solver that knows all runs of so many steps. At depth d every variable `x` is `x@d`."""

    def __init__(
        self, system: System, problem: Problem, initial: Term, seconds: float
    ) -> None:
        self.system, self.problem = system, problem
        self.ends = clock.perf_counter() + seconds
        self.solver = z3.SolverFor("QF_BV")
        self.solver.add(z3.substitute(initial, *self.stamps(0)))

    def search(self, deepest: int) -> BoundedSearch:
        for depth in range(deepest):
            hit = self.add_step(depth)
            self.solver.push()
            self.solver.add(hit)
            answer = self.check()
            if answer == z3.sat:
                return BoundedSearch(
                    self.run(self.early_model(depth), depth + 1), depth
                )
            self.solver.pop()
            if answer == z3.unknown:
                return BoundedSearch(None, depth)
            if clock.perf_counter() > self.ends:
                return BoundedSearch(None, depth + 1)
        return BoundedSearch(None, deepest)

    def check(self) -> Any:
        left = self.ends - clock.perf_counter()
        self.solver.set("timeout", max(1, int(1000 * left)))
        return self.solver.check()

    def add_step(self, depth: int) -> Term:
        """One step more; the condition that it violates the promise."""
        stamps = self.stamps(depth)
        later = {
            name: _stamp_variable(v, depth + 1)
            for name, v in self.problem.before.items()
        }
        chosen = self.rule_at(depth)
        self.solver.add(self.instant(depth) <= FAR)
        self.solver.add(z3.ULT(chosen, len(self.problem.rules)))
        hits = []
        for number, rule in enumerate(self.problem.rules):
            moved = [
                later[name] == z3.substitute(rule.after[name], *stamps)
                for name in later
            ]
            happens = z3.And(z3.substitute(rule.enabled, *stamps), *moved)
            self.solver.add(z3.Implies(chosen == number, happens))
            hits.append(
                z3.And(
                    chosen == number,
                    z3.substitute(z3.Not(rule.verdict), *stamps),
                )
            )
        return z3.Or(*hits)

    def instant(self, depth: int) -> Term:
        return _stamp_variable(
            self.problem.encoding.variable("time", Sort.INT), depth
        )

    def rule_at(self, depth: int) -> Term:
        return z3.BitVec(f"rule@{depth}", RULE_BITS)

    def stamps(self, depth: int) -> list[tuple[Term, Term]]:
        """Every variable of the problem with what stands for it at that depth."""
        free = [v for rule in self.problem.rules for v in rule.free]
        time = self.problem.encoding.variable("time", Sort.INT)
        return [
            (v, _stamp_variable(v, depth))
            for v in (*self.problem.before.values(), time, *free)
        ]

    def early_model(self, depth: int) -> Any:
        """A model of what is satisfiable whose last instant comes early."""
        found = self.solver.model()
        for limit in EARLY:
            self.solver.push()
            self.solver.add(self.instant(depth) <= limit)
            is_possible = self.check() == z3.sat
            found = self.solver.model() if is_possible else found
            self.solver.pop()
            if is_possible:
                break
        return found

    def run(self, model: Any, steps: int) -> ModelRun:
        initial = {
            v.name: self.value(model=model, name=v.name, sort=v.sort, depth=0)
            for v in self.system.variables
        }
        return ModelRun(
            initial, tuple(self.step(model, depth) for depth in range(steps))
        )

    def step(self, model: Any, depth: int) -> Step:
        number = model.eval(
            self.rule_at(depth), model_completion=True
        ).as_long()
        rule: Rule = self.problem.rules[number]
        free = free_variables(rule.transition)
        chosen = {
            v.name: self.value(
                model=model, name=v.name, sort=v.sort, depth=depth
            )
            for v in free
        }
        return Step(
            rule.transition,
            int(
                self.value(
                    model=model, name="time", sort=Sort.INT, depth=depth
                )
            ),
            chosen,
        )

    def value(self, model: Any, name: str, sort: Sort, depth: int) -> Value:
        variable = self.problem.encoding.variable(name, sort)
        found = model.eval(
            _stamp_variable(variable, depth), model_completion=True
        )
        if sort is Sort.BOOL:
            return bool(z3.is_true(found))
        if sort is Sort.TEXT:
            return self.problem.encoding.text_of(found.as_long())
        return int(found.as_signed_long())


def _stamp_variable(variable: Term, depth: int) -> Term:
    return z3.Const(f"{variable.decl().name()}@{depth}", variable.sort())
