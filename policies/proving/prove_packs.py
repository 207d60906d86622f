"""The proofs of packs over their models, clause by clause on all cores, each certificate checked from
its file."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from earwitness.model.proof.portfolio import prove_promises
from earwitness.model.proof.proof import Proof, Standing
from earwitness.model.proof.self_composition import prove_noninterference
from earwitness.model.systems.explicit_search import find_run_exercising
from earwitness.model.systems.state_property import Promise
from earwitness.model.systems.transition_system import System
from earwitness.model.trace import Observation
from earwitness.policies.pack import Pack
from earwitness.policies.proving.certificates import ProofFolder
from earwitness.policies.proving.invariants import Invariants, load_invariants
from earwitness.policies.proving.tasks import PROGRESS, ProofTask, tasks_of
from earwitness.policies.proving.weight import ConjunctWeight, weigh
from earwitness.proof_checker.checker import SECONDS, check_parts
from earwitness.proof_checker.definitions import read_definitions

Trace = tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class CheckedProof:
    """A proof with what the checker says of it. `witnesses` are shortest runs of the model that
    exercise each conjunct, `other` is the second run of a refuted two-run clause, `entries` are its
    files for the manifest, `weights` say how much each conjunct's proof carries."""

    proof: Proof
    obligations: int = 0
    recheck_seconds: float = 0.0
    witnesses: dict[str, Trace] = field(default_factory=dict)
    other: Trace = ()
    entries: tuple[dict[str, str], ...] = ()
    weights: tuple[ConjunctWeight, ...] = ()
    system_entry: tuple[str, dict[str, str]] | None = None

    @property
    def standing(self) -> Standing:
        return self.proof.standing

    @property
    def witness(self) -> Trace:
        """A run that exercises the clause's first conjunct."""
        return next(iter(self.witnesses.values()), ())


@dataclass(frozen=True, slots=True)
class Prover:
    """All one needs to prove a task; workers get a copy."""

    folder: Path
    seconds: int
    stored: Invariants

    def __call__(self, task: ProofTask) -> CheckedProof:
        if task.observed is not None:
            return self.prove_two_runs(task)
        proof = prove_promises(
            clause=task.identity,
            system=task.system,
            promises=task.promises,
            stored=self.stored,
            seconds=self.seconds,
        )
        if proof.standing is not Standing.PROVED:
            return CheckedProof(proof)
        witnesses = {
            name: exercise(task.system, promise)
            for name, promise in task.promises.items()
        }
        unreached = [
            name for name, trace in witnesses.items() if trace is None
        ]
        if unreached:
            reason = f"the model never exercises {', '.join(unreached)}, so the proof would say nothing"
            return CheckedProof(
                replace(
                    proof,
                    standing=Standing.INCONCLUSIVE,
                    failed=unreached[0],
                    reason=reason,
                )
            )
        found = {
            name: trace
            for name, trace in witnesses.items()
            if trace is not None
        }
        weights = tuple(
            weigh(task.system, conjunct) for conjunct in proof.conjuncts
        )
        return replace(
            self.checked(task, proof), witnesses=found, weights=weights
        )

    def prove_two_runs(self, task: ProofTask) -> CheckedProof:
        found = prove_noninterference(
            clause=task.identity,
            system=task.system,
            secret=task.secrets,
            observed=task.observed or (),
            seconds=self.seconds,
        )
        if found.proof.standing is not Standing.PROVED:
            other = (
                found.second.observations()
                if found.second is not None
                else ()
            )
            return CheckedProof(found.proof, other=other)
        both = replace(
            task, system=replace(found.system, name=f"{task.identity} twice")
        )
        return self.checked(both, found.proof)

    def checked(self, task: ProofTask, proof: Proof) -> CheckedProof:
        """The proof with its files, as far as the checker accepts them."""
        began = time.perf_counter()
        folder = ProofFolder(self.folder)
        system_entry = folder.write_system(task.system)
        entries = [
            folder.write_conjunct(task, conjunct)
            for conjunct in proof.conjuncts
        ]
        obligations, complaint = self.complaint_of_checker(
            [system_entry, *entries]
        )
        if complaint:
            proof = replace(
                proof, standing=Standing.INCONCLUSIVE, reason=complaint
            )
        return CheckedProof(
            proof=proof,
            obligations=obligations,
            recheck_seconds=round(time.perf_counter() - began, 3),
            entries=tuple(entries),
            system_entry=(task.system.name, system_entry),
        )

    def complaint_of_checker(
        self, entries: Sequence[dict[str, str]]
    ) -> tuple[int, str]:
        """How many obligations of these files hold, and what the checker has against the first that
        does not."""
        files = [entry["file"] for entry in entries]
        system, *parts = [
            read_definitions((self.folder / f).read_text("utf-8"), f)
            for f in files
        ]
        obligations = 0
        named = [(part.name, part) for part in parts]
        for answer in check_parts(system, named, SECONDS):
            obligations += answer.obligations
            if answer.failed:
                return (
                    obligations,
                    f"the checker does not accept {answer.name}: {answer.failed}",
                )
        return obligations, ""


def exercise(system: System, promise: Promise) -> Trace | None:
    """What is seen of a shortest run that exercises the promise; None where none was found."""
    run = find_run_exercising(system, promise)
    return run.observations() if run is not None else None


def prove_packs(
    packs: Iterable[Pack],
    folder: Path,
    seconds: int,
    tell: Callable[[CheckedProof], None],
    stored: Invariants | None = None,
    workers: int = 2,
    only: Collection[str] = (),
) -> dict[str, CheckedProof]:
    """Prove the clauses that their packs want proved, and of each pack's model that its time never
    stops (PROGRESS); or `only` these. The proof is written to `folder`, in place of an older one. `stored`
    invariants spare the search where they still hold; None stands for those the packs ship."""
    packs = tuple(packs)
    known = stored if stored is not None else _shipped_invariants(packs)
    writer = ProofFolder(folder)
    writer.empty()
    tasks = [
        task for task in all_tasks(packs) if not only or task.identity in only
    ]
    results: dict[str, CheckedProof] = {}
    prover = Prover(folder, seconds, known)
    # Those with most conjuncts first, so that both workers end together.
    order = sorted(tasks, key=lambda task: -len(task.promises))
    with ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("fork")
    ) as pool:
        for checked in pool.map(prover, order):
            results[checked.proof.clause] = checked
            tell(checked)
    systems = dict(
        r.system_entry for r in results.values() if r.system_entry is not None
    )
    entries = [entry for r in results.values() for entry in r.entries]
    if entries:
        writer.write_manifest(packs, systems, entries)
    return {task.identity: results[task.identity] for task in tasks}


def all_tasks(packs: Iterable[Pack]) -> tuple[ProofTask, ...]:
    """The tasks of all packs; that a model's time never stops is asked once for each model."""
    found: dict[str, ProofTask] = {}
    for pack in packs:
        for task in tasks_of(pack):
            is_new_model = (
                task.identity == PROGRESS
                and PROGRESS in found
                and found[PROGRESS].system != task.system
            )
            identity = (
                f"{PROGRESS} of {task.system.name}"
                if is_new_model
                else task.identity
            )
            found[identity] = replace(task, identity=identity)
    return tuple(found.values())


def _shipped_invariants(packs: Iterable[Pack]) -> Invariants:
    return {
        name: conjuncts
        for pack in packs
        for name, conjuncts in load_invariants(pack).items()
    }
