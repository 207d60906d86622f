"""What was done in a run and what was seen after each step: read from a bundle, or recorded again."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from earwitness.conformance.evidence.bundle import Bundle, BundleError
from earwitness.conformance.evidence.records import StepsRecord
from earwitness.conformance.evidence.writer import STEPS
from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.run import clause_of
from earwitness.conformance.running.tour import tour
from earwitness.conformance.stimuli.clips import CLIPS
from earwitness.conformance.stimuli.stimulus import (
    During,
    Say,
    Scenario,
    from_json,
)
from earwitness.model.trace import Observation

REPEATED = ("tour", "search")
"""How the purposes of runs begin that can be done again as they are: in others somebody else answers for the
cloud, or speaks in other words."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One run: `after` has what was seen after each step, `last` what came when all were done: controls, and
    what was found in stores."""

    name: str
    steps: Scenario
    after: tuple[tuple[Observation, ...], ...]
    last: tuple[Observation, ...] = ()
    violated: frozenset[str] = frozenset()
    """The clauses that are violated: in this run, or anywhere in the bundle that it is from."""
    dead: str = ""

    @property
    def has_control(self) -> bool:
        """Whether somebody spoke to the device after the last step."""
        return any(seen.event == "speech" for seen in self.last)


def recordings_of(bundle: Bundle) -> Iterator[Recording]:
    """The runs of a bundle that can be done again. Raises BundleError."""
    purposes = {run.number: run for run in bundle.results.runs}
    traces = bundle.runs()
    violated = frozenset(
        clause.id
        for clause in bundle.results.clauses
        if clause.verdict is Verdict.VIOLATED
    )
    for record in bundle.steps():
        run = purposes.get(record.run)
        if run is None or not run.purpose.startswith(REPEATED):
            continue
        yield _cut_trace(
            name=f"{run.purpose}, run {record.run}",
            steps=_steps_of(bundle, record),
            marks=record.marks,
            trace=traces.get(record.run, ()),
            violated=violated,
            dead=run.dead,
        )


def _steps_of(bundle: Bundle, record: StepsRecord) -> Scenario:
    try:
        steps = tuple(from_json(dict(step)) for step in record.steps)
    except (ValueError, TypeError, RecursionError) as error:
        raise BundleError(
            f"{bundle.folder / STEPS}: run {record.run} has what is no step ({error})"
        ) from None
    for step in steps:
        if isinstance(step, Say | During) and step.clip not in CLIPS:
            raise BundleError(
                f"{bundle.folder / STEPS}: there is no clip '{step.clip}'"
            )
    return steps


def _cut_trace(
    name: str,
    steps: Scenario,
    marks: Sequence[int],
    trace: Sequence[Observation],
    violated: frozenset[str],
    dead: str,
) -> Recording:
    """The trace, cut where its steps were. Of a run that ended early only the steps that were done count."""
    ends = [min(max(0, mark), len(trace)) for mark in marks]
    pieces = [tuple(trace[begin:end]) for begin, end in pairwise(ends)]
    return Recording(
        name=name,
        steps=steps[: len(pieces)],
        after=tuple(pieces[: len(steps)]),
        last=tuple(trace[ends[-1] :]) if ends else (),
        violated=violated,
        dead=dead,
    )


def record_run(
    harness: Harness, name: str, steps: Scenario, controls: bool = True
) -> Recording:
    """Steps done on the target of a harness. Raises TargetError."""
    run = harness.run(steps, controls=controls)
    return _cut_trace(
        name=name,
        steps=run.scenario,
        marks=(run.span[0], *run.marks),
        trace=run.trace,
        violated=frozenset(clause_of(name) for name in run.violated()),
        dead=run.dead,
    )


def record_tour(harness: Harness) -> Recording:
    """The tour of a target, as a check takes it. Raises TargetError."""
    chance = random.Random(f"tour {harness.seed}")
    return record_run(harness, "tour", tour(harness.hello, chance))
