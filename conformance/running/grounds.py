"""What a verdict rests on: of each event the weakest origin, and how well it could have been seen at all."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.conformance.gate.verdict import STRONGEST_FIRST, weakest
from earwitness.conformance.running.atoms import attributes_of, owed_events
from earwitness.conformance.running.tally import ConjunctTally, names_of
from earwitness.model.logic.grounds import Sight
from earwitness.model.trace import Origin
from earwitness.policies.pack import Conjunct

UNMEASURED = frozenset({"buffered", "asked_by"})
"""Attributes that no witness can measure: what rests on them is the device's word, even where the event
itself was seen."""


def evidence_by_event(
    conjunct: Conjunct, found: Sequence[ConjunctTally], sight: Sight
) -> dict[str, Origin | None]:
    """The weakest origin of each event that the outcomes of the conjunct rest on, or, where it was not
    exercised, of each that it names; in any case no better than it could have been seen, since what was
    missed would have come from nobody."""
    exercised = [t.origins for t in found if t.exercised]
    names = {name for origins in exercised for name in origins} or {
        atom.name for atom in names_of(conjunct)
    }
    unmeasured = bool(attributes_of(conjunct.formula) & UNMEASURED)
    result: dict[str, Origin | None] = {}
    for name in sorted(names):
        sees = sight.get(name, Origin.DEVICE)
        origins = [o[name] for o in exercised if name in o]
        if unmeasured:
            origins.append(Origin.DEVICE)
        if sees is not None:
            origins.append(sees)
        result[name] = weakest(origins) if sees is not None else None
    return result


def evidence_of_violation(
    conjunct: Conjunct, violating: Sequence[ConjunctTally], sight: Sight
) -> dict[str, Origin | None]:
    """The same in the run that violates it on the best evidence: one is enough. Only of an event that was
    owed does it matter that it might have been missed; whoever has an excuse can give it."""
    owed = owed_events(conjunct.formula)
    unmeasured = bool(attributes_of(conjunct.formula) & UNMEASURED)

    def grounds(tallied: ConjunctTally) -> dict[str, Origin | None]:
        return {
            name: weakest(
                [
                    origin,
                    *([sight.get(name) or Origin.DEVICE] * (name in owed)),
                    *([Origin.DEVICE] * unmeasured),
                ]
            )
            for name, origin in sorted(tallied.origins.items())
        }

    return max(
        map(grounds, violating),
        key=lambda origins: (
            -STRONGEST_FIRST.index(
                weakest(filter(None, origins.values())) or Origin.WITNESSED
            )
        ),
    )
