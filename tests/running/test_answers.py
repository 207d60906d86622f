"""Whatever the property's side answers is read, also where it refuses, and however words are written there."""

from __future__ import annotations

import pytest

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.run import clause_of
from earwitness.conformance.stimuli.stimulus import Query, Say
from earwitness.conformance.targets.fast import FastReferenceTarget

D = "d1"


def violated_by(name, clauses, role, resource):
    """What asking for that after a request violates."""
    steps = (Say(D, "weather"), Query(D, "ours", role, resource))
    with Harness(FastReferenceTarget(name), clauses) as harness:
        run = harness.run(steps, controls=False)
    return {clause_of(part) for part in run.violated()}


TOLD = {
    "settings-as-numbers": ("organisation", "settings", "ORG-3"),
    "refusal-tells": ("organisation", "transcripts", "ORG-3"),
    "own-logs-words": ("skill_developer", "own_logs", "DEV-1"),
}
"""By name of the zoo: what is asked for, and the clause it breaks."""


@pytest.mark.parametrize("name", TOLD)
def test_words_in_an_answer_are_found_however_they_are_written(name, clauses):
    role, resource, clause = TOLD[name]
    assert clause in violated_by(name, clauses, role, resource)


@pytest.mark.parametrize(
    ("role", "resource"),
    sorted({(role, resource) for role, resource, _ in TOLD.values()}),
)
def test_what_the_honest_reference_answers_holds_no_words(
    role, resource, clauses
):
    assert violated_by("", clauses, role, resource) == set()
