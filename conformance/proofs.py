"""The proofs of a pack over the model, clause by clause on all cores, each certificate re-checked from its file."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from earwitness.model.logic.monitor import Monitor, compile_formula
from earwitness.model.proof.certificate import recheck
from earwitness.model.proof.prove import Proof, Standing, conjuncts, enabledness, progress, prove, system_lemmas
from earwitness.model.system.device import device, enabled_unless_settling
from earwitness.model.system.machine import shortest
from earwitness.model.system.table import System
from earwitness.model.trace import Observation
from earwitness.policies.pack import Clause, Kind, Way

MODELLED = ("WAKE", "MIC", "IND", "STR", "CAM")
"""Families of clauses whose events the device model can produce; the others wait for the rest of the system."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof with what the second solver says of it, and a shortest run of the model that exercises the clause (none: vacuous)."""

    proof: Proof
    obligations: int
    recheck_seconds: float
    witness: tuple[Observation, ...]

    @property
    def standing(self) -> Standing:
        return self.proof.standing


def provable(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """The clauses marked P that the model of this version covers."""
    return tuple(c for c in clauses if Way.PROVED in c.ways and c.id.split("-")[0] in MODELLED and c.kind is not Kind.TWO_RUN)


def _monitors(clause: Clause, system: System) -> list[Monitor]:
    if clause.kind is Kind.ENABLED:
        transition, wherever = enabled_unless_settling()
        return [enabledness(system, transition, wherever)]
    assert clause.formula is not None
    return [compile_formula(part) for part in conjuncts(clause.formula)]


# Set before the workers fork: z3 terms cannot be sent between processes, but a forked process has them.
_shared: dict[str, Any] = {}


def _prove_one(number: int) -> Proven:
    system, jobs, folder = _shared["system"], _shared["jobs"], _shared["folder"]
    identity, monitors, whole = jobs[number]
    proof = prove(identity, system, monitors, _shared["lemmas"], _shared["seconds"])
    witness = shortest(system, whole, lambda outcome: outcome.exercised)
    if proof.standing is Standing.PROVED and not witness:
        proof = replace(proof, standing=Standing.INCONCLUSIVE, reason="its trigger is not reached in the model, so the proof would be vacuous")
    return _rechecked(proof, folder, witness)


def _rechecked(proof: Proof, folder: Path, witness: tuple[Observation, ...]) -> Proven:
    import time

    began, obligations = time.perf_counter(), 0
    for number, certificate in enumerate(proof.certificates, start=1):
        path = folder / f"{proof.clause}.{number}.smt2"
        path.write_text(certificate, "utf-8")
        said = recheck(path)
        obligations += said.obligations
        if said.failed is not None:
            proof = replace(proof, standing=Standing.INCONCLUSIVE, reason=f"cvc5 does not accept the certificate {path.name}: {said.failed}")
    return Proven(proof, obligations, round(time.perf_counter() - began, 3), witness)


def prove_clauses(
    clauses: Iterable[Clause], folder: Path, seconds: int, tell: Callable[[Proven], None], system: System | None = None, workers: int = 2
) -> dict[str, Proven]:
    """Prove the given clauses and that time never stops ('progress'); certificates go to `folder`."""
    system = system or device()
    folder.mkdir(parents=True, exist_ok=True)
    jobs: list[tuple[str, list[Monitor], Monitor]] = []
    for clause in clauses:
        monitors = _monitors(clause, system)
        jobs.append((clause.id, monitors, clause.monitor or monitors[0]))
    alive = progress(system)
    jobs.append(("progress", [alive], alive))
    _shared.update(system=system, jobs=jobs, folder=folder, seconds=seconds, lemmas=system_lemmas(system))
    results: dict[str, Proven] = {}
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        # Those with most parts first, so that both workers end together.
        order = sorted(range(len(jobs)), key=lambda number: -len(jobs[number][1]))
        for proven in pool.map(_prove_one, order):
            results[proven.proof.clause] = proven
            tell(proven)
    return {identity: results[identity] for identity, _, _ in jobs}
