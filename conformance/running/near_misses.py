"""How close each deadline came to its bound, over all runs: the slowest answer that was in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from earwitness.conformance.evidence.records import NearMiss
from earwitness.conformance.running.tally import Tally
from earwitness.policies.pack import Clause


def near_misses(
    clauses: Iterable[Clause], tallies: Sequence[Tally]
) -> tuple[NearMiss, ...]:
    """One entry for each deadline that was answered at least once, the closest to its bound first."""
    found = [
        near
        for clause in clauses
        for conjunct in clause.conjuncts
        for near in _of_conjunct(conjunct.name, tallies)
    ]
    return tuple(sorted(found, key=lambda near: -near.closest / near.bound))


def _of_conjunct(name: str, tallies: Sequence[Tally]) -> Iterable[NearMiss]:
    slowest: dict[int, int] = {}
    for tally in tallies:
        for margin in tally[name].margins if name in tally else ():
            slowest[margin.bound] = max(
                slowest.get(margin.bound, -1), margin.longest
            )
    for bound, longest in slowest.items():
        if longest >= 0 and bound > 0:
            yield NearMiss(clause=name, bound=bound, closest=longest)
