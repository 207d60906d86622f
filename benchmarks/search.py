"""How soon the search finds what a device does wrong, and whether it accuses the honest reference.

Usage: python benchmarks/search.py [SEQUENCES [SEED,SEED... [NAME...]]]

Each NAME of the zoo (every seeded and invented fault unless some are given, `ref` for the honest reference)
is searched on its fast form, without the tour. Prints for each how many steps were tried until a clause that
it owes was violated; then how many were found, and the steps a second of the processor.
"""

from __future__ import annotations

import random
import sys
import time
from collections import deque
from dataclasses import dataclass

from earwitness.conformance.running.aims import aims_of
from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.choices import Chooser
from earwitness.conformance.running.examination import shipped_vectors
from earwitness.conformance.running.fast_form import LENGTH, FastForm
from earwitness.conformance.running.run import clause_of
from earwitness.conformance.running.search import Search
from earwitness.policies.pack import find
from earwitness.reference_impl.faults.fault_table import FAULTS, INVENTED

PACKS = ("alexa-smart-properties", "voice-baseline")
NO_BUDGET = 1e6
"""Seconds: what ends the search is the number of sequences."""


@dataclass(frozen=True, slots=True)
class Outcome:
    steps: int
    items: int
    seconds: float
    violated: tuple[str, ...]
    right: bool


def search_one(name: str, seed: int, sequences: int) -> Outcome:
    """Until what is owed is violated; of the honest reference, until anything is."""
    packs = [find(pack) for pack in PACKS]
    clauses = [clause for pack in packs for clause in pack.clauses]
    fault = {**FAULTS, **INVENTED}.get(name)
    target = "ref:fast" if name == "ref" else f"ref:fast/{name}"
    violated: set[str] = set()
    began = time.process_time()
    with FastForm(
        name=target, clauses=clauses, seed=seed, budget=Budget(NO_BUDGET)
    ) as form:
        chooser = Chooser(random.Random(f"search {seed}"), form.hello)
        aims = aims_of(shipped_vectors(packs), chooser, LENGTH)
        state = Search(chooser, deque(aims), LENGTH)
        for _ in range(sequences):
            run = form.run(state.next_scenario(), controls=False)
            state.take(run)
            violated |= {clause_of(part) for part in run.violated()}
            if violated and (fault is None or fault.clause in violated):
                break
    right = not violated if fault is None else fault.clause in violated
    return Outcome(
        steps=state.steps,
        items=len(state.visits),
        seconds=time.process_time() - began,
        violated=tuple(sorted(violated)),
        right=right,
    )


def main() -> int:
    sequences = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seeds = sys.argv[2].split(",") if len(sys.argv) > 2 else ["0"]
    names = sys.argv[3:] or [*FAULTS, *INVENTED]
    outcomes = []
    for name in names:
        for seed in map(int, seeds):
            outcome = search_one(name, seed, sequences)
            outcomes.append(outcome)
            print(
                f"{name} seed {seed}: {'right' if outcome.right else 'WRONG'} after {outcome.steps} steps,"
                f" {outcome.items} items, {outcome.seconds:.1f} s: {', '.join(outcome.violated)}",
                flush=True,
            )
    right = sum(outcome.right for outcome in outcomes)
    steps = sum(outcome.steps for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    print(
        f"{right} of {len(outcomes)} right, {steps / seconds:.0f} steps a second"
    )
    return 0 if right == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
