"""The proofs of a pack over the model, clause by clause on all cores, each certificate re-checked from its file."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from earwitness.model.expression import TRUE
from earwitness.model.logic.monitor import Monitor, compile_formula
from earwitness.model.proof.certificate import recheck_certificate
from earwitness.model.proof.self_composition import prove_noninterference
from earwitness.model.proof.spacer import (
    Proof,
    Standing,
    enabled_monitor,
    progress_monitor,
    prove_monitors,
    split_conjunction,
    state_monitor,
)
from earwitness.model.systems.model import Model
from earwitness.model.systems.runs import Goal, find_shortest_run
from earwitness.model.systems.transition_system import System
from earwitness.model.trace import Observation
from earwitness.policies.pack import Clause, Kind, Pack, Way, shipped_file

PROGRESS = "progress"
"""The name under which it is proved that the model's time never stops."""
Invariants = Mapping[str, tuple[tuple[str, ...], ...]]


@dataclass(frozen=True, slots=True)
class CheckedProof:
    """A proof with what the second solver says of it, and a shortest run of the model that exercises the clause (none: vacuous).
    `other` is the second run of a refuted two-run clause."""

    proof: Proof
    obligations: int
    recheck_seconds: float
    witness: tuple[Observation, ...]
    other: tuple[Observation, ...] = ()

    @property
    def standing(self) -> Standing:
        return self.proof.standing


def clauses_to_prove(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """The clauses marked P."""
    return tuple(c for c in clauses if Way.PROVED in c.ways)


def load_invariants() -> Invariants:
    """The shipped invariants by clause. Nothing is believed of them: each is checked anew against the model and the clause as they are."""
    entry = json.loads(shipped_file("alexa-smart-properties", "invariants.json").read_text("utf-8"))
    return {clause: tuple(tuple(part) for part in parts) for clause, parts in entry.items()}


@dataclass(frozen=True, slots=True)
class ProofTask:
    """What one clause asks of the prover: monitors to prove, and one that tells when it is exercised. Two-run clauses name what is observed."""

    identity: str
    system: System
    monitors: tuple[Monitor, ...]
    whole: Monitor
    secrets: tuple[str, ...] = ()
    observed: tuple[str, ...] | None = None


def proof_task(clause: Clause, model: Model, system: System | None = None) -> ProofTask:
    """The proof task of a clause over its model, or over a changed form of it."""
    system = system or model.system
    if clause.kind is Kind.TWO_RUN:
        observed = model.observers[str(clause.observer)]
        return ProofTask(clause.id, system, (), state_monitor(TRUE, TRUE), model.secrets, observed)
    if clause.kind is Kind.ENABLED:
        wanted = model.possible[str(clause.transition)]
        return ProofTask(
            clause.id,
            system,
            tuple(enabled_monitor(system, w) for w in wanted),
            state_monitor(TRUE, wanted[0].wherever),
        )
    assert clause.formula is not None and clause.monitor is not None
    return ProofTask(
        clause.id,
        system,
        tuple(compile_formula(part) for part in split_conjunction(clause.formula)),
        clause.monitor,
    )


@dataclass(frozen=True, slots=True)
class Prover:
    """All one needs to prove a job; workers get a copy."""

    folder: Path
    seconds: int
    stored: Invariants

    def __call__(self, task: ProofTask) -> CheckedProof:
        if task.observed is not None:
            found = prove_noninterference(
                task.identity, task.system, task.secrets, task.observed, self.seconds
            )
            return replace(
                self.rechecked(found.proof, ()),
                other=found.second.observations() if found.second is not None else (),
            )
        proof = prove_monitors(
            task.identity, task.system, task.monitors, self.stored.get(task.identity, ()), self.seconds
        )
        witness = find_shortest_run(task.system, task.whole, Goal.EXERCISED)
        if proof.standing is Standing.PROVED and witness is None:
            proof = replace(
                proof,
                standing=Standing.INCONCLUSIVE,
                reason="its trigger is not reached in the model, so the proof would be vacuous",
            )
        return self.rechecked(proof, witness.observations() if witness is not None else ())

    def rechecked(self, proof: Proof, witness: tuple[Observation, ...]) -> CheckedProof:
        began, obligations = time.perf_counter(), 0
        for number, certificate in enumerate(proof.certificates, start=1):
            path = self.folder / f"{proof.clause}.{number}.smt2"
            path.write_text(certificate, "utf-8")
            said = recheck_certificate(path)
            obligations += said.obligations
            if said.failed is not None:
                proof = replace(
                    proof,
                    standing=Standing.INCONCLUSIVE,
                    reason=f"cvc5 does not accept the certificate {path.name}: {said.failed}",
                )
        return CheckedProof(proof, obligations, round(time.perf_counter() - began, 3), witness)


def prove_packs(
    packs: Iterable[Pack],
    folder: Path,
    seconds: int,
    tell: Callable[[CheckedProof], None],
    stored: Invariants | None = None,
    workers: int = 2,
) -> dict[str, CheckedProof]:
    """Prove the clauses of packs that are marked P, over the model under each pack's bounds, and that the model's time never stops (PROGRESS).
    Certificates go to `folder`, in place of older ones. `stored` invariants spare the search where they still hold; None stands for the shipped ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.smt2"):
        old.unlink()
    jobs: list[ProofTask] = []
    for pack in packs:
        system, clauses = pack.model.system, clauses_to_prove(pack.clauses)
        jobs += [proof_task(c, pack.model) for c in clauses]
        if clauses:
            alive = progress_monitor(system)
            jobs.append(
                ProofTask(
                    PROGRESS
                    if not any(j.identity == PROGRESS for j in jobs)
                    else f"{PROGRESS} of {pack.name}",
                    system,
                    (alive,),
                    alive,
                )
            )
    prover = Prover(folder, seconds, load_invariants() if stored is None else stored)
    results: dict[str, CheckedProof] = {}
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        # Those with most parts first, so that both workers end together.
        for proven in pool.map(prover, sorted(jobs, key=lambda j: -len(j.monitors))):
            results[proven.proof.clause] = proven
            tell(proven)
    return {task.identity: results[task.identity] for task in jobs}
