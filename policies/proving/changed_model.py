"""What a pack's proofs say of a changed model: which clauses still hold, which fall, which stay open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from earwitness.model.expression import TRUE
from earwitness.model.proof.encoding import (
    REGISTER,
    Encoding,
    Problem,
    encode,
)
from earwitness.model.proof.houdini import inductive_subset
from earwitness.model.proof.invariant import (
    allows_violation,
    is_inductive,
    is_preserved,
    read_lemmas,
    recall_invariant,
)
from earwitness.model.proof.liveness import progress_properties
from earwitness.model.proof.proof import Standing
from earwitness.model.proof.self_composition import prove_noninterference
from earwitness.model.proof.spacer import search_invariant
from earwitness.model.proof.unroll import find_violation_from
from earwitness.model.systems.cone import cone_of_influence, timed_variables
from earwitness.model.systems.explicit_search import Goal, find_shortest_run
from earwitness.model.systems.random_walk import diverse_states, walk_violates
from earwitness.model.systems.state_property import Promise, StateProperty
from earwitness.model.systems.transition_system import Component, System
from earwitness.policies.pack import Clause, Kind, Pack
from earwitness.policies.proving.invariants import load_invariants
from earwitness.policies.proving.joint_inquiry import SECONDS, Unproved
from earwitness.policies.proving.tasks import (
    PROGRESS,
    ProofTask,
    clauses_to_prove,
    proof_task,
)

STEPS = 100_000
"""Random steps before a proof is tried; they find most faults."""
LONGER = 5
"""So many times the steps where no proof was found."""
NEAR = 4
"""Steps that a solver looks ahead from the states random walks found."""
LOOKING = 40
"""Seconds of that look: half of the mutants it found took less than 10."""


@dataclass
class ProvedPart:
    """One conjunct of a clause with its invariant over the sound system. What must be possible speaks
    of the guards as they are, so `promise_of` derives the promise of a changed system from that
    system."""

    clause: str
    name: str
    system: System
    promise_of: Callable[[System], Promise]
    stored: tuple[str, ...] | None
    """The conjuncts of the shipped invariant, none where it needs none; None where nothing is shipped."""

    @cached_property
    def promise(self) -> Promise:
        return self.promise_of(self.system)

    @cached_property
    def problem(self) -> Problem:
        return encode(self.system, self.promise)

    @cached_property
    def invariant(self) -> list[Any]:
        """Raises Unproved where the clause does not hold of the sound system: nothing follows then from
        what holds of others."""
        found = (
            recall_invariant(self.problem, self.stored)
            if self.stored is not None
            else None
        )
        if found is not None:
            return found
        if self.is_broken_by_walks(self.system):
            raise Unproved(
                f"{self.name} is not proved over the model as it is (refuted); earwitness prove says more"
            )
        answer = search_invariant(
            problem=self.problem,
            system=self.system,
            promise=self.promise,
            seconds=SECONDS,
        )
        if answer.standing is not Standing.PROVED:
            raise Unproved(
                f"{self.name} is not proved over the model as it is ({answer.standing.value}); "
                "earwitness prove says more"
            )
        return list(answer.invariant)

    def is_spared(self, changed: System) -> bool:
        """Whether the sound system's invariant also holds of the changed one; then the clause surely
        does."""
        changed = self.extended(changed)
        promise = self.promise_of(changed)
        if self.system.limits != changed.limits or promise != self.promise:
            return is_inductive(
                encode(changed, promise, self.problem.encoding),
                self.invariant,
            )
        pairs = zip(self.system.transitions, changed.transitions, strict=True)
        differing = tuple(after for before, after in pairs if before != after)
        alone = replace(changed, transitions=differing)
        return is_preserved(
            encode(alone, self.promise, self.problem.encoding), self.invariant
        )

    def extended(self, changed: System) -> System:
        """The changed system beside the constants that this part's own system has (those of slices)."""
        known = {v.name for v in changed.variables}
        missing = tuple(
            v for v in self.system.variables if v.name not in known
        )
        return replace(changed, variables=(*changed.variables, *missing))

    def is_broken_by_walks(self, changed: System) -> bool:
        """Whether random walks find a violation."""
        changed = self.extended(changed)
        promise = self.promise_of(changed)
        cone = cone_of_influence(changed, promise, timed_variables(changed))
        return walk_violates(cone, promise, STEPS)

    def is_broken(self, changed: System, pool: Sequence[str]) -> bool | None:
        """Whether the clause is broken, by proof; None where no answer was found in time. Known
        conjuncts are tried before new ones are searched."""
        changed = self.extended(changed)
        promise = self.promise_of(changed)
        whole = encode(changed, promise, self.problem.encoding)
        lemmas = inductive_subset(
            whole, [*self.invariant, *read_lemmas(whole, pool)]
        )
        if not allows_violation(whole, lemmas):
            return False
        cone = cone_of_influence(changed, promise, timed_variables(changed))
        states = diverse_states(cone, promise, STEPS)
        if (
            find_violation_from(
                system=cone,
                promise=promise,
                states=states,
                seconds=LOOKING,
                deepest=NEAR,
            ).run
            is not None
        ):
            return True
        answer = search_invariant(
            problem=encode(cone, promise),
            system=cone,
            promise=promise,
            seconds=SECONDS,
        )
        if answer.standing is not Standing.INCONCLUSIVE:
            return answer.standing is Standing.REFUTED
        longer = walk_violates(cone, promise, LONGER * STEPS, seed=1)
        found = (
            longer
            or find_shortest_run(changed, promise, Goal.VIOLATED) is not None
        )
        return True if found else None


@dataclass
class Inquiry:
    """All conjuncts of all clauses of a pack. `actors` are the components whose steps a clause wants to
    be possible."""

    pack: Pack
    parts: tuple[ProvedPart, ...]
    two_run: tuple[ProofTask, ...]
    actors: Mapping[str, frozenset[Component]]

    @property
    def system(self) -> System:
        return self.pack.model.system

    def broken_by_walks(self, changed: System) -> tuple[str, ...]:
        """The clauses that random walks see broken."""
        concerned = (p for p in self.parts if not p.is_spared(changed))
        return tuple(
            dict.fromkeys(
                p.clause for p in concerned if p.is_broken_by_walks(changed)
            )
        )

    def broken(
        self, changed: System
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The clauses that are broken, and those that stay open, by proof."""
        concerned = [p for p in self.parts if not p.is_spared(changed)]
        answers = [
            (p.clause, p.is_broken(changed, self.pool)) for p in concerned
        ]
        answers += [
            (t.identity, self.leaks(t, changed)) for t in self.two_run
        ]
        broken = dict.fromkeys(clause for clause, answer in answers if answer)
        still_open = dict.fromkeys(
            clause for clause, answer in answers if answer is None
        )
        return tuple(broken), tuple(
            clause for clause in still_open if clause not in broken
        )

    def leaks(
        self,
        task: ProofTask,
        changed: System,
        more_secrets: Iterable[str] = (),
    ) -> bool | None:
        """Whether a two-run clause is broken."""
        secrets = (*task.secrets, *more_secrets)
        found = prove_noninterference(
            clause=task.identity,
            system=changed,
            secret=secrets,
            observed=task.observed or (),
            seconds=SECONDS,
        )
        if found.proof.standing is Standing.INCONCLUSIVE:
            return None
        return found.proof.standing is Standing.REFUTED

    @cached_property
    def pool(self) -> tuple[str, ...]:
        """The conjuncts of all invariants that speak of the system alone."""
        texts = (text for part in self.parts for text in part.stored or ())
        return tuple(
            dict.fromkeys(text for text in texts if REGISTER not in text)
        )

    @cached_property
    def encoding(self) -> Encoding:
        return Encoding()

    @cached_property
    def common(self) -> list[Any]:
        """What holds in every reachable state of the sound system, as far as the pool knows."""
        problem = encode(
            self.system, StateProperty(TRUE, TRUE), self.encoding
        )
        return inductive_subset(problem, read_lemmas(problem, self.pool))


def open_inquiry(
    pack: Pack, wanted: Callable[[str], bool] = lambda _: True
) -> Inquiry:
    """The clauses that the pack wants proved, and that time never stops. Raises Unproved."""
    clauses = [c for c in clauses_to_prove(pack.clauses) if wanted(c.id)]
    stored = load_invariants(pack)
    parts = [part for c in clauses for part in _parts_of(c, pack, stored)]
    if wanted(PROGRESS):
        parts += _progress_parts(pack, stored)
    for part in parts:
        # Here, so that a clause that does not hold of the sound model is named at once.
        _ = part.invariant
    return Inquiry(
        pack=pack,
        parts=tuple(parts),
        two_run=tuple(
            proof_task(c, pack.model)
            for c in clauses
            if c.kind is Kind.TWO_RUN
        ),
        actors={
            c.id: _actors_of(c, pack)
            for c in clauses
            if c.kind is Kind.ENABLED
        },
    )


def _parts_of(
    clause: Clause, pack: Pack, stored: Mapping[str, tuple[str, ...]]
) -> list[ProvedPart]:
    task = proof_task(clause, pack.model)

    def promise_named(name: str) -> Callable[[System], Promise]:
        return lambda changed: proof_task(
            clause, pack.model, changed
        ).promises[name]

    return [
        ProvedPart(
            clause=clause.id,
            name=name,
            system=task.system,
            promise_of=promise_named(name),
            stored=stored.get(name),
        )
        for name in task.promises
    ]


def _progress_parts(
    pack: Pack, stored: Mapping[str, tuple[str, ...]]
) -> list[ProvedPart]:
    system = pack.model.system

    def property_named(name: str) -> Callable[[System], Promise]:
        # A limit that a mutant drops is a limit that cannot stop time.
        trivial = StateProperty(TRUE, TRUE)
        return lambda changed: progress_properties(changed).get(name, trivial)

    return [
        ProvedPart(
            clause=PROGRESS,
            name=name,
            system=system,
            promise_of=property_named(name),
            stored=stored.get(name),
        )
        for name in progress_properties(system)
    ]


def _actors_of(clause: Clause, pack: Pack) -> frozenset[Component]:
    wishes = pack.model.possible[str(clause.transition)]
    return frozenset(
        pack.model.system.transition(w.transition).component for w in wishes
    )
