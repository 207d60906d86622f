"""Clauses that keep a gate from being green for the same reason: told once, with all their names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from earwitness.conformance.gate.summary import ClauseLine, Summary
from earwitness.conformance.gate.verdict import Verdict

PART_NAME = re.compile(r"[A-Z]+-[0-9]+\.[0-9a-z]+: ")
"""The name of a part before its reason."""


def group_alike(
    summary: Summary,
) -> Mapping[tuple[Verdict, str], tuple[ClauseLine, ...]]:
    """By verdict and reason. What has a story is told there. A clause that no single run decides can be
    violated without one."""
    told = {story.clause for story in summary.stories}
    found: dict[tuple[Verdict, str], list[ClauseLine]] = {}
    for line in summary.failing:
        if line.id not in told:
            reason = PART_NAME.sub("", line.problem)
            alike = found.setdefault((line.verdict, reason), [])
            alike.append(line)
    worst_first = sorted(
        found, key=lambda key: key[0] is not Verdict.VIOLATED
    )
    return {key: tuple(found[key]) for key in worst_first}
