"""How strong a pack is: which of its model's mutants its proofs notice."""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import yaml

from earwitness.model.proof.encoding import encode
from earwitness.model.proof.houdini import inductive_subset
from earwitness.model.proof.invariant import allows_violation, read_lemmas
from earwitness.model.proof.mutation import (
    DROPPED,
    Mutant,
    mutants_of,
)
from earwitness.model.proof.proof import Standing
from earwitness.model.proof.spacer import run_spacer
from earwitness.model.proof.unroll import find_violation_from
from earwitness.model.systems.cone import cone_of_influence, timed_variables
from earwitness.model.systems.random_walk import diverse_states
from earwitness.model.systems.runs import ModelRun
from earwitness.model.systems.transition_system import ENVIRONMENT
from earwitness.policies.pack import Pack, load, small_pack
from earwitness.policies.proving.changed_model import NEAR
from earwitness.policies.proving.finite_opinion import holds_in_finite_model
from earwitness.policies.proving.joint_inquiry import JointInquiry, Unproved

EQUIVALENT = "behaves as the sound model in every reachable state"
ALIKE = "every run of it looks like one of the sound model: a simulation is proved"
NO_FAULT = (EQUIVALENT, ALIKE)
"""What is found by proof of a mutant that is no fault."""
HARMLESS = "every promise is proved to hold of it too"
"""The reasons that are found by proof, where people gave theirs before."""
BESIDE = f"{HARMLESS}: nothing that it changes can reach one"
HOSTILE = f"{HARMLESS}: the row is the environment's, which owes nothing"
"""Closer reasons, computed from the tables; each is a case of `HARMLESS`."""
FINITE_STEPS = 20
"""Units of time in which ABC looks for what a mutant breaks."""
LOOKING = 8
"""Seconds of a solver's look ahead for one promise: of what it finds it finds most in five."""
PROVING = 10
"""Limit of a new proof of one promise."""
LONGER = 15
"""So many times the usual random steps where these found nothing and no proof did: some seconds."""
PATIENCE = 30
"""Seconds after which no further promise of the same mutant is put to solvers."""
STEPS = 20_000
"""Random steps that lead to the states from which a solver looks ahead."""


@dataclass(frozen=True, slots=True)
class JudgedMutant:
    """A mutant with the clauses that notice it (all that runs were found for), those that are neither seen
    broken nor proved to hold, and why it may live: it is proved to be no fault, or was reviewed. `restated`
    are those that notice no more than that their own row lost the guard that says the same."""

    mutant: str
    killers: tuple[str, ...]
    undecided: tuple[str, ...] = ()
    explained: str = ""
    restated: tuple[str, ...] = ()

    @property
    def is_equivalent(self) -> bool:
        return self.explained in NO_FAULT


@dataclass(frozen=True, slots=True)
class MutationScore:
    """Counts over judged mutants."""

    killed: int
    equivalent: int
    explained: int
    unexplained: int

    @classmethod
    def of(cls, judged: Iterable[JudgedMutant]) -> MutationScore:
        found = list(judged)
        killed = sum(bool(j.killers) for j in found)
        equivalent = sum(j.is_equivalent for j in found)
        explained = sum(
            bool(j.explained) and not j.is_equivalent for j in found
        )
        return cls(
            killed=killed,
            equivalent=equivalent,
            explained=explained,
            unexplained=len(found) - killed - equivalent - explained,
        )

    @property
    def faults(self) -> int:
        """Mutants that are a fault at all."""
        return self.killed + self.explained + self.unexplained

    def __str__(self) -> str:
        return (
            f"{self.killed} of {self.faults} mutants killed, {self.explained} survivors explained, "
            f"{self.unexplained} not; {self.equivalent} more behave as the sound model"
        )


def reviewed_survivors(pack: Pack) -> Mapping[str, str]:
    """Survivors that were looked at, with the reason why no promise notices them: what lies beside the
    pack."""
    path = pack.file.with_name("survivors.yaml")
    if not path.is_file():
        return {}
    entry = yaml.safe_load(path.read_text("utf-8")) or {}
    return {
        name: str(reason) for reason, names in entry.items() for name in names
    }


@dataclass
class MutantJudge:
    """Judges one mutant after another: first what is quick. `small` are the same clauses under bounds so
    small that ABC can search the model whole."""

    inquiry: JointInquiry
    small: Pack
    tried: frozenset[str] = frozenset()
    """Mutants of which another pack's measurement says that no simulation was found."""

    def judge(self, mutant: Mutant) -> JudgedMutant:
        """By what is quick, or else by solvers."""
        return self.judge_quickly(mutant) or self.judge_patiently(mutant)

    def judge_quickly(self, mutant: Mutant) -> JudgedMutant | None:
        """By invariants as they are and by random runs; None where these say nothing."""
        if self.inquiry.is_no_fault(mutant):
            return JudgedMutant(mutant.name, (), explained=EQUIVALENT)
        kept = self.inquiry.kept_at_once(mutant.system)
        is_open = self.inquiry.promises.keys() - kept.proved
        leaks = self.inquiry.leaking(mutant.system)
        broken: dict[str, ModelRun] = {}
        if is_open:
            broken = self.inquiry.broken_by_runs(mutant)
        if broken or any(leaks.values()):
            return self.noticed(
                mutant=mutant,
                broken=set(broken),
                still_open=is_open - broken.keys(),
                leaks=leaks,
            )
        if is_open or None in leaks.values():
            return None
        return self.with_reason(mutant, ())

    def judge_patiently(self, mutant: Mutant) -> JudgedMutant:
        """By what is left of all invariants together, by solvers, and by ABC."""
        kept = self.inquiry.kept(mutant.system)
        is_open = self.inquiry.promises.keys() - kept.proved
        leaks = self.inquiry.leaking(mutant.system)
        if is_open and self.looks_alike(mutant):
            is_open &= self.inquiry.unseen
        seen = self.inquiry.broken_by_runs(mutant, LONGER) if is_open else {}
        broken, still_open = set(seen), is_open - seen.keys()
        if not broken:
            answers = self.answers_of_solvers(mutant, sorted(is_open))
            broken = {name for name, answer in answers.items() if answer}
            still_open = {n for n, a in answers.items() if a is None}
        if broken:
            return self.noticed(
                mutant=mutant,
                broken=broken,
                still_open=still_open,
                leaks=leaks,
            )
        undecided = self.clauses_of(still_open) + tuple(
            clause for clause, answer in leaks.items() if answer is None
        )
        return self.with_reason(mutant, undecided)

    def noticed(
        self,
        mutant: Mutant,
        broken: Collection[str],
        still_open: Iterable[str],
        leaks: Mapping[str, bool | None],
    ) -> JudgedMutant:
        killers = self.clauses_of(broken)
        killers += tuple(clause for clause, leak in leaks.items() if leak)
        undecided = self.clauses_of(still_open)
        undecided += tuple(c for c, leak in leaks.items() if leak is None)
        return JudgedMutant(
            mutant=mutant.name,
            killers=killers,
            undecided=tuple(c for c in undecided if c not in killers),
            restated=self.clauses_of(
                name for name in broken if self.restates_guard(mutant, name)
            ),
        )

    def clauses_of(self, conjuncts: Iterable[str]) -> tuple[str, ...]:
        """In the order of the pack."""
        named = {self.inquiry.clause_of[name] for name in conjuncts}
        return tuple(
            t.identity for t in self.inquiry.tasks if t.identity in named
        )

    def restates_guard(self, mutant: Mutant, conjunct: str) -> bool:
        """Whether the conjunct only says what the dropped condition of its own row says."""
        if mutant.changed is None or not mutant.fault.startswith(DROPPED):
            return False
        invariant = self.inquiry.invariant
        rules, _ = invariant.rules_of(mutant.system)
        return invariant.guard_says_as_much(
            mutant.changed, rules[mutant.changed], conjunct
        )

    def answers_of_solvers(
        self, mutant: Mutant, conjuncts: Iterable[str]
    ) -> dict[str, bool | None]:
        """One after another, until one is broken or the time for this mutant is over."""
        ends = time.monotonic() + PATIENCE
        answers: dict[str, bool | None] = {}
        for name in conjuncts:
            is_over = any(answers.values()) or time.monotonic() > ends
            answers[name] = None if is_over else self.decided(mutant, name)
        return answers

    def decided(self, mutant: Mutant, name: str) -> bool | None:
        """Whether a conjunct is broken, by solvers; None where no answer was found in time."""
        changed = self.inquiry.extended(mutant.system)
        promise = self.inquiry.promises_of(mutant.system)[name]
        cone = cone_of_influence(changed, promise, timed_variables(changed))
        ahead = find_violation_from(
            system=cone,
            promise=promise,
            states=diverse_states(cone, promise, STEPS),
            seconds=LOOKING,
            deepest=NEAR,
        )
        if ahead.run is not None:
            return True
        problem = encode(cone, promise)
        known = inductive_subset(
            problem, read_lemmas(problem, self.inquiry.known_lemmas(name))
        )
        if not allows_violation(problem, known):
            return False
        answer = run_spacer(problem, known, PROVING)
        if answer.standing is not Standing.INCONCLUSIVE:
            return answer.standing is Standing.REFUTED
        clause = self.inquiry.clause_of[name]
        return True if self.breaks_small(mutant, clause) else None

    def with_reason(
        self, mutant: Mutant, undecided: tuple[str, ...]
    ) -> JudgedMutant:
        """Why the mutant may live: by proof, or where some clause is not decided by review."""
        if not undecided and self.looks_alike(mutant):
            return JudgedMutant(mutant.name, (), explained=ALIKE)
        reviewed = reviewed_survivors(self.inquiry.pack)
        reason = (
            reviewed.get(mutant.name, "")
            if undecided
            else self.why_harmless(mutant)
        )
        return JudgedMutant(
            mutant=mutant.name,
            killers=(),
            undecided=undecided,
            explained=reason,
        )

    def looks_alike(self, mutant: Mutant) -> bool:
        return mutant.name not in self.tried and self.inquiry.looks_alike(
            mutant
        )

    def why_harmless(self, mutant: Mutant) -> str:
        if not self.inquiry.can_reach_promise(mutant):
            return BESIDE
        row = mutant.changed and self.inquiry.system.transition(
            mutant.changed
        )
        is_hostile = row and row.component == ENVIRONMENT
        return HOSTILE if is_hostile else HARMLESS

    def breaks_small(self, mutant: Mutant, clause: str) -> bool:
        """Whether ABC finds the clause violated in the finite model with the same fault."""
        monitor = (
            self.small.clause(clause).monitor
            if clause in self.small_clauses
            else None
        )
        if monitor is None:
            return False
        return (
            holds_in_finite_model(
                self.small_mutants[mutant.name].system, monitor, FINITE_STEPS
            )
            is False
        )

    @cached_property
    def small_clauses(self) -> frozenset[str]:
        return frozenset(c.id for c in self.small.clauses)

    @cached_property
    def small_mutants(self) -> dict[str, Mutant]:
        return {m.name: m for m in mutants_of(self.small.model.small_system)}


@cache
def _judge_of(
    file: Path, tried: frozenset[str]
) -> tuple[MutantJudge, dict[str, Mutant]]:
    """A worker's own judge: z3's terms cannot be sent from process to process."""
    pack = load(file)
    judge = MutantJudge(JointInquiry(pack), small_pack(pack), tried)
    return judge, {m.name: m for m in mutants_of(pack.model.system)}


def _order_of(mutant: str) -> bytes:
    """An order that has nothing to do with the tables: where somebody stops, a fair sample is measured."""
    return hashlib.sha256(mutant.encode()).digest()


def _judge_quickly(
    file: Path, tried: frozenset[str], mutant: str
) -> JudgedMutant | None:
    judge, mutants = _judge_of(file, tried)
    return judge.judge_quickly(mutants[mutant])


def _judge_patiently(
    file: Path, tried: frozenset[str], mutant: str
) -> JudgedMutant:
    judge, mutants = _judge_of(file, tried)
    return judge.judge_patiently(mutants[mutant])


def judge_mutants(
    pack: Pack,
    tell: Callable[[JudgedMutant], None],
    wanted: Callable[[str], bool] = lambda _: True,
    workers: int = 2,
    tried: frozenset[str] = frozenset(),
) -> tuple[JudgedMutant, ...]:
    """Judge the mutants of the pack's model whose names are wanted: first all by what is quick, then what
    is left by solvers. Of those that were `tried` for another pack no simulation is looked for again. `tell`
    hears each as it is done; the result is in the mutants' order."""
    names = [m.name for m in mutants_of(pack.model.system) if wanted(m.name)]
    found: dict[str, JudgedMutant] = {}
    with ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        try:
            for work in (_judge_quickly, _judge_patiently):
                tasks = [
                    pool.submit(work, pack.file, tried, name)
                    for name in sorted(names, key=_order_of)
                    if name not in found
                ]
                for task in as_completed(tasks):
                    judged = task.result()
                    if judged is not None:
                        found[judged.mutant] = judged
                        tell(judged)
        except Unproved:
            # It would be said of every mutant, each time after a search.
            pool.shutdown(cancel_futures=True)
            raise
    return tuple(found[name] for name in names)
