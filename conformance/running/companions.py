"""More instances of a target whose time is real, tried side by side: such a target is mostly idle, and each
chapter begins with a start of its own. They share the chapters of the tour; then the first of them is left
alone for long and put through storms, and all search on. Only where instances cannot meet, each sealed in a
cell."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from earwitness.conformance.running.beside import Telling
from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.chapters import (
    Chapter,
    may_try_chapters,
    read_chapters,
    try_chapter,
)
from earwitness.conformance.running.check_session import (
    SERVED_SEARCH_SHARE,
    TWINS_SHARE,
)
from earwitness.conformance.running.fast_form import Searched
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.long_quiet import try_long_quiet
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.search import search
from earwitness.conformance.running.second_instance import (
    LONG_QUIET,
    SEED_APART,
    STORM,
)
from earwitness.conformance.running.storms import try_storms
from earwitness.conformance.targets.entry_points import (
    TargetOptions,
    open_target,
)
from earwitness.conformance.targets.protocol import TargetError
from earwitness.policies.pack import Clause

MOST = 2
"""Instances beside the first. Chosen: on two cores a third waits for the other two."""
SEARCH = "search"
"""What the runs of a search are for."""


NOT_PATIENT = Finding(
    "not tried", "not tried, as the budget was used up: a long quiet"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a companion tells: a run with what it was for, a chapter that is done with, findings, or how its
    search went."""

    purpose: str = ""
    run: Run | None = None
    chapter: str = ""
    findings: tuple[Finding, ...] = ()
    searched: Searched | None = None


@dataclass(frozen=True, slots=True)
class CompanionOrder:
    """Which target, judged by what, within which budget; `claims` is a folder that all instances share."""

    target: str
    options: TargetOptions
    clauses: tuple[Clause, ...]
    seed: int
    budget: Budget
    sequences: int
    claims: Path
    number: int = 0


def claim(folder: Path, chapter: Chapter) -> bool:
    """Whether nobody had taken the chapter yet; now somebody has."""
    try:
        folder.joinpath(str(chapter.number)).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def keep_company(order: CompanionOrder, tell: Callable[[Told], None]) -> None:
    """What one companion does. Raises TargetError where its instance cannot be driven."""
    budget = order.budget
    with Harness(
        target=open_target(order.target, order.options),
        clauses=order.clauses,
        seed=order.seed + SEED_APART * (1 + order.number),
        budget=budget,
    ) as harness:
        for chapter in read_chapters(harness.hello, order.seed):
            if harness.broken or not may_try_chapters(budget):
                break
            if claim(order.claims, chapter):
                for run in try_chapter(harness, chapter):
                    tell(Told(chapter.purpose, run))
                tell(Told(chapter=chapter.name))
        # Told again at the end, which may not be waited for.
        tell(Told(findings=_seen_besides(harness)))
        if order.number == 0:
            _try_patience(harness, tell)
        if not harness.broken and order.sequences:
            tell(Told(searched=_search_on(harness, order, tell)))
        last = harness.end()
        if last is not None:
            tell(Told("end", last))
        tell(Told(findings=_seen_besides(harness)))


def _seen_besides(harness: Harness) -> tuple[Finding, ...]:
    """What left past the doors so far, and what was written where nobody named a folder."""
    return (
        *harness.past_doors.findings(),
        *harness.stores.undeclared.findings(),
    )


def _try_patience(harness: Harness, tell: Callable[[Told], None]) -> None:
    """A long quiet, and storms."""

    def goes_on() -> bool:
        return not harness.broken and harness.budget.allows(TWINS_SHARE)

    quiet = try_long_quiet(harness, goes_on=goes_on) if goes_on() else None
    if quiet is None and not goes_on():
        tell(Told(findings=(NOT_PATIENT,)))
    if quiet is not None:
        tell(Told(LONG_QUIET, quiet.run))
    for weathered in try_storms(harness, goes_on):
        found = weathered.finding
        tell(Told(STORM, weathered.run, findings=(found,) if found else ()))


def _search_on(
    harness: Harness, order: CompanionOrder, tell: Callable[[Told], None]
) -> Searched:
    state = search(
        runner=harness,
        keep_on=lambda done: (
            done < order.sequences
            and harness.budget.allows(SERVED_SEARCH_SHARE)
        ),
        take=lambda run: tell(Told(SEARCH, run)),
    )
    return Searched(
        where="on another instance",
        sequences=state.sequences,
        steps=state.steps,
        items=frozenset(state.visits),
        facts=state.facts,
    )


class Companions:
    """All companions of one check. Stop them."""

    def __init__(self, order: CompanionOrder, count: int) -> None:
        self._all = [
            Telling[Told](
                partial(keep_company, order_of_one),
                name="an instance beside",
            )
            for order_of_one in _orders(order, count)
        ]
        self.claims = order.claims
        self.lost: list[str] = []
        """Why companions could not go on."""

    @property
    def are_over(self) -> bool:
        """Whether none of them will tell anything more."""
        return all(one.is_over for one in self._all)

    def told(self, seconds: float = 0.0) -> Iterator[Told]:
        """What they have told since the last look. Where nothing was told yet, so long is waited for it."""
        until = time.monotonic() + seconds
        while not self.are_over:
            heard = [said for one in self._all if (said := self._next(one))]
            yield from heard
            if heard:
                until = 0.0
            elif time.monotonic() >= until:
                return
            else:
                time.sleep(0.05)  # 50 ms: chosen, how late it is heard.

    def stop(self) -> None:
        """Whatever they are doing."""
        for one in self._all:
            one.stop()
        shutil.rmtree(self.claims, ignore_errors=True)

    def _next(self, one: Telling[Told]) -> Told | None:
        try:
            return one.next_told()
        except TargetError as error:
            self.lost.append(str(error))
            return None


def _orders(order: CompanionOrder, count: int) -> Iterator[CompanionOrder]:
    share = -(-order.sequences // (count + 1))
    for number in range(count):
        yield replace(order, number=number, sequences=share)


def begin_companions(
    target: str,
    options: TargetOptions,
    clauses: tuple[Clause, ...],
    *,
    seed: int,
    budget: Budget,
    sequences: int,
) -> Companions:
    """As many as the machine has cores, and not more than a few."""
    order = CompanionOrder(
        target=target,
        options=options,
        clauses=clauses,
        seed=seed,
        budget=budget,
        sequences=sequences,
        claims=Path(tempfile.mkdtemp(prefix="earwitness-chapters-")),
    )
    return Companions(order, min(MOST, os.cpu_count() or 1))
