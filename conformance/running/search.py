"""Search: sequences of steps that may break a promise, within a budget. Uniform over kinds of steps, and near
what came somewhere new.
Same seed, same search."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from earwitness.conformance.running.choices import choose_scenario, vary
from earwitness.conformance.running.coverage import Item, items_of
from earwitness.conformance.running.harness import Harness, Run
from earwitness.conformance.stimuli.stimulus import Scenario

LENGTH = 14
"""Steps of one sequence: the controls before and after take about as long."""
NEIGHBOURS = 0.5
"""Share of sequences that begin with a part of one that came somewhere new."""


@dataclass
class Search:
    """What was visited, and the scenarios that came somewhere new, in order."""

    chance: random.Random
    visited: set[Item] = field(default_factory=set)
    promising: list[Scenario] = field(default_factory=list)
    sequences: int = 0

    def take(self, run: Run) -> int:
        """Note what a run visited; returns how much of it is new."""
        fresh = items_of(run.trace) - self.visited
        self.visited |= fresh
        if fresh and run.scenario:
            self.promising.append(run.scenario)
        return len(fresh)

    def next_scenario(self, harness: Harness) -> Scenario:
        """What to try next."""
        self.sequences += 1
        if self.promising and self.chance.random() < NEIGHBOURS:
            return vary(
                self.chance,
                self.chance.choice(self.promising),
                harness.hello,
                LENGTH,
            )
        return choose_scenario(self.chance, harness.hello, LENGTH)


def search(
    harness: Harness,
    keep_on: Callable[[int], bool],
    take: Callable[[Run], None],
    first: Run,
) -> Search:
    """Run sequences while `keep_on` says so, given how many were run, and hand each to `take`. `first` is
    what was run before. Raises
    TargetError."""
    state = Search(random.Random(f"search {harness.seed}"))
    state.visited |= items_of(first.trace)
    while not harness.broken and keep_on(state.sequences):
        run = harness.run(state.next_scenario(harness))
        state.take(run)
        take(run)
    return state
