"""The chapters of a satellite's tour, carried out: each in a run of its own, and again in another voice where
nothing came of its wake word."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.satellite_tour import (
    chapters_of,
    variants,
    was_tried,
)
from earwitness.conformance.stimuli.stimulus import Scenario
from earwitness.conformance.targets.protocol import Hello

SHARE = 1.1
"""Of the budget: what a verdict rests on at least is done even on a slow machine, before anything else."""


@dataclass(frozen=True, slots=True)
class Chapter:
    number: int
    name: str
    scenario: Scenario

    @property
    def purpose(self) -> str:
        """Of its runs."""
        return f"tour: {self.name}"


def read_chapters(hello: Hello, seed: int) -> list[Chapter]:
    """All that the target can be given, the same for the same seed."""
    found = chapters_of(hello, random.Random(f"chapters {seed}"))
    return [
        Chapter(number, name, scenario)
        for number, (name, scenario) in enumerate(found)
    ]


def may_try_chapters(budget: Budget) -> bool:
    """Whether another chapter may be begun."""
    return budget.allows(SHARE)


def try_chapter(harness: Harness, chapter: Chapter) -> Iterator[Run]:
    """Every run but the last of a harness ends as the next begins, with a control."""
    for tried in variants(chapter.scenario):
        run = harness.run(tried, control_before=harness.runs == 0)
        yield run
        if run.dead or was_tried(run):
            return
