"""The fast form of a target: the same code in this process, on a virtual clock, without sockets and real
audio. There the search and the shrinking run; what they find is confirmed on the target itself."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType

from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.coverage import Item
from earwitness.conformance.running.harness import Harness, Run, clause_of
from earwitness.conformance.running.search import Search, search
from earwitness.conformance.running.shrink import Failure, shrink
from earwitness.conformance.running.visited import Fact
from earwitness.conformance.stimuli.stimulus import Scenario
from earwitness.conformance.targets.entry_points import open_target
from earwitness.conformance.targets.protocol import Hello, TargetError
from earwitness.conformance.vectors.vector import Vector
from earwitness.policies.pack import Clause

RENEWED = 20
"""Runs after which there is another harness: what it remembers of sound grows with every run."""
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
        self._harness = self._renewed()

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
            self._harness = self._renewed()
        return self._harness.run(scenario, controls=controls)

    def _renewed(self) -> Harness:
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
    lasts."""

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
            lambda done: (
                done < order.sequences
                and not found
                and os.getppid() == parent
                and order.budget.allows(order.share)
            ),
            take,
            vectors=order.vectors,
            length=LENGTH,
            controls=False,
        )
    return Searched(
        where="on its fast form",
        sequences=state.sequences,
        steps=state.steps,
        items=frozenset(state.visits),
        facts=state.facts,
        failures=tuple(found.values()),
        after=after,
    )


class SearchBeside:
    """A search in a process of its own, while the target itself is tried: on two cores it costs no time. Use
    it in a `with`."""

    def __init__(self, order: SearchOrder) -> None:
        self._order = order
        # Not as a copy: threads of this process, such as the reference's network, would be missing there.
        context = multiprocessing.get_context("spawn")
        self._answers, sending = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_answer_orders, args=(order, sending), daemon=True
        )
        self._process.start()
        sending.close()

    def __enter__(self) -> SearchBeside:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Whatever it is doing. May be called again."""
        if self._process.is_alive():
            self._process.terminate()
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._answers.close()

    def result(self) -> Searched:
        """Waits for it. Raises TargetError where it could not search."""
        budget = self._order.budget
        left = max(0.0, budget.seconds - budget.used) + PATIENCE
        if not self._answers.poll(left):
            raise TargetError(
                "the search on the fast form did not end within the budget"
            )
        try:
            answer = self._answers.recv()
        except (EOFError, OSError):
            raise TargetError(
                "the search on the fast form ended without an answer"
            ) from None
        if isinstance(answer, TargetError):
            raise answer
        found: Searched = answer
        return found


PATIENCE = 5.0
"""Seconds in which it should have cleaned up."""
NICER = 5
"""The search makes way for the target, whose time may be real."""


def _answer_orders(order: SearchOrder, answers: Connection) -> None:
    os.nice(NICER)
    # To end by an exception leaves no folders behind. Ctrl-C is for whoever began this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        answers.send(search_fast_form(order))
    except TargetError as error:
        answers.send(error)
