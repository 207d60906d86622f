"""Two-run promises by self-composition (Barthe, D'Argenio, Rezk 2004): two runs that differ in secrets
only must look alike to an observer."""

from __future__ import annotations

import time as clock
from collections.abc import Collection, Iterable
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
from earwitness.model.proof.encoding import encode
from earwitness.model.proof.houdini import inductive_subset
from earwitness.model.proof.invariant import (
    allows_violation,
    minimal_core,
    write_invariant,
)
from earwitness.model.proof.portfolio import SECONDS
from earwitness.model.proof.proof import Proof, ProvedConjunct, Standing
from earwitness.model.proof.unroll import find_violation
from earwitness.model.systems.cone import cone_of_influence, variable_names
from earwitness.model.systems.explicit_search import Goal, find_short_run
from earwitness.model.systems.runs import (
    ModelRun,
    Step,
    complete_run,
    free_variables,
)
from earwitness.model.systems.state_property import StateProperty
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    Limit,
    StateVariable,
    System,
    Transition,
)

PARTED = Var("parted", Sort.BOOL)
"""The runs no longer do the same: what one could do the other could not."""
RUNS = (1, 2)
"""A promise of two runs is about the first and the second."""


@dataclass(frozen=True, slots=True)
class TwoRuns:
    """A proof that secrets do not reach an observer, over `system`, or the two runs that show they do.

    >>> found = prove_noninterference("PROMISE", MICROPHONE_SYSTEM, secret=[], observed=["rail"])
    >>> found.first, found.second  # no two runs differ
    (None, None)
    """

    proof: Proof
    system: System
    first: ModelRun | None = None
    second: ModelRun | None = None


def name_in_run(name: str, run: int) -> str:
    """
    >>> name_in_run("rail", 2), name_in_run("any.bytes", 2)
    ('2.rail', 'any.2.bytes')
    """
    return (
        f"any.{run}.{name.removeprefix('any.')}"
        if name.startswith("any.")
        else f"{run}.{name}"
    )


def self_compose(
    system: System, secret: Iterable[str], observed: Iterable[str]
) -> tuple[System, StateProperty]:
    """Two copies in lockstep beside one environment: free choices and first states are shared, except
    the secret ones. The property says that what is observed is the same in both, and that neither
    can do what the other cannot.

    >>> both, alike = self_compose(MICROPHONE_SYSTEM, secret=["muted"], observed=["rail"])
    >>> [variable.name for variable in both.variables]
    ['parted', '1.muted', '2.muted', '1.rail', '2.rail', '1.pressed_at', '2.pressed_at']
    """
    composition = _Composition(system, frozenset(secret))
    return composition.system(), composition.property_for(observed)


class _Composition:
    """`shared` are the variables that nothing changes: one copy of them serves both runs."""

    def __init__(self, whole: System, secret: frozenset[str]) -> None:
        self.whole, self.secret = whole, secret
        changed = {name for t in whole.transitions for name in t.updates}
        self.shared = {v.name for v in whole.variables} - changed - secret
        self.copied = [
            v for v in whole.variables if v.name not in self.shared
        ]

    def is_shared(self, name: str) -> bool:
        if name in self.secret:
            return False
        return (
            name.startswith("any.") or name == "time" or name in self.shared
        )

    def in_run(self, expression: Expression, run: int) -> Expression:
        own = [v for v in variables(expression) if not self.is_shared(v.name)]
        return substitute(
            expression,
            {v.name: Var(name_in_run(v.name, run), v.sort) for v in own},
        )

    def alike(self, variable: StateVariable) -> Expression:
        first, second = (
            Var(name_in_run(variable.name, run), variable.sort)
            for run in RUNS
        )
        return equal(first, second)

    def tainted(self) -> list[StateVariable]:
        """The variables that secrets flow into, step by step."""
        found: set[str] = set(self.secret)
        while True:
            more = {
                name
                for t in self.whole.transitions
                for name, e in t.updates.items()
                if found & variable_names([e])
            }
            if more <= found:
                return [
                    v for v in self.copied if v.name in found - self.secret
                ]
            found |= more

    def alike_where_flagged(self) -> list[Expression]:
        """What secrets flow into may be alike only while some flag is set."""
        flags = [v for v in self.copied if v.sort is Sort.BOOL]
        return [
            disjunction(
                negation(Var(name_in_run(flag.name, RUNS[0]), Sort.BOOL)),
                self.alike(v),
            )
            for v in self.tainted()
            for flag in flags
            if flag.name not in self.secret
        ]

    def system(self) -> System:
        lockstep = [self.lockstep(t) for t in self.whole.transitions]
        parting = [
            self.parting(t)
            for t in self.whole.transitions
            if self.in_run(t.guard, 1) != self.in_run(t.guard, 2)
        ]
        alike = [
            self.alike(v) for v in self.copied if v.name not in self.secret
        ]
        copies = [
            replace(v, name=name_in_run(v.name, run))
            for v in self.copied
            for run in RUNS
        ]
        common = [v for v in self.whole.variables if v.name in self.shared]
        free = {
            name_in_run(name, run): texts
            for name, texts in self.whole.free.items()
            for run in RUNS
        }
        return replace(
            self.whole,
            name=f"{self.whole.name}, twice",
            variables=(
                StateVariable(PARTED.name, Sort.BOOL, (False,)),
                *common,
                *copies,
            ),
            transitions=(*lockstep, *parting),
            limits=tuple(
                self.limit(x, run) for x in self.whole.limits for run in RUNS
            ),
            free={**free, **self.whole.free},
            hints=(negation(PARTED), *alike, *self.alike_where_flagged()),
            initially=conjunction(
                *(self.in_run(self.whole.initially, run) for run in RUNS),
                *alike,
            ),
        )

    def lockstep(self, transition: Transition) -> Transition:
        updates = {
            name_in_run(name, run): self.in_run(e, run)
            for run in RUNS
            for name, e in transition.updates.items()
        }
        guard = conjunction(
            *(self.in_run(transition.guard, run) for run in RUNS)
        )
        return replace(
            transition, guard=guard, updates=updates, attributes={}
        )

    def parting(self, transition: Transition) -> Transition:
        first, second = (self.in_run(transition.guard, run) for run in RUNS)
        only_one = disjunction(
            conjunction(first, negation(second)),
            conjunction(negation(first), second),
        )
        name = f"parting at {transition.name}"
        return Transition(
            name, ENVIRONMENT, guard=only_one, updates={PARTED.name: TRUE}
        )

    def limit(self, limit: Limit, run: int) -> Limit:
        condition, since = (
            self.in_run(limit.condition, run),
            self.in_run(limit.since, run),
        )
        return replace(
            limit,
            name=f"{limit.name} {run}",
            condition=condition,
            since=since,
        )

    def property_for(self, observed: Iterable[str]) -> StateProperty:
        watched = set(observed)
        same = [self.alike(v) for v in self.copied if v.name in watched]
        return StateProperty(conjunction(negation(PARTED), *same), TRUE)


def two_runs_of(
    system: System, secret: Collection[str], observed: Collection[str]
) -> tuple[System, System, StateProperty]:
    """What of the system the observed variables depend on (nothing else needs a second copy), its
    composition with itself, and what must hold of it.

    >>> cone, both, alike = two_runs_of(MICROPHONE_SYSTEM, secret=["muted"], observed=["rail"])
    >>> len(cone.variables), len(both.variables)
    (3, 7)
    """
    cone = cone_of_influence(system, StateProperty(TRUE, TRUE), observed)
    return cone, *self_compose(cone, secret, observed)


def prove_noninterference(
    clause: str,
    system: System,
    secret: Collection[str],
    observed: Collection[str],
    seconds: int = SECONDS,
) -> TwoRuns:
    """Whether the observed variables can depend on the secret choices.

    >>> found = prove_noninterference("PROMISE", MICROPHONE_SYSTEM, secret=[], observed=["rail"])
    >>> found.proof.standing.value  # without a secret both runs are one
    'proved'
    """
    started = clock.perf_counter()
    cone, both, wanted = two_runs_of(system, secret, observed)
    problem = encode(both, wanted)
    lemmas = inductive_subset(
        problem,
        [problem.encoding.term(h, problem.before) for h in both.hints],
    )
    if not allows_violation(problem, lemmas):
        needed = [*minimal_core(problem, lemmas), problem.first_verdict]
        texts = tuple(dict.fromkeys(write_invariant(problem, needed)))
        conjunct = ProvedConjunct(clause, wanted, texts, was_searched=True)
        return TwoRuns(
            Proof(
                clause=clause,
                standing=Standing.PROVED,
                seconds=_seconds_since(started),
                conjuncts=(conjunct,),
            ),
            both,
        )
    run = (
        find_short_run(system=both, promise=wanted, goal=Goal.VIOLATED)
        or find_violation(both, wanted, seconds).run
    )
    if run is None:
        reason = "the two runs could not be shown to look alike, and no pair that differs was found"
        return TwoRuns(
            Proof(
                clause,
                Standing.INCONCLUSIVE,
                _seconds_since(started),
                reason=reason,
            ),
            both,
        )
    first, second = (
        complete_run(
            system,
            _project_run(
                system=cone, pair=run, run=number, secret=frozenset(secret)
            ),
        )
        for number in RUNS
    )
    proof = Proof(
        clause,
        Standing.REFUTED,
        _seconds_since(started),
        failed=clause,
        run=first,
    )
    return TwoRuns(proof=proof, system=both, first=first, second=second)


def _seconds_since(started: float) -> float:
    return round(clock.perf_counter() - started, 3)


def _project_run(
    system: System, pair: ModelRun, run: int, secret: frozenset[str]
) -> ModelRun:
    """One of the two runs, in the system's own names."""
    initial = {}
    for variable in system.variables:
        shared = pair.initial.get(variable.name, variable.first_values[0])
        initial[variable.name] = pair.initial.get(
            name_in_run(variable.name, run), shared
        )
    known = {t.name for t in system.transitions}
    # Where the runs part, one can go on and the other cannot.
    common = [step for step in pair.steps if step.transition.name in known]
    return ModelRun(
        initial,
        tuple(
            _projected_step(system=system, step=step, run=run, secret=secret)
            for step in common
        ),
    )


def _projected_step(
    system: System, step: Step, run: int, secret: frozenset[str]
) -> Step:
    transition = system.transition(step.transition.name)
    chosen: dict[str, Value] = {}
    for variable in free_variables(transition):
        name = (
            name_in_run(variable.name, run)
            if variable.name in secret
            else variable.name
        )
        # What the two runs do not depend on was not chosen; any text will do.
        chosen[variable.name] = step.chosen.get(
            name, _any_value(system, variable)
        )
    return Step(transition, step.time, chosen)


def _any_value(system: System, variable: Var) -> Value:
    return (
        system.free[variable.name][0] if variable.name in system.free else 0
    )
