"""How strong a pack is: which of the model's mutants its proofs notice."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import yaml

from earwitness.model.proof.mutation import Mutant, behaves_as, mutants_of
from earwitness.model.proof.second_opinion.abc import AbcError, abc_is_installed, run_pdr
from earwitness.model.proof.second_opinion.verilog import verilog_circuit
from earwitness.policies.pack import Pack, shipped_file, small_pack
from earwitness.policies.proving.obligations import Inquiry, open_inquiry

EQUIVALENT = "behaves as the sound model in every reachable state"


@dataclass(frozen=True, slots=True)
class JudgedMutant:
    """A mutant with clauses that notice it (all that random walks find; where they find none, all that a proof does), those that could not be
    decided, and why it may live: it is proved to be no fault, or was reviewed."""

    mutant: str
    killers: tuple[str, ...]
    undecided: tuple[str, ...] = ()
    explained: str = ""

    @property
    def equivalent(self) -> bool:
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
        killed, equivalent = sum(bool(j.killers) for j in found), sum(j.equivalent for j in found)
        explained = sum(bool(j.explained) and not j.equivalent for j in found)
        return cls(killed, equivalent, explained, len(found) - killed - equivalent - explained)

    def __str__(self) -> str:
        real = self.killed + self.explained + self.unexplained
        return (
            f"{self.killed} of {real} mutants killed, {self.explained} survivors explained, {self.unexplained} not; "
            f"{self.equivalent} more behave as the sound model"
        )


@cache
def reviewed_survivors() -> Mapping[str, str]:
    """Survivors that were looked at, with the reason why no promise notices them."""
    entry = yaml.safe_load(shipped_file("alexa-smart-properties", "survivors.yaml").read_text("utf-8"))
    return {name: str(reason) for reason, names in entry.items() for name in names}


@dataclass
class MutantJudge:
    """Judges one mutant after another."""

    clauses: Inquiry
    small: Pack
    """The same clauses under bounds so small that ABC can search the finite model whole."""

    def __call__(self, number: int) -> JudgedMutant:
        mutant = self.mutants[number]
        if behaves_as(
            self.clauses.system, mutant, self.clauses.common, self.clauses.encoding, self.read_by_others
        ):
            return JudgedMutant(mutant.name, (), (), EQUIVALENT)
        killers = self.clauses.stumbling(mutant.system)
        undecided: tuple[str, ...] = ()
        if not killers:
            killers, undecided = self.clauses.falling(mutant.system)
            broken = tuple(c for c in undecided if self.breaks_small(number, c))
            killers, undecided = (*killers, *broken), tuple(c for c in undecided if c not in broken)
        return JudgedMutant(
            mutant.name, killers, undecided, "" if killers else reviewed_survivors().get(mutant.name, "")
        )

    def breaks_small(self, number: int, clause: str) -> bool:
        """Whether ABC finds the clause violated in the finite model with the same fault. False where it is not installed or does not know."""
        monitor = next((c.monitor for c in self.small.clauses if c.id == clause), None)
        if monitor is None or not abc_is_installed():
            return False
        with tempfile.TemporaryDirectory() as folder:
            try:
                return not run_pdr(
                    verilog_circuit(self.small_mutants[number].system, monitor), Path(folder)
                ).holds
            except AbcError:
                return False

    @cached_property
    def read_by_others(self) -> frozenset[str]:
        return frozenset(name for seen in self.small.model.observers.values() for name in seen)

    @cached_property
    def mutants(self) -> list[Mutant]:
        return list(mutants_of(self.clauses.system))

    @cached_property
    def small_mutants(self) -> list[Mutant]:
        return list(mutants_of(self.small.model.small_system))


_jury: dict[str, MutantJudge] = {}


def _judge(number: int) -> JudgedMutant:
    return _jury["sits"](number)


def judge_mutants(
    pack: Pack,
    tell: Callable[[JudgedMutant], None],
    wanted: Callable[[str], bool] = lambda _: True,
    workers: int = 2,
) -> tuple[JudgedMutant, ...]:
    """Judge the mutants of the pack's model whose names are wanted. `tell` hears each as it is done; the result is in the mutants' order."""
    sits = _jury["sits"] = MutantJudge(open_inquiry(pack), small_pack(pack))
    numbers = [n for n, mutant in enumerate(sits.mutants) if wanted(mutant.name)]
    found: dict[int, JudgedMutant] = {}
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        tasks = {pool.submit(_judge, n): n for n in numbers}
        for task in as_completed(tasks):
            found[tasks[task]] = task.result()
            tell(task.result())
    return tuple(found[n] for n in numbers)
