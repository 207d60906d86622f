"""How strong a pack is: which of its model's mutants its proofs notice."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import yaml

from earwitness.model.proof.mutation import Mutant, behaves_as, mutants_of
from earwitness.policies.pack import Pack, load, small_pack
from earwitness.policies.proving.changed_model import (
    Inquiry,
    Unproved,
    open_inquiry,
)
from earwitness.policies.proving.finite_opinion import holds_in_finite_model

EQUIVALENT = "behaves as the sound model in every reachable state"
HARMLESS = "every promise is proved to hold of it too"
"""The reasons that are found by proof, where people gave theirs before."""
FINITE_STEPS = 20
"""Units of time in which ABC looks for what a mutant breaks."""


@dataclass(frozen=True, slots=True)
class JudgedMutant:
    """A mutant with clauses that notice it (all that random walks find; where they find none, all that
    a proof does), those that could not be decided, and why it may live: it is proved to be no fault,
    or was reviewed."""

    mutant: str
    killers: tuple[str, ...]
    undecided: tuple[str, ...] = ()
    explained: str = ""

    @property
    def is_equivalent(self) -> bool:
        return self.explained == EQUIVALENT


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
    """Judges one mutant after another. `small` are the same clauses under bounds so small that ABC can
    search the model whole."""

    inquiry: Inquiry
    small: Pack

    def judge(self, mutant: Mutant) -> JudgedMutant:
        if self.is_no_fault(mutant):
            return JudgedMutant(
                mutant=mutant.name,
                killers=(),
                undecided=(),
                explained=EQUIVALENT,
            )
        killers = self.inquiry.broken_by_walks(mutant.system)
        undecided: tuple[str, ...] = ()
        if not killers:
            killers, undecided = self.inquiry.broken(mutant.system)
            broken = tuple(
                c for c in undecided if self.breaks_small(mutant, c)
            )
            killers = (*killers, *broken)
            undecided = tuple(c for c in undecided if c not in broken)
        return self.with_reason(JudgedMutant(mutant.name, killers, undecided))

    def with_reason(self, judged: JudgedMutant) -> JudgedMutant:
        """Why the mutant may live: by proof, or where some clause is not decided by review."""
        if judged.killers:
            return judged
        if not judged.undecided:
            return replace(judged, explained=HARMLESS)
        reviewed = reviewed_survivors(self.inquiry.pack)
        return replace(judged, explained=reviewed.get(judged.mutant, ""))

    def is_no_fault(self, mutant: Mutant) -> bool:
        observers = self.inquiry.pack.model.observers.values()
        read_by_others = {name for seen in observers for name in seen}
        return behaves_as(
            self.inquiry.system,
            mutant,
            common=self.inquiry.common,
            encoding=self.inquiry.encoding,
            others=read_by_others,
        )

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
def _judge_of(file: Path) -> tuple[MutantJudge, dict[str, Mutant]]:
    """A worker's own judge: z3's terms cannot be sent from process to process."""
    pack = load(file)
    judge = MutantJudge(open_inquiry(pack), small_pack(pack))
    return judge, {m.name: m for m in mutants_of(pack.model.system)}


def _judge_in_worker(file: Path, mutant: str) -> JudgedMutant:
    judge, mutants = _judge_of(file)
    return judge.judge(mutants[mutant])


def judge_mutants(
    pack: Pack,
    tell: Callable[[JudgedMutant], None],
    wanted: Callable[[str], bool] = lambda _: True,
    workers: int = 2,
) -> tuple[JudgedMutant, ...]:
    """Judge the mutants of the pack's model whose names are wanted. `tell` hears each as it is done;
    the result is in the mutants' order."""
    names = [m.name for m in mutants_of(pack.model.system) if wanted(m.name)]
    found: dict[str, JudgedMutant] = {}
    with ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        tasks = [
            pool.submit(_judge_in_worker, pack.file, name) for name in names
        ]
        try:
            for task in as_completed(tasks):
                judged = task.result()
                found[judged.mutant] = judged
                tell(judged)
        except Unproved:
            # It would be said of every mutant, each time after a search.
            pool.shutdown(cancel_futures=True)
            raise
    return tuple(found[name] for name in names)
