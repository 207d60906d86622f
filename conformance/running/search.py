"""Search: sequences of steps that may break a promise, within a budget. Uniform over kinds of steps, near
what came where few came, and towards the instants at which what follows changes. Same seed, same search."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from earwitness.conformance.running.aims import aims_of
from earwitness.conformance.running.choices import Chooser
from earwitness.conformance.running.coverage import Item, items_of
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.timing import Instants
from earwitness.conformance.running.visited import (
    Fact,
    facts_of,
    visited,
)
from earwitness.conformance.stimuli.stimulus import Scenario
from earwitness.conformance.targets.protocol import Hello
from earwitness.conformance.vectors.vector import Vector
from earwitness.model.trace import Observation

LENGTH = 14
"""Steps of one sequence: the controls before and after take about as long."""
NEIGHBOURS = 0.4
"""Share of sequences that begin with a part of one that came where few came."""
TIMINGS = 0.2
"""Share of sequences that halve a wait."""


class Runner(Protocol):
    """What scenarios are run on: a harness, or something that keeps one."""

    seed: int

    @property
    def hello(self) -> Hello: ...

    @property
    def broken(self) -> str: ...

    def run(self, scenario: Scenario, *, controls: bool = True) -> Run: ...


@dataclass
class Search:
    """How often what was visited, and by what scenario first."""

    chooser: Chooser
    aims: deque[Scenario] = field(default_factory=deque)
    """Tried before anything else: ways to what was not visited yet."""
    length: int = LENGTH
    visits: Counter[Item] = field(default_factory=Counter)
    reached: dict[Item, Scenario] = field(default_factory=dict)
    instants: Instants = field(default_factory=Instants)
    facts: frozenset[Fact] = frozenset()
    """What was seen of the model's transitions."""
    sequences: int = 0
    steps: int = 0

    def take(self, run: Run) -> int:
        """Note what a run visited; returns how much of it is new."""
        self.sequences += 1
        self.steps += len(run.scenario)
        self.instants.take(run)
        fresh = self.note(run.trace)
        if run.scenario:
            self.reached |= dict.fromkeys(fresh, run.scenario)
        if fresh:
            self.instants.consider(run)
        return len(fresh)

    def note(self, trace: Sequence[Observation]) -> list[Item]:
        """Count what a trace visits; returns what nobody visited before."""
        self.facts |= facts_of(trace)
        items = items_of(trace)
        fresh = sorted(item for item in items if not self.visits[item])
        self.visits.update(items)
        return fresh

    def next_scenario(self) -> Scenario:
        """What to try next."""
        if self.aims:
            return self.aims.popleft()
        chance = self.chooser.chance.random()
        if chance < TIMINGS:
            halved = self.instants.next_scenario()
            if halved is not None:
                return halved
        elif chance < TIMINGS + NEIGHBOURS and self.reached:
            return self.chooser.varied(self._rarely_reached(), self.length)
        return self.chooser.sequence(self.length)

    def _rarely_reached(self) -> Scenario:
        """What came first to an item; the fewer came there since, the likelier."""
        items = list(self.reached)
        weights = [1 / self.visits[item] for item in items]
        (item,) = self.chooser.chance.choices(items, weights)
        return self.reached[item]


def search(
    runner: Runner,
    keep_on: Callable[[int], bool],
    take: Callable[[Run], None],
    before: Sequence[Observation] = (),
    *,
    vectors: Iterable[Vector] = (),
    length: int = LENGTH,
    controls: bool = True,
) -> Search:
    """Run sequences while `keep_on` says so, given how many were run, and hand each to `take`. `before` is
    what was seen already, `vectors` are ways to what the model has. Raises TargetError."""
    chooser = Chooser(random.Random(f"search {runner.seed}"), runner.hello)
    aims = aims_of(
        vectors=vectors,
        chooser=chooser,
        length=length,
        visited=visited([before]),
    )
    state = Search(chooser, deque(aims), length)
    state.note(before)
    while not runner.broken and keep_on(state.sequences):
        run = runner.run(state.next_scenario(), controls=controls)
        state.take(run)
        take(run)
    return state
