"""What a pack's proofs say of a changed model: which clauses still hold, which fall, which stay open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain, repeat
from typing import Any

import z3

from earwitness.model.expression import TRUE
from earwitness.model.logic.monitor import Monitor
from earwitness.model.proof.encoding import REGISTER, Encoding, Problem, encode
from earwitness.model.proof.houdini import inductive_subset
from earwitness.model.proof.invariant import allows_violation, is_inductive, is_preserved, recall_invariant
from earwitness.model.proof.self_composition import prove_noninterference
from earwitness.model.proof.spacer import Standing, progress_monitor, search_invariant, state_monitor
from earwitness.model.proof.unroll import find_violation_from
from earwitness.model.systems.cone import cone_of_influence, timed_variables
from earwitness.model.systems.model import Model
from earwitness.model.systems.random_walk import diverse_states, walk_violates
from earwitness.model.systems.runs import Goal, find_shortest_run
from earwitness.model.systems.transition_system import Component, System
from earwitness.policies.pack import Clause, Pack
from earwitness.policies.proving.prove_packs import (
    PROGRESS,
    ProofTask,
    clauses_to_prove,
    load_invariants,
    proof_task,
)

STEPS = 100_000
"""Random steps before a proof is tried; they find most faults."""
LONGER = 5
"""So many times the steps where no proof was found."""
NEAR = 4
"""Steps that a solver looks ahead from the states random walks came upon."""
LOOKING = 40
"""Limit of that look, in seconds."""
SECONDS = 20
"""Limit of one solver's answer."""


class Unproved(Exception):
    """A clause of the pack does not hold of the sound model."""


@dataclass
class Part:
    """One monitor of a clause with its invariant over the sound system. What must be possible speaks of the guards as they are, so `promise` makes the
    monitor of a changed system anew."""

    clause: str
    system: System
    promise: Callable[[System], Monitor]
    stored: tuple[str, ...]

    @cached_property
    def monitor(self) -> Monitor:
        return self.promise(self.system)

    @cached_property
    def problem(self) -> Problem:
        return encode(self.system, self.monitor)

    @cached_property
    def invariant(self) -> list[Any]:
        """Raises Unproved where the clause does not hold of the sound system: nothing follows then from what holds of others."""
        found = recall_invariant(self.problem, self.stored)
        if found is not None:
            return found
        standing, found = search_invariant(self.problem, self.system, self.monitor, SECONDS)
        if standing is not Standing.PROVED:
            raise Unproved(
                f"{self.clause} is not proved over the model as it is ({standing.value}); earwitness prove says more"
            )
        return list(found)

    def spared(self, changed: System) -> bool:
        """Whether the sound system's invariant also holds of the changed one; then the clause surely does."""
        where = [b.name for a, b in zip(self.system.transitions, changed.transitions, strict=True) if a != b]
        if self.system.limits != changed.limits or self.promise(changed) != self.monitor:
            return is_inductive(encode(changed, self.promise(changed), self.problem.encoding), self.invariant)
        alone = replace(changed, transitions=tuple(changed.transition(name) for name in where))
        return is_preserved(encode(alone, self.monitor, self.problem.encoding), self.invariant)

    def stumbles(self, changed: System) -> bool:
        """Whether random walks come upon a violation."""
        monitor = self.promise(changed)
        return walk_violates(cone_of_influence(changed, monitor, timed_variables(changed)), monitor, STEPS)

    def falls(self, changed: System, pool: Sequence[str]) -> bool | None:
        """Whether the clause is broken, by proof; None where no answer was found in time. Known conjuncts are tried before new ones are searched."""
        monitor = self.promise(changed)
        whole = encode(changed, monitor, self.problem.encoding)
        if not allows_violation(whole, inductive_subset(whole, [*self.invariant, *_read(whole, pool)])):
            return False
        part = cone_of_influence(changed, monitor, timed_variables(changed))
        if (
            find_violation_from(part, monitor, diverse_states(part, monitor, STEPS), LOOKING, NEAR).path
            is not None
        ):
            return True
        standing, _ = search_invariant(encode(part, monitor), part, monitor, SECONDS)
        if standing is Standing.INCONCLUSIVE and (
            walk_violates(part, monitor, LONGER * STEPS, seed=1)
            or find_shortest_run(changed, monitor, Goal.VIOLATED) is not None
        ):
            return True
        return _fallen(standing)


def _read(problem: Problem, texts: Iterable[str]) -> list[Any]:
    return [
        z3.parse_smt2_string(f"(assert {text})", decls=dict(problem.before))[0]
        for text in dict.fromkeys(texts)
    ]


def _fallen(standing: Standing) -> bool | None:
    return {Standing.REFUTED: True, Standing.PROVED: False}.get(standing)


@dataclass
class Inquiry:
    """All parts of all clauses of a pack. `actors` are the components whose steps a clause wants to be possible."""

    system: System
    parts: tuple[Part, ...]
    two_run: tuple[ProofTask, ...]
    actors: Mapping[str, frozenset[Component]]

    def stumbling(self, changed: System) -> tuple[str, ...]:
        """The clauses that random walks see broken."""
        return tuple(
            dict.fromkeys(p.clause for p in self.parts if not p.spared(changed) and p.stumbles(changed))
        )

    def falling(self, changed: System) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The clauses that are broken, and those that stay open, by proof."""
        answers = [(p.clause, p.falls(changed, self.pool)) for p in self.parts if not p.spared(changed)]
        answers += [(t.identity, self.leaks(t, changed)) for t in self.two_run]
        fallen = tuple(dict.fromkeys(clause for clause, answer in answers if answer))
        return fallen, tuple(
            dict.fromkeys(clause for clause, answer in answers if answer is None and clause not in fallen)
        )

    def leaks(self, task: ProofTask, changed: System, secret: Iterable[str] = ()) -> bool | None:
        """Whether a two-run clause is broken."""
        return _fallen(
            prove_noninterference(
                task.identity, changed, (*task.secrets, *secret), task.observed or (), SECONDS
            ).proof.standing
        )

    @cached_property
    def pool(self) -> tuple[str, ...]:
        """The conjuncts of all invariants that speak of the system alone."""
        return tuple(dict.fromkeys(text for p in self.parts for text in p.stored if REGISTER not in text))

    @cached_property
    def encoding(self) -> Encoding:
        return self.parts[0].problem.encoding

    @cached_property
    def common(self) -> list[Any]:
        """What holds in every reachable state of the sound system, as far as the pool knows."""
        problem = encode(self.system, state_monitor(TRUE, TRUE), self.encoding)
        return inductive_subset(problem, _read(problem, self.pool))


def _monitor(clause: Clause, model: Model, number: int, system: System) -> Monitor:
    return proof_task(clause, model, system).monitors[number]


def open_inquiry(pack: Pack, wanted: Callable[[str], bool] = lambda _: True) -> Inquiry:
    """The clauses of a pack marked P, and that time never stops. Raises Unproved."""
    system, stored = pack.model.system, load_invariants()
    clauses = [c for c in clauses_to_prove(pack.clauses) if wanted(c.id)]
    parts = [
        Part(c.id, system, partial(_monitor, c, pack.model, number), text)
        for c in clauses
        for number, (_, text) in enumerate(
            zip(proof_task(c, pack.model).monitors, chain(stored.get(c.id, ()), repeat(())), strict=False)
        )
    ]
    if wanted(PROGRESS):
        parts.append(Part(PROGRESS, system, progress_monitor, stored[PROGRESS][0]))
    for part in parts:
        _ = part.invariant  # here, so that workers need not find it again
    wants = {c.id: pack.model.possible[c.transition] for c in pack.clauses if c.transition is not None}
    actors = {
        identity: frozenset(system.transition(w.transition).component for w in wanted)
        for identity, wanted in wants.items()
    }
    return Inquiry(
        system,
        tuple(parts),
        tuple(proof_task(c, pack.model) for c in clauses if c.observer is not None),
        actors,
    )
