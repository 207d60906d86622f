"""How much a proof carries: whether it rests on what transitions do to each other, or only repeats what
one of them says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from earwitness.model.proof.encoding import (
    REGISTER,
    Problem,
    Rule,
    encode,
)
from earwitness.model.proof.invariant import read_lemmas
from earwitness.model.proof.named_terms import parse, symbols_in
from earwitness.model.proof.proof import ProvedConjunct
from earwitness.model.systems.state_property import NOW
from earwitness.model.systems.transition_system import System


class Weight(Enum):
    """From a proof that says least to one that says most."""

    BY_CONSTRUCTION = "by construction"
    RESTATED_GUARD = "restated guard"
    MIRRORED_FLAG = "mirrored flag"
    INTERPLAY = "interplay"

    @property
    def meaning(self) -> str:
        return MEANINGS[self]


MEANINGS = {
    Weight.BY_CONSTRUCTION: "no step could break it, even if every guard were dropped",
    Weight.RESTATED_GUARD: "the guard of each step says as much; no history is needed",
    Weight.MIRRORED_FLAG: "the monitor repeats one variable of the model",
    Weight.INTERPLAY: "several variables, kept in step by several transitions",
}


@dataclass(frozen=True, slots=True)
class ConjunctWeight:
    """The weight of one conjunct's proof, the state variables its invariant speaks of, and the
    transitions whose guards it needs."""

    name: str
    weight: Weight
    variables: tuple[str, ...]
    transitions: tuple[str, ...]


def weigh(system: System, conjunct: ProvedConjunct) -> ConjunctWeight:
    """What the proof of a conjunct rests on."""
    spoken_of = {
        symbol
        for text in conjunct.invariant
        for symbol in symbols_in(parse(text))
    }
    variables = tuple(
        sorted(
            s for s in spoken_of if s != NOW and not s.startswith(REGISTER)
        )
    )
    problem = encode(system, conjunct.promise)
    unguarded = problem.without_guards()
    return ConjunctWeight(
        name=conjunct.name,
        weight=_weigh_promise(
            guarded=problem, unguarded=unguarded, variables=variables
        ),
        variables=variables,
        transitions=tuple(_needed_guards(unguarded, conjunct)),
    )


def clause_weight(weights: tuple[ConjunctWeight, ...]) -> Weight:
    """A clause weighs as much as its heaviest conjunct."""
    order = list(Weight)
    return max(
        (w.weight for w in weights),
        key=order.index,
        default=Weight.BY_CONSTRUCTION,
    )


def names_by_construction(
    weights: tuple[ConjunctWeight, ...],
) -> tuple[str, ...]:
    """The conjuncts that no step could break."""
    return tuple(
        w.name for w in weights if w.weight is Weight.BY_CONSTRUCTION
    )


def _weigh_promise(
    guarded: Problem, unguarded: Problem, variables: tuple[str, ...]
) -> Weight:
    if not any(_can_violate(rule) for rule in unguarded.rules):
        return Weight.BY_CONSTRUCTION
    if not any(_can_violate(rule) for rule in guarded.rules):
        return Weight.RESTATED_GUARD
    return Weight.MIRRORED_FLAG if len(variables) <= 1 else Weight.INTERPLAY


def _can_violate(rule: Rule) -> bool:
    """Whether the step violates the promise from some state at all, reachable or not."""
    if z3.is_true(rule.verdict):
        return False
    solver = z3.Solver()
    return bool(solver.check(rule.enabled, z3.Not(rule.verdict)) != z3.unsat)


def _needed_guards(unguarded: Problem, conjunct: ProvedConjunct) -> list[str]:
    """The transitions without whose guards the invariant would not be kept, or the promise not hold."""
    invariant = read_lemmas(unguarded, conjunct.invariant)
    solver = z3.Solver()
    solver.add(*invariant)
    return [
        r.transition.name
        for r in unguarded.rules
        if _breaks_invariant(
            solver=solver, problem=unguarded, rule=r, invariant=invariant
        )
    ]


def _breaks_invariant(
    solver: Any, problem: Problem, rule: Rule, invariant: list[Any]
) -> bool:
    after = [
        claim for claim in problem.after(rule, invariant) if claim is not None
    ]
    if z3.is_true(rule.verdict) and not after:
        return False
    return bool(
        solver.check(rule.enabled, z3.Not(z3.And(*after, rule.verdict)))
        != z3.unsat
    )
