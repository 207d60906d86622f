"""A second instance of the target, tried in a process of its own beside the first, with what needs no memory
of the first's runs: the paired runs, the long quiet and the storms. Only where instances cannot meet, each
sealed in a cell, and where no real time passes that a busy machine would lengthen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from earwitness.conformance.running.beside import Beside
from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.long_quiet import (
    QUIET_SHARE,
    try_long_quiet,
)
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.paired_runs import Comparison, compare
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.storms import try_storms
from earwitness.conformance.targets.entry_points import (
    TargetOptions,
    open_target,
)
from earwitness.policies.pack import Clause

STORMS_SHARE = 0.7
"""Share of the budget after which no further storm is begun."""
SEED_APART = 500_009
"""Added to the seed, so that no two instances hear the same noise."""
TWO_RUNS, STORM, LONG_QUIET = "two runs", "storm", "long quiet"
"""What the runs are for."""


@dataclass(frozen=True, slots=True)
class SecondOrder:
    """Which target, judged by what, within which budget. `compares` where somebody can be asked what metrics
    there are; `quiet_share` is the share of the budget that it may be left alone for."""

    target: str
    options: TargetOptions
    clauses: tuple[Clause, ...]
    seed: int
    budget: Budget
    compares: bool
    quiet_share: float = QUIET_SHARE


@dataclass(frozen=True, slots=True)
class SecondRuns:
    """What a second instance came to: its runs with what each was for, what paired runs say, and findings."""

    runs: tuple[tuple[str, Run], ...]
    comparison: Comparison | None
    findings: tuple[Finding, ...]


def can_have_second(harness: Harness) -> bool:
    """Whether another instance may be tried beside this one."""
    return harness.confined and harness.hello.clock == "virtual"


def try_second_instance(order: SecondOrder) -> SecondRuns:
    """Open it, try it and end it. Raises TargetError where it cannot be driven."""
    runs: list[tuple[str, Run]] = []
    findings: list[Finding] = []
    comparison = None
    with Harness(
        target=open_target(order.target, order.options),
        clauses=order.clauses,
        seed=order.seed + SEED_APART,
        budget=order.budget,
    ) as harness:
        if order.compares:
            comparison = compare(
                harness, lambda run: runs.append((TWO_RUNS, run))
            )
        if not harness.broken:
            quiet = try_long_quiet(harness, order.quiet_share)
            if quiet is not None:
                runs.append((LONG_QUIET, quiet.run))
        if not harness.broken:
            for weathered in try_storms(harness, order.budget.can_stretch):
                runs.append((STORM, weathered.run))
                if weathered.finding is not None:
                    findings.append(weathered.finding)
        last = harness.end()
        if last is not None:
            runs.append(("end", last))
        findings += harness.past_doors.findings()
    return SecondRuns(tuple(runs), comparison, tuple(findings))


class SecondInstance(Beside[SecondRuns]):
    """A second instance in a process of its own."""

    def __init__(self, order: SecondOrder) -> None:
        self._budget = order.budget
        super().__init__(
            partial(try_second_instance, order), name="the second instance"
        )

    def found(self) -> SecondRuns:
        """Waits for it, as long as the check may take at most. Raises TargetError where it could not be
        driven."""
        return self.result(self._budget.longest - self._budget.used)
