"""Compare every engine with the reference semantics on N random (formula, trace) pairs: python
benchmarks/pairs.py 1000000 [FIRST] The generated step, the joint program of eight formulas and the columns
kernel judge every pair; the partial monitor (against its own definition) every pair too; the interpreted step
and the z3 encoding of the same monitor, which are slow, one in twenty; reelay (extra `bench`) one more for
every thousand, of those it can say. FIRST is the number of the first pair."""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from engines import ENGINES, disagreeing, reelay_verdicts, reference
from generators import EVENTS, formula, plain_formula, trace

from earwitness.model.logic.formula import Formula
from earwitness.model.logic.joint_monitor import join_monitors
from earwitness.model.logic.joint_program import JointProgram, JointSlices
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.partial_monitor import (
    compile_partial,
    partial_input_values,
)
from earwitness.model.logic.partial_semantics import (
    EVERYTHING,
    LogView,
    known_truth,
)
from earwitness.model.logic.partial_step import generated_partial_step
from earwitness.model.logic.step import initial_state
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds

SIZE = 4_000
"""Pairs of one task."""
TOGETHER = 8
"""Formulas of one joint program: enough to share registers, few enough to name the one that differs."""
SELDOM = 20
"""The slow engines judge one pair in so many."""
SELDOM_REELAY = 1_000
DIRECT = {
    name: ENGINES[name] for name in ("generated step", "columns kernel")
}


def count_disagreements(first: int) -> Counter[str]:
    """How often each engine disagreed in SIZE pairs."""
    os.nice(5)
    found: Counter[str] = Counter()
    for number in range(first, first + SIZE, TOGETHER):
        numbers = range(number, number + TOGETHER)
        for one in numbers:
            found.update(disagreeing_on(one))
        found["judged by all"] += sum(one % SELDOM == 0 for one in numbers)
        found["judged by reelay"] += sum(
            one % SELDOM_REELAY == 0 for one in numbers
        )
        found.update(
            joint_disagreements(
                [formula(random.Random(one)) for one in numbers], number
            )
        )
    return found


def disagreeing_on(number: int) -> list[str]:
    """The engines that differ from the definition on one pair."""
    dice = random.Random(number)
    made, seen = formula(dice), trace(dice)
    wrong = disagreeing(
        made, seen, ENGINES if number % SELDOM == 0 else DIRECT
    )
    if partial_differs(made, seen, dice):
        wrong.append("partial monitor")
    if number % SELDOM_REELAY == 0 and reelay_differs(dice):
        wrong.append("reelay")
    for engine in wrong:
        print("disagree:", engine, number, made, flush=True)
    return wrong


def joint_disagreements(
    formulas: Sequence[Formula], number: int
) -> list[str]:
    """Formulas stepped together over one trace, on every device, against the definition of each."""
    seen = trace(random.Random(-number - 1), 30)
    monitors = {
        str(place): compile_formula(made)
        for place, made in enumerate(formulas)
    }
    joint = JointSlices(JointProgram(join_monitors(monitors)), ("device",))
    broken = [joint.feed(observation)[0][2] for observation in seen]
    wrong = []
    for place, made in enumerate(formulas):
        for device in {observation.device for observation in seen}:
            positions = [
                i
                for i, observation in enumerate(seen)
                if observation.device == device
            ]
            expected = reference(made, [seen[i] for i in positions])
            if expected != [not broken[i] >> place & 1 for i in positions]:
                print(
                    "disagree: joint program",
                    number + place,
                    made,
                    flush=True,
                )
                wrong.append("joint program")
    return wrong


def partial_differs(
    made: Formula, seen: Sequence[Observation], dice: random.Random
) -> bool:
    """Whether the partial monitor differs from its definition, under some view."""
    view = LogView(
        EVERYTHING - set(dice.sample(EVENTS, dice.choice([0, 1, 2]))),
        dice.random() < 0.5,
    )
    log = [
        observation for observation in seen if observation.event in view.sees
    ]
    monitor = compile_partial(made, made, view)
    step, state = generated_partial_step(monitor), initial_state(monitor)
    for position, observation in enumerate(log):
        state, outcome = step(state, partial_input_values(observation))
        if outcome.truth is not known_truth(
            formula=made, trace=log, i=position, view=view
        ):
            return True
    return False


def reelay_differs(dice: random.Random) -> bool:
    """Whether reelay differs on a formula that it can say, one event an instant."""
    made = plain_formula(dice)
    names = [dice.choice(EVENTS) for _ in range(dice.randint(1, 16))]
    beats = [
        Observation(Microseconds(t), "d1", name)
        for t, name in enumerate(names)
    ]
    return reelay_verdicts(made, names) != reference(made, beats)


if __name__ == "__main__":
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    start = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    began = time.perf_counter()
    counted: Counter[str] = Counter()
    with ProcessPoolExecutor(2) as pool:
        tasks = pool.map(
            count_disagreements, range(start, start + total, SIZE)
        )
        for done, counts in enumerate(tasks, start=1):
            counted += counts
            print(
                f"{done * SIZE} pairs, {dict(counted)}, {time.perf_counter() - began:.0f} s",
                flush=True,
            )
    sys.exit(bool(set(counted) - {"judged by reelay", "judged by all"}))
