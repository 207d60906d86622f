"""All of a pack's promises over its model at once: what a changed model still keeps by proof, and what
its runs break. What the clauses share is computed once, so that a changed model costs seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from earwitness.model.expression import TRUE
from earwitness.model.proof.encoding import REGISTER, encode
from earwitness.model.proof.houdini import inductive_subset
from earwitness.model.proof.invariant import is_preserved, read_lemmas
from earwitness.model.proof.joint_invariant import JointInvariant, Remainder
from earwitness.model.proof.mutation import DROPPED, Mutant, behaves_as
from earwitness.model.proof.named_terms import TermError
from earwitness.model.proof.portfolio import decide
from earwitness.model.proof.proof import ProvedConjunct, Standing
from earwitness.model.proof.self_composition import (
    prove_noninterference,
    two_runs_of,
)
from earwitness.model.proof.simulation import Simulator
from earwitness.model.systems.cone import cone_of_influence
from earwitness.model.systems.joint_walk import JointWalk
from earwitness.model.systems.runs import ModelRun
from earwitness.model.systems.state_property import Promise, StateProperty
from earwitness.model.systems.transition_system import System
from earwitness.policies.pack import Kind, Pack
from earwitness.policies.proving.invariants import load_invariants
from earwitness.policies.proving.tasks import (
    PROGRESS,
    ProofTask,
    progress_task,
    proof_task,
    tasks_of,
)

EXPLORING = 100_000
"""Random steps of the sound model, once: twice as many led to no more noticed faults."""
HUNTING = 10_000
"""Random steps of a changed model, from where it goes elsewhere than the sound one."""
EXPLORING_AGAIN = 15_000
"""The same where the sound model's runs are none of its own."""
SECONDS = 20
"""Limit of one solver's answer."""


class Unproved(Exception):
    """A clause of the pack does not hold of the sound model."""


@dataclass
class JointInquiry:
    """The promises of all wanted clauses, by conjunct, and that time never stops."""

    pack: Pack
    wanted: Callable[[str], bool] = lambda _: True
    _latest: tuple[System | None, dict[str, Promise]] = field(
        default=(None, {}), init=False, repr=False
    )

    @cached_property
    def tasks(self) -> tuple[ProofTask, ...]:
        return tuple(
            t for t in tasks_of(self.pack) if self.wanted(t.identity)
        )

    @cached_property
    def promises(self) -> dict[str, Promise]:
        return {
            name: promise
            for task in self.tasks
            for name, promise in task.promises.items()
        }

    @cached_property
    def clause_of(self) -> dict[str, str]:
        """The clause of each conjunct."""
        return {
            name: task.identity
            for task in self.tasks
            for name in task.promises
        }

    @cached_property
    def system(self) -> System:
        """The model beside the constants of slices."""
        return self.extended(self.pack.model.system)

    def extended(self, changed: System) -> System:
        variables = {v.name: v for v in changed.variables}
        for task in self.tasks:
            variables |= {v.name: v for v in task.system.variables}
        return replace(changed, variables=tuple(variables.values()))

    def promises_of(self, changed: System) -> dict[str, Promise]:
        """The promises of a changed model: what must be possible speaks of the guards as they are. A limit
        that is dropped is one that cannot stop time. The last ones are kept: they are asked for twice."""
        if changed is not self._latest[0]:
            self._latest = changed, self.fresh_promises(changed)
        return self._latest[1]

    def fresh_promises(self, changed: System) -> dict[str, Promise]:
        found = dict(self.promises)
        clauses = {c.id: c for c in self.pack.clauses}
        for task in self.tasks:
            if not self.speaks_of_change(task, changed):
                continue
            if task.identity == PROGRESS:
                nothing = StateProperty(TRUE, TRUE)
                fresh = progress_task(changed).promises
                found |= {n: fresh.get(n, nothing) for n in task.promises}
            else:
                clause = clauses[task.identity]
                found |= proof_task(clause, self.pack.model, changed).promises
        return found

    def speaks_of_change(self, task: ProofTask, changed: System) -> bool:
        """Whether the promises themselves speak of rows or limits that changed."""
        sound = self.pack.model.system
        if task.identity == PROGRESS:
            owed = {name for x in sound.limits for name in x.discharge}
            is_timed_alike = changed.limits == sound.limits
        else:
            clause = next(
                c for c in self.pack.clauses if c.id == task.identity
            )
            if clause.kind is not Kind.ENABLED:
                return False
            wishes = self.pack.model.possible[str(clause.transition)]
            owed, is_timed_alike = {w.transition for w in wishes}, True
        return not is_timed_alike or any(
            changed.transition(name) != sound.transition(name)
            for name in owed
        )

    @cached_property
    def invariant(self) -> JointInvariant:
        """All invariants, checked together. Raises Unproved: of a clause that does not hold of the sound
        model nothing follows from what holds of others."""
        shipped = load_invariants(self.pack)
        stored = {n: shipped[n] for n in self.promises if n in shipped}
        for name in self.promises.keys() - stored.keys():
            stored[name] = self.searched(name)
        try:
            found = JointInvariant(self.system, self.promises, stored)
            lost = sorted(self.promises.keys() - found.holds().proved)
        except TermError:
            lost = sorted(self.promises)
        if lost:
            stored |= {name: self.searched(name) for name in lost}
            found = JointInvariant(self.system, self.promises, stored)
        return found

    def searched(self, name: str) -> tuple[str, ...]:
        known = load_invariants(self.pack).get(name)
        decision = decide(
            system=self.system,
            promise=self.promises[name],
            stored=known,
            seconds=SECONDS,
        )
        if decision.standing is not Standing.PROVED:
            raise Unproved(
                f"{name} is not proved over the model as it is ({decision.standing.value}); "
                "earwitness prove says more"
            )
        return decision.invariant

    @cached_property
    def walk(self) -> JointWalk:
        found = JointWalk(self.system, self.promises)
        found.explore(EXPLORING)
        return found

    def known_lemmas(self, name: str) -> tuple[str, ...]:
        """The shipped conjuncts that may be lemmas of this promise: its own, and those of the system
        alone."""
        shipped = load_invariants(self.pack)
        texts = (
            text
            for other, conjuncts in shipped.items()
            for text in conjuncts
            if other == name or REGISTER not in text
        )
        return tuple(dict.fromkeys(texts))

    def is_no_fault(self, mutant: Mutant) -> bool:
        """Whether every step of the mutant is one of the sound model, as far as it can show."""
        return behaves_as(
            self.pack.model.system,
            mutant,
            common=self.simulator.lemmas,
            encoding=self.invariant.encoding,
            others=self.watched,
        )

    @cached_property
    def simulator(self) -> Simulator:
        """What the sound model is compared by, with all that is known of its states alone."""
        joint = self.invariant
        alone = read_lemmas(joint.base, self.known_lemmas(""))
        hints = [
            joint.encoding.term(hint, joint.base.before)
            for hint in self.pack.model.system.hints
        ]
        return Simulator(
            system=self.pack.model.system,
            encoding=joint.encoding,
            lemmas=inductive_subset(joint.base, [*alone, *hints]),
            watched=self.watched,
        )

    @cached_property
    def unseen(self) -> frozenset[str]:
        """The conjuncts that do not speak of what is seen: of what must be possible, and of time."""
        return frozenset(
            name
            for name, promise in self.promises.items()
            if isinstance(promise, StateProperty)
        )

    @cached_property
    def watched(self) -> frozenset[str]:
        """The variables that an observer sees beside events."""
        observers = self.pack.model.observers.values()
        return frozenset(name for seen in observers for name in seen)

    def looks_alike(self, mutant: Mutant) -> bool:
        """Whether every run of the mutant looks like one of the sound model, by a simulation. Then every
        promise about what is seen holds of it; what must be possible is asked for by itself."""
        limits = self.pack.model.system.limits
        if mutant.changed is None and len(mutant.system.limits) < len(limits):
            return False
        return self.simulator.find(mutant.system) is not None

    def kept_at_once(self, changed: System) -> Remainder:
        """What is surely kept because nothing of its invariant is lost."""
        return self.invariant.holds_of(
            changed, self.promises_of(changed), at_once=True
        )

    def kept(self, changed: System) -> Remainder:
        """What is surely kept by what is left of all invariants together."""
        return self.invariant.holds_of(changed, self.promises_of(changed))

    def broken_by_runs(
        self, mutant: Mutant, patience: int = 1
    ) -> dict[str, ModelRun]:
        """The conjuncts that runs of the mutant break, each with such a run. `patience`: so many times the
        usual steps, and other ones."""
        allows_more = mutant.changed is None or mutant.fault.startswith(
            DROPPED
        )
        return self.walk.hunt(
            system=mutant.system,
            promises=self.promises_of(mutant.system),
            steps=patience * (HUNTING if allows_more else EXPLORING_AGAIN),
            allows_more=allows_more,
            seed=f"{mutant.name} {patience}",
        )

    def leaking(self, changed: System) -> dict[str, bool | None]:
        """Of each two-run clause whose proof the change breaks, whether the clause is broken too."""
        return {
            task.identity: _leaks(task, changed)
            for task in self.tasks
            if task.observed is not None
            and not self.keeps_two_runs(task, changed)
        }

    def keeps_two_runs(self, task: ProofTask, changed: System) -> bool:
        """Whether the changed rows keep the invariant of both runs."""
        sound, conjunct = self.two_runs[task.identity]
        _, both, wanted = two_runs_of(
            changed, task.secrets, task.observed or ()
        )
        if (both.variables, both.limits) != (sound.variables, sound.limits):
            return False
        known = {t.name: t for t in sound.transitions}
        differing = [t for t in both.transitions if known.get(t.name) != t]
        alone = replace(both, transitions=tuple(differing))
        problem = encode(alone, wanted)
        lemmas = read_lemmas(problem, conjunct.invariant)
        return is_preserved(problem, lemmas)

    @cached_property
    def two_runs(self) -> dict[str, tuple[System, ProvedConjunct]]:
        """The sound model beside itself with its invariant. Raises Unproved."""
        found = {}
        for task in self.tasks:
            if task.observed is None:
                continue
            proved = prove_noninterference(
                clause=task.identity,
                system=task.system,
                secret=task.secrets,
                observed=task.observed,
                seconds=SECONDS,
            )
            if proved.proof.standing is not Standing.PROVED:
                raise Unproved(
                    f"{task.identity} is not proved over the model as it is; earwitness prove says more"
                )
            found[task.identity] = proved.system, proved.proof.conjuncts[0]
        return found

    @cached_property
    def reach(self) -> tuple[frozenset[str], frozenset[str]]:
        """The variables and rows that can touch any promise at all."""
        variables: set[str] = set()
        rows: set[str] = set()
        cones = [
            cone_of_influence(self.system, promise)
            for promise in self.promises.values()
        ]
        cones += [_seen_by(t, t.system) for t in self.tasks if t.observed]
        for cone in cones:
            variables |= {v.name for v in cone.variables}
            rows |= {t.name for t in cone.transitions}
        return frozenset(variables), frozenset(rows)

    def can_reach_promise(self, mutant: Mutant) -> bool:
        """Whether anything that the mutant changes can touch a promise."""
        if mutant.changed is None:
            return True
        before = self.system.transition(mutant.changed)
        after = mutant.system.transition(mutant.changed)
        variables, rows = self.reach
        if before.name not in rows:
            return False
        moved = {
            name
            for name in before.updates.keys() | after.updates.keys()
            if before.updates.get(name) != after.updates.get(name)
        }
        is_only_update = replace(after, updates=before.updates) == before
        return not (is_only_update and not moved & variables)


def _leaks(task: ProofTask, changed: System) -> bool | None:
    found = prove_noninterference(
        clause=task.identity,
        system=changed,
        secret=task.secrets,
        observed=task.observed or (),
        seconds=SECONDS,
    )
    if found.proof.standing is Standing.INCONCLUSIVE:
        return None
    return found.proof.standing is Standing.REFUTED


def _seen_by(task: ProofTask, system: System) -> System:
    """What of a system its observer's view depends on."""
    return cone_of_influence(
        system, StateProperty(TRUE, TRUE), task.observed or ()
    )
