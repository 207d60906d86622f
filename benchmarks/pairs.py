"""Compare every engine with the reference semantics on N random (formula, trace) pairs: python benchmarks/pairs.py 1000000 [FIRST]
The generated step and the columns kernel judge every pair; the interpreted step and the z3 encoding of the same monitor, which are slow, one in twenty;
reelay (extra `bench`) one more for every thousand, of those it can say. FIRST is the number of the first pair."""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from engines import ENGINES, disagreeing, reelay_verdicts, reference
from generators import EVENTS, formula, plain_formula, trace

from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds

SIZE = 5_000
"""Pairs of one task."""
DIRECT = {name: ENGINES[name] for name in ("generated step", "columns kernel")}


def disagreements(first: int) -> Counter[str]:
    """How often each engine disagreed in SIZE pairs."""
    os.nice(5)
    found: Counter[str] = Counter()
    for number in range(first, first + SIZE):
        dice = random.Random(number)
        made, seen = formula(dice), trace(dice)
        solved = number % 20 == 0
        wrong = disagreeing(made, seen, ENGINES if solved else DIRECT)
        found["judged by all"] += solved
        if number % 1_000 == 0:
            plain, names = plain_formula(dice), [dice.choice(EVENTS) for _ in range(dice.randint(1, 16))]
            beats = [Observation(Microseconds(t), "d1", name, {}) for t, name in enumerate(names)]
            wrong += ["reelay"] if reelay_verdicts(plain, names) != reference(plain, beats) else []
            found["judged by reelay"] += 1
        for engine in wrong:
            print("disagree:", engine, number, made, flush=True)
        found.update(wrong)
    return found


if __name__ == "__main__":
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    starts, began = range(first, first + total, SIZE), time.perf_counter()
    bad: Counter[str] = Counter()
    with ProcessPoolExecutor(2) as pool:
        for done, found in enumerate(pool.map(disagreements, starts), start=1):
            bad += found
            print(f"{done * SIZE} pairs, {dict(bad)}, {time.perf_counter() - began:.0f} s", flush=True)
    sys.exit(bool(set(bad) - {"judged by reelay", "judged by all"}))
