"""Times of four engines on the same finite model (small bounds), clause by clause: python benchmarks/proof.py
[CLAUSE ...] > proof.json

Ours is unbounded and starts from nothing: lemmas, Spacer, certificate and cvc5's re-check. Spin searches all
states up to 3 units of time, ABC's PDR all runs up to 20. An engine that gives no answer in SECONDS is named
with the reason."""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cvc5
import z3

from earwitness.model.proof.proof import Standing
from earwitness.model.proof.second_opinion.abc import run_pdr
from earwitness.model.proof.second_opinion.promela import promela_program
from earwitness.model.proof.second_opinion.spin import run_spin
from earwitness.model.proof.second_opinion.tools import ToolError
from earwitness.model.proof.second_opinion.verilog import verilog_circuit
from earwitness.policies.pack import find, small_pack
from earwitness.policies.proving.prove_packs import Prover
from earwitness.policies.proving.tasks import clauses_to_prove, proof_task

SECONDS = 60


def timed(work: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """What an engine says, and seconds in all, translation and compilation included."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        try:
            said = work(Path(folder))
        except ToolError as error:
            said = {"answer": f"none: {str(error)[:90]}"}
        return {**said, "all_seconds": round(time.perf_counter() - began, 2)}


if __name__ == "__main__":
    pack = small_pack(find("alexa-smart-properties"))
    system = pack.model.small_system
    rows: dict[str, Any] = {}
    for clause in clauses_to_prove(pack.clauses):
        monitor = clause.monitor
        if monitor is None or (
            sys.argv[1:] and clause.id not in sys.argv[1:]
        ):
            continue

        def ours(folder: Path, clause: Any = clause) -> dict[str, Any]:
            said = Prover(folder, SECONDS, {})(
                proof_task(clause, pack.model, system)
            )
            return {
                "answer": "holds"
                if said.standing is Standing.PROVED
                else said.standing.value,
                "seconds": said.proof.seconds,
            }

        def theirs(folder: Path, monitor: Any = monitor) -> dict[str, Any]:
            said = run_pdr(verilog_circuit(system, monitor), folder, SECONDS)
            return {
                "answer": "holds" if said.holds else "violated",
                "seconds": said.seconds,
            }

        def spins(folder: Path, monitor: Any = monitor) -> dict[str, Any]:
            said = run_spin(promela_program(system, monitor), folder, SECONDS)
            return {
                "answer": "holds" if said.holds else "violated",
                "seconds": said.seconds,
                "states": said.states,
            }

        rows[clause.id] = {
            "earwitness": timed(ours),
            "abc pdr": timed(theirs),
            "spin": timed(spins),
        }
        print(
            clause.id,
            json.dumps(rows[clause.id]),
            file=sys.stderr,
            flush=True,
        )
    versions = {
        "python": platform.python_version(),
        "z3": z3.get_version_string(),
        "cvc5": cvc5.__version__,
    }
    print(
        json.dumps(
            {
                "bounds": dict(pack.model.small),
                "versions": versions,
                "clauses": rows,
            },
            indent=1,
        )
    )
