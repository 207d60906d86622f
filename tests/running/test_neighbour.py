"""Sound that leaves where no stream is open is sound without a stream, whoever's way it takes."""

from __future__ import annotations

import pytest

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.stimuli.stimulus import Say
from earwitness.conformance.targets.reference import ReferenceTarget


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        (
            "through-the-neighbour",
            (Say("d2", "weather"), Say("d2", "chatter"), Say("d1", "boston")),
        ),
        ("after-first-request", (Say("d1", "weather"), Say("d1", "chatter"))),
    ],
)
def test_what_leaves_after_a_stream_was_closed_went_through_none(
    name, steps, clauses
):
    with Harness(ReferenceTarget(name), clauses) as harness:
        run = harness.run(steps, controls=False)
    assert "WAKE-1.4" in run.violated()
