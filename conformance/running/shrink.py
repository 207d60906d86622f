"""From a run that violates a clause to the shortest one that still does: leaving out any step, or any two,
must mend it. Pairs that take each other back count as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from earwitness.conformance.running.choices import undo_step
from earwitness.conformance.running.run import Run, clause_of
from earwitness.conformance.running.search import Runner
from earwitness.conformance.stimuli.sound_format import PIECE_TIME
from earwitness.conformance.stimuli.stimulus import (
    Scenario,
    Stimulus,
    Wait,
)
from earwitness.model.trace import Observation

MOST_RUNS = 60
"""Runs that a search for a shorter scenario may take. Chosen, not measured."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A scenario, as short as it got, that violates a clause in one of its conjuncts; `at` is the violation's
    place in `trace`."""

    clause: str
    scenario: Scenario
    trace: tuple[Observation, ...]
    at: int
    conjunct: str = ""


def failure_of(run: Run, clause: str) -> Failure | None:
    """The first violation of a clause in a run."""
    found = [
        (tallied.violated_at, name)
        for name, tallied in run.tally.items()
        if clause_of(name) == clause and tallied.violated_at is not None
    ]
    if not found:
        return None
    at, conjunct = min(found)
    return Failure(
        clause=clause,
        scenario=run.scenario,
        trace=run.trace,
        at=at,
        conjunct=conjunct,
    )


def shrink(
    runner: Runner,
    clause: str,
    run: Run,
    most: int = MOST_RUNS,
    goes_on: Callable[[], bool] = lambda: True,
) -> Failure:
    """The shortest scenario found within so many runs and while `goes_on` says so."""
    best = failure_of(run, clause)
    assert best is not None
    reducer = _Reducer(runner=runner, best=best, most=most, goes_on=goes_on)
    needed = sum(mark <= best.at for mark in run.marks) + 1
    reducer.try_scenario(())
    reducer.keep_end(best.scenario[:needed])
    reducer.drop_parts()
    while reducer.drop_pair() or reducer.halve_wait():
        reducer.drop_parts()
    return reducer.best


class _Reducer:
    """Delta debugging (Zeller and Hildebrandt 2002), then pairs, then waits. Runs without controls, which is
    twice as fast."""

    def __init__(
        self,
        runner: Runner,
        best: Failure,
        most: int,
        goes_on: Callable[[], bool],
    ) -> None:
        self.runner, self.best, self.left, self.goes_on = (
            runner,
            best,
            most,
            goes_on,
        )
        self.known: set[Scenario] = set()

    def try_scenario(self, scenario: Scenario) -> bool:
        """Keep a shorter scenario if it violates the clause too."""
        if scenario in self.known or scenario == self.best.scenario:
            return False
        if self.left <= 0 or self.runner.broken or not self.goes_on():
            return False
        self.left -= 1
        self.known.add(scenario)
        found = failure_of(
            self.runner.run(scenario, controls=False), self.best.clause
        )
        if found is None:
            return False
        self.best = found
        return True

    def keep_end(self, scenario: Scenario) -> None:
        """What came after the violation is left out, and then as much as possible of the beginning."""
        length = 1
        while length < len(scenario):
            if self.try_scenario(scenario[-length:]):
                return
            length *= 2
        self.try_scenario(scenario)

    def drop_parts(self) -> None:
        size = max(1, len(self.best.scenario) // 2)
        while size and self.best.scenario:
            if not any(
                self.try_scenario(shorter)
                for shorter in _without_part(self.best.scenario, size)
            ):
                size //= 2
            size = min(size, len(self.best.scenario))

    def drop_pair(self) -> bool:
        """Two steps that take each other back: neither can be left out alone."""
        return any(
            self.try_scenario(shorter)
            for shorter in _without_pair(self.best.scenario)
        )

    def halve_wait(self) -> bool:
        return any(
            self.try_scenario(shorter)
            for shorter in _with_shorter_wait(self.best.scenario)
        )


def _without_part(scenario: Scenario, size: int) -> Iterator[Scenario]:
    for begin in range(0, len(scenario), size):
        yield scenario[:begin] + scenario[begin + size :]


def _without_pair(scenario: Scenario) -> Iterator[Scenario]:
    for one, other in combinations(range(len(scenario)), 2):
        if _are_pair(scenario[one], scenario[other]):
            yield (
                scenario[:one]
                + scenario[one + 1 : other]
                + scenario[other + 1 :]
            )


def _are_pair(one: Stimulus, other: Stimulus) -> bool:
    return one == other or undo_step(one) == (other,)


def _with_shorter_wait(scenario: Scenario) -> Iterator[Scenario]:
    for place, step in enumerate(scenario):
        if isinstance(step, Wait) and step.microseconds >= 2 * PIECE_TIME:
            pieces = step.microseconds // (2 * PIECE_TIME)
            half = Wait(step.device, pieces * PIECE_TIME)
            yield (*scenario[:place], half, *scenario[place + 1 :])
