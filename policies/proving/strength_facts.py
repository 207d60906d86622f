"""What a bundle tells of a pack's strength: the score, and on whom each clause rests, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from earwitness.model.systems.transition_system import Layer
from earwitness.policies.proving.strength import Strength
from earwitness.policies.proving.trusted_bases import (
    TrustedBase,
    components_in_words,
)

ENOUGH = 3
"""Faults that a clause should notice beyond the guard of its own row: chosen, so that its proof carries
weight."""


class BaseFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On whom a clause rests. `rests_on` is the deepest layer one must trust, empty where nobody knows;
    `sets` are the least sets of components that must be as drawn, `open` those not decided."""

    rests_on: str
    sets: tuple[str, ...]
    open: tuple[str, ...]
    complete: bool
    finite: bool


class StrengthFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the small faults of the model: how many a clause notices, how many survive with an explanation
    and without, how many change nothing, are not decided, or were not measured. `kills` counts those
    that each clause notices, `beyond_guards` those of them that are more than its own row without the guard
    that says the same."""

    killed: int
    explained: int
    unexplained: int
    equivalent: int
    undecided: int
    not_measured: int
    kills: Mapping[str, int]
    bases: Mapping[str, BaseFacts]
    beyond_guards: Mapping[str, int] = {}


def facts_of_strength(strength: Strength) -> StrengthFacts:
    """For a bundle."""
    score = strength.score
    kills = Counter(
        killer for j in strength.mutants.values() for killer in j.killers
    )
    undecided = [
        j for j in strength.mutants.values() if j.undecided and not j.killers
    ]
    return StrengthFacts(
        killed=score.killed,
        explained=score.explained,
        unexplained=score.unexplained,
        equivalent=score.equivalent,
        undecided=len(undecided),
        not_measured=len(strength.missing),
        kills=dict(sorted(kills.items())),
        bases={b.clause: _base_facts(b) for b in strength.bases.values()},
        beyond_guards={
            clause: strength.noticed_beyond_guards(clause)
            for clause in sorted({*strength.clauses, *kills})
        },
    )


def _base_facts(base: TrustedBase) -> BaseFacts:
    return BaseFacts(
        rests_on=base.rests_on.value if base.rests_on is not None else "",
        sets=tuple(components_in_words(s) for s in base.sets),
        open=tuple(components_in_words(s) for s in base.open),
        complete=base.complete,
        finite=base.finite,
    )


def summarize_strength(facts: StrengthFacts) -> tuple[str, ...]:
    """The facts in a few lines."""
    faults = facts.killed + facts.explained + facts.unexplained
    lines = []
    if facts.not_measured:
        lines.append(
            f"strength: {facts.not_measured} faults were not tried since model or pack changed"
        )
    if faults:
        lines.append(
            f"strength: {facts.killed} of {faults} small faults in the model are noticed by a clause, "
            f"{facts.explained} survivors explained, {facts.unexplained} not; "
            f"{facts.equivalent} more change nothing"
        )
    thin = [c for c, n in facts.beyond_guards.items() if n < ENOUGH]
    if thin:
        lines.append(
            f"notice fewer than {ENOUGH} faults beyond the guard of their own row: {', '.join(thin)}"
        )
    for layer in Layer:
        resting = [
            name
            for name, base in facts.bases.items()
            if base.rests_on == layer.value
        ]
        if resting:
            lines.append(f"rests on {layer.value}: {', '.join(resting)}")
    return tuple(lines)
