"""What the runs of one check come to, and how its search is planned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from earwitness.conformance.gate.verdict import weakest
from earwitness.conformance.running.certificates import (
    CertificateRun,
)
from earwitness.conformance.running.fast_form import (
    FastForm,
    SearchBeside,
    Searched,
)
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.paired_runs import (
    Comparison,
)
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.second_instance import (
    SecondInstance,
)
from earwitness.conformance.running.shrink import (
    Failure,
)
from earwitness.conformance.running.twin_runs import (
    TwinResult,
)
from earwitness.conformance.targets.protocol import Hello
from earwitness.conformance.vectors.vector import Vector
from earwitness.model.trace import Observation, Origin

if TYPE_CHECKING:
    from earwitness.conformance.running.companions import Companions

Tell = Callable[[str], None]

Keep = Callable[[int, Sequence[Observation]], None]
"""Takes the observations of each run, with its number, as soon as the run is over."""

FEW_RUNS = 12
"""Runs for shrinking each clause after the second: they mostly fail by the same cause."""
FEWEST_RUNS = 4
"""Runs for shrinking where each takes seconds and the scenarios are short anyway."""
SEARCH_SHARE = 0.85
"""Share of the budget after which no new sequence is begun: the rest is for shrinking and writing."""
SERVED_SEARCH_SHARE = 0.75
"""The same where each run takes seconds: looking for a shorter way comes last, and takes what is left."""
TWINS_SHARE = 0.6
"""Share of the budget after which twins are tried on no further device."""
UNEXPLAINED = "unexplained"
"""The kind of a finding: more left than may be, of what nobody could read."""


@dataclass
class CheckSession:
    """What the runs of one check have come to."""

    hello: Hello
    runs: list[Run] = field(default_factory=list)
    purposes: list[str] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    comparison: Comparison | None = None
    certificates: list[CertificateRun] = field(default_factory=list)
    twins: list[TwinResult] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    searched: list[Searched] = field(default_factory=list)
    dead: str = ""
    carried: bool = False
    confined: bool = False
    witnessed: frozenset[str] = frozenset()
    """Events that witnesses see which whoever runs the check has named."""

    def add(self, run: Run, purpose: str) -> None:
        """Keep a run with what was found in it. That much left which nobody could read is told once."""
        self.runs.append(run)
        self.purposes.append(purpose)
        self.findings += [f for f in run.findings if f not in self.findings]
        known = {f.kind for f in self.findings}
        self.findings += [
            Finding(UNEXPLAINED, text, blocking=True)
            for text in run.unexplained
            if UNEXPLAINED not in known
        ]

    @property
    def shows_metrics(self) -> bool:
        """Whether somebody can be asked what metrics there are."""
        return self.hello.capabilities.get("access", False)

    @property
    def heard(self) -> Origin | None:
        """On whose word it rests that requests were heard and answered."""
        known = [run.heard for run in self.runs if run.heard is not None]
        return weakest(known)


class EnoughSeen(Exception):
    """What was waited for was seen."""


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """At most so many sequences, beginning with ways to what the model has. A target with a fast form is
    searched there, `beside` what is done with the target itself, and `again` without the clauses whose
    violations were not confirmed."""

    sequences: int
    vectors: tuple[Vector, ...] = ()
    fast_form: Callable[[], FastForm] | None = None
    beside: SearchBeside | None = None
    again: Callable[[frozenset[str]], Searched] | None = None
    second: Callable[[bool], SecondInstance] | None = None
    """Begins a second instance of the target, which compares paired runs or does not."""
    company: Callable[[], Companions] | None = None
    """Begins more instances of a target whose time is real."""
