"""The fast form of a target: the same code in this process, on a virtual clock, without sockets and real
audio. There the search and the shrinking run; what they find is confirmed on the target itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from earwitness.conformance.running.beside import Beside
from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.coverage import Item
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.long_quiet import make_hours
from earwitness.conformance.running.run import Run, clause_of
from earwitness.conformance.running.search import Search, search
from earwitness.conformance.running.shrink import Failure, shrink
from earwitness.conformance.running.visited import Fact
from earwitness.conformance.stimuli.stimulus import Scenario
from earwitness.conformance.targets.entry_points import open_target
from earwitness.conformance.targets.protocol import Hello
from earwitness.conformance.vectors.vector import Vector
from earwitness.policies.pack import Clause

RENEWED = 20
"""Runs after which there is another harness: what it remembers of sound grows with every run."""
HOURS_SHARE = 0.12
"""Of the budget, taken from the search for more than an hour of quiet: about six seconds."""
FEWEST_A_SECOND = 0.5
"""Sequences that are searched for each second of the budget even where it does not last: half of what an idle
machine of 2026 does."""
LENGTH = 28
"""Steps of one sequence. There are no controls, and the stores are searched once for all of them."""


class FastForm:
    """A target by its name, with a harness that is renewed. Close it, or use it in a `with`. Raises
    TargetError where it cannot be driven."""

    def __init__(
        self,
        name: str,
        clauses: Sequence[Clause],
        seed: int,
        budget: Budget,
    ) -> None:
        self.name, self.clauses, self.seed, self.budget = (
            name,
            tuple(clauses),
            seed,
            budget,
        )
        self.broken = ""
        self.runs = 0
        self._harness = self._renew_harness()

    def __enter__(self) -> FastForm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._harness.close()

    @property
    def hello(self) -> Hello:
        return self._harness.hello

    def run(self, scenario: Scenario, *, controls: bool = True) -> Run:
        """As a harness does. Raises TargetError."""
        self.runs += 1
        if self._harness.broken or self._harness.runs >= RENEWED:
            self._harness.close()
            self._harness = self._renew_harness()
        return self._harness.run(scenario, controls=controls)

    def _renew_harness(self) -> Harness:
        # The seed of each harness is another, or all would repeat the same sound.
        return Harness(
            target=open_target(self.name),
            clauses=self.clauses,
            seed=self.seed + 1_000_003 * self.runs,
            budget=self.budget,
        )


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search came to: where, how much was tried and visited, and what was found, already shortened."""

    where: str
    sequences: int = 0
    steps: int = 0
    items: frozenset[Item] = frozenset()
    facts: frozenset[Fact] = frozenset()
    """What was seen of the model's transitions."""
    failures: tuple[Failure, ...] = ()
    after: int = 0
    """Steps that were tried until the first failure."""


@dataclass(frozen=True, slots=True)
class SearchOrder:
    """What is to be searched: the fast form of that name, for so many sequences while the share of the budget
    lasts, and for the fewest in any case."""

    name: str
    clauses: tuple[Clause, ...]
    vectors: tuple[Vector, ...]
    seed: int
    budget: Budget
    share: float
    sequences: int
    ignored: frozenset[str] = frozenset()
    """Clauses whose violations were not confirmed before."""


def search_fast_form(order: SearchOrder) -> Searched:
    """Until the first sequence that violates something. Raises TargetError."""
    found: dict[str, Failure] = {}
    after = 0
    parent = os.getppid()
    with FastForm(
        name=order.name,
        clauses=order.clauses,
        seed=order.seed,
        budget=order.budget,
    ) as form:

        def goes_on(done: int) -> bool:
            fewest = order.budget.seconds * FEWEST_A_SECOND
            return (
                done < order.sequences
                and not found
                and os.getppid() == parent
                and (
                    order.budget.allows(order.share - HOURS_SHARE)
                    or (done < fewest and order.budget.can_stretch())
                )
            )

        def take(run: Run) -> None:
            nonlocal after
            names = {clause_of(name) for name in run.violated()}
            for clause in sorted(names - order.ignored):
                found[clause] = shrink(
                    form, clause, run, goes_on=order.budget.allows
                )
            after += len(run.scenario)

        state: Search = search(
            form,
            goes_on,
            take,
            vectors=order.vectors,
            length=LENGTH,
            controls=False,
        )
        if not found and os.getppid() == parent:
            device = next(iter(form.hello.devices))
            take(form.run(make_hours(device), controls=False))
    return Searched(
        where="on its fast form",
        sequences=state.sequences,
        steps=state.steps,
        items=frozenset(state.visits),
        facts=state.facts,
        failures=tuple(found.values()),
        after=after,
    )


class SearchBeside(Beside[Searched]):
    """A search in a process of its own, while the target itself is tried."""

    def __init__(self, order: SearchOrder) -> None:
        self._budget = order.budget
        super().__init__(
            partial(search_fast_form, order),
            name="the search on the fast form",
            nicer=NICER,
        )

    def found(self) -> Searched:
        """Waits for it. Raises TargetError where it could not search."""
        return self.result(self._budget.longest - self._budget.used)


NICER = 5
"""The search makes way for the target, whose time may be real."""
