"""Compare the generated step function with the reference semantics on N random (formula, trace) pairs: python benchmarks/pairs.py 1000000"""

from __future__ import annotations

import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from generators import formula, trace

from earwitness.model.logic.monitor import compile_formula, inputs
from earwitness.model.logic.semantics import holds
from earwitness.model.logic.step import generated_step, initial_state


def disagreements(first: int, count: int) -> int:
    found = 0
    for number in range(first, first + count):
        dice = random.Random(number)
        made, seen = formula(dice), trace(dice)
        monitor = compile_formula(made)
        step, state = generated_step(monitor), initial_state(monitor)
        for i, o in enumerate(seen):
            state, outcome = step(state, inputs(o))
            if outcome.holds != holds(made, seen, i):
                print("disagree", number, made)
                found += 1
                break
    return found


if __name__ == "__main__":
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    size, began = 5_000, time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        bad = sum(pool.map(disagreements, range(0, total, size), [size] * -(-total // size)))
    print(f"{-(-total // size) * size} pairs, {bad} disagreements, {time.perf_counter() - began:.0f} s")
    sys.exit(bool(bad))
