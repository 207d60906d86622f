"""Two-run promises by self-composition (Barthe, D'Argenio, Rezk 2004): two runs that differ in secrets only must look alike to an observer."""

from __future__ import annotations

import time as clock
from collections.abc import Iterable
from dataclasses import dataclass, replace

from earwitness.model.expression import (
    TRUE,
    Expression,
    Sort,
    Value,
    Var,
    conjunction,
    disjunction,
    equal,
    negation,
    substitute,
    variables,
)
from earwitness.model.logic.monitor import Monitor
from earwitness.model.proof.certificate import write_obligations
from earwitness.model.proof.encoding import encode
from earwitness.model.proof.houdini import inductive_subset
from earwitness.model.proof.invariant import allows_violation, minimal_core, write_invariant
from earwitness.model.proof.spacer import SECONDS, Proof, Standing, state_monitor
from earwitness.model.proof.unroll import find_violation
from earwitness.model.systems.cone import cone_of_influence
from earwitness.model.systems.random_walk import free_variables
from earwitness.model.systems.runs import Goal, ModelRun, Step, find_shortest_run
from earwitness.model.systems.transition_system import ENVIRONMENT, StateVariable, System, Transition

PARTED = Var("parted", Sort.BOOL)
"""The runs no longer do the same: what one could do the other could not."""


@dataclass(frozen=True, slots=True)
class TwoRuns:
    """A proof that secrets do not reach an observer, or the two runs that show they do."""

    proof: Proof
    first: ModelRun | None = None
    second: ModelRun | None = None


def _side(name: str, run: int) -> str:
    return f"any.{run}.{name[4:]}" if name.startswith("any.") else f"{run}.{name}"


def self_compose(system: System, secret: Iterable[str], observed: Iterable[str]) -> tuple[System, Monitor]:
    """Two copies in lockstep beside one environment: free choices and first states are shared, but for the secret ones. The monitor says that what is
    observed is the same in both, and that neither can do what the other cannot."""
    shared = {v.name for v in system.variables if not any(v.name in t.updates for t in system.transitions)}
    secrets = frozenset(secret)

    def of(expression: Expression, run: int) -> Expression:
        renamed = {
            v.name
            for v in variables(expression)
            if v.name in secrets or not (v.name.startswith("any.") or v.name == "time" or v.name in shared)
        }
        return substitute(
            expression,
            {v.name: Var(_side(v.name, run), v.sort) for v in variables(expression) if v.name in renamed},
        )

    def lockstep(t: Transition) -> Transition:
        updates = {_side(n, run): of(e, run) for run in (1, 2) for n, e in t.updates.items()}
        return replace(t, guard=conjunction(of(t.guard, 1), of(t.guard, 2)), updates=updates, attributes={})

    def parting(t: Transition) -> Transition:
        one, other = of(t.guard, 1), of(t.guard, 2)
        guard = disjunction(conjunction(one, negation(other)), conjunction(negation(one), other))
        return Transition(f"parting at {t.name}", ENVIRONMENT, guard=guard, updates={PARTED.name: TRUE})

    copies = tuple(
        replace(v, name=_side(v.name, run))
        for v in system.variables
        if v.name not in shared
        for run in (1, 2)
    )
    limits = tuple(
        replace(x, name=f"{x.name} {run}", condition=of(x.condition, run), since=of(x.since, run))
        for x in system.limits
        for run in (1, 2)
    )
    alike = tuple(
        equal(Var(_side(v.name, 1), v.sort), Var(_side(v.name, 2), v.sort))
        for v in system.variables
        if v.name not in shared
    )
    both = replace(
        system,
        name=f"{system.name}, twice",
        variables=(
            StateVariable(PARTED.name, Sort.BOOL, (False,)),
            *(v for v in system.variables if v.name in shared),
            *copies,
        ),
        transitions=(
            *(lockstep(t) for t in system.transitions),
            *(parting(t) for t in system.transitions if t.guard != TRUE),
        ),
        limits=limits,
        free={_side(n, run): texts for n, texts in system.free.items() for run in (1, 2)} | dict(system.free),
        hints=(negation(PARTED), *alike),
    )
    sorts = {v.name: v.sort for v in system.variables}
    same = conjunction(
        *(equal(Var(_side(n, 1), sorts[n]), Var(_side(n, 2), sorts[n])) for n in observed if n not in shared)
    )
    return both, state_monitor(conjunction(negation(PARTED), same), TRUE)


def prove_noninterference(
    clause: str, system: System, secret: Iterable[str], observed: Iterable[str], seconds: int = SECONDS
) -> TwoRuns:
    """Whether the observed variables can depend on the secret choices."""
    started = clock.perf_counter()
    watched = tuple(observed)
    # What no observed variable depends on needs no second copy.
    part = cone_of_influence(system, state_monitor(TRUE, TRUE), watched)
    both, monitor = self_compose(part, secret, watched)
    problem = encode(both, monitor)
    known = inductive_subset(problem, [problem.encoding.term(h, problem.before) for h in both.hints])
    if not allows_violation(problem, known):
        kept = minimal_core(problem, known)
        text = write_obligations(clause, problem, kept)
        return TwoRuns(
            Proof(
                clause,
                Standing.PROVED,
                round(clock.perf_counter() - started, 3),
                (text,),
                (write_invariant(kept),),
            )
        )
    path = find_shortest_run(both, monitor, Goal.VIOLATED) or find_violation(both, monitor, seconds).path
    spent = round(clock.perf_counter() - started, 3)
    if path is None:
        return TwoRuns(
            Proof(
                clause,
                Standing.INCONCLUSIVE,
                spent,
                reason="the two runs could not be shown to look alike, and no pair that differs was found",
            )
        )
    one, other = (_project(part, path, run, frozenset(secret)) for run in (1, 2))
    return TwoRuns(Proof(clause, Standing.REFUTED, spent, path=one), one, other)


def _project(system: System, path: ModelRun, run: int, secrets: frozenset[str]) -> ModelRun:
    """One of the two runs, in the system's own names. The last step only looks at what differs, and is left out."""
    initial = {
        v.name: path.initial.get(_side(v.name, run), path.initial.get(v.name, v.initial[0]))
        for v in system.variables
    }
    steps = []
    known = {t.name for t in system.transitions}
    for step in path.steps[:-1]:
        if step.transition.name not in known:
            continue  # where the runs part, one can go on and the other cannot
        transition = system.transition(step.transition.name)
        chosen: dict[str, Value] = {}
        for v in free_variables(transition):
            # What the two runs do not depend on was not chosen; any text will do.
            chosen[v.name] = step.chosen.get(
                _side(v.name, run) if v.name in secrets else v.name,
                system.free[v.name][0] if v.name in system.free else 0,
            )
        steps.append(Step(transition, step.time, chosen))
    return ModelRun(initial, tuple(steps))
