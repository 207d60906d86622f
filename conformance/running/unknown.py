"""Where an observation does not say what a promise compares, the promise is neither kept nor broken there,
but not known. The plain monitor reads such a comparison as false, so the partial one judges it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from earwitness.conformance.running.atoms import attributes_of
from earwitness.model.logic.formula import Formula, event_names
from earwitness.model.logic.partial_monitor import (
    PartialMonitor,
    compile_partial,
    required_input_values,
)
from earwitness.model.logic.partial_semantics import LogView
from earwitness.model.logic.partial_step import SlicedPartialMonitor
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary
from earwitness.policies.pack import Clause, Conjunct

Lacking = frozenset[tuple[str, str]]
"""Events, each with an attribute that it must have and that some observation of it does not give."""
WHOLE = LogView(is_from_start=True)
"""A run shows every event of the vocabulary, from the first on."""


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """What is known of a conjunct over a trace: how often it was exercised for sure, where it was violated
    for sure, whether a deadline is open, and what nobody said where that decides."""

    exercised: int
    violated_at: int | None
    pending: bool
    unknown: str


def lacking_in(trace: Iterable[Observation]) -> Lacking:
    """What observations do not say though such events have it."""
    events = vocabulary().events
    found: set[tuple[str, str]] = set()
    for seen in trace:
        event = events[seen.event]
        if len(seen.attributes) < len(event.attributes):
            found.update(
                (seen.event, name)
                for name in event.attributes
                if name not in seen.attributes and name not in event.optional
            )
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Compared:
    """Which attributes of which events a conjunct compares, or tells its slices apart by."""

    events: frozenset[str]
    attributes: frozenset[str]

    def lacking_of(self, lacking: Lacking) -> Lacking:
        """What of it is not said."""
        return frozenset(
            (event, attribute)
            for event, attribute in lacking
            if event in self.events and attribute in self.attributes
        )


def compared_by(conjunct: Conjunct, each: Iterable[str]) -> Compared:
    """What a conjunct compares, of a clause with such slices."""
    formulas = conjunct.formula, conjunct.trigger
    return Compared(
        events=frozenset().union(*map(event_names, formulas)),
        attributes=frozenset(each).union(*map(attributes_of, formulas)),
    )


def known_record(
    part: Clause, trace: Sequence[Observation], lacking: Lacking
) -> KnownRecord:
    """Step a clause of one conjunct over a trace with what is not known in it."""
    (conjunct,) = part.conjuncts
    monitor = _partial_of(conjunct.formula, conjunct.trigger)
    devices: dict[str, SlicedPartialMonitor] = {}
    exercised, violated_at, is_unknown = 0, None, False
    pending: dict[tuple[str, object], bool] = {}
    for place, seen in enumerate(trace):
        if seen.device not in devices:
            devices[seen.device] = SlicedPartialMonitor(monitor, part.each)
        # Nobody can tell to which slice it belongs.
        is_unknown |= any(
            (seen.event, name) in lacking and name not in seen.attributes
            for name in part.each
        )
        values = required_input_values(seen)
        for key, outcome in devices[seen.device].feed(seen, values):
            exercised += outcome.must_be_exercised
            is_unknown |= outcome.truth is None
            pending[seen.device, key] = outcome.pending
            if outcome.truth is False and violated_at is None:
                violated_at = place
    names = ", ".join(sorted(f"{name} of {event}" for event, name in lacking))
    return KnownRecord(
        exercised=exercised,
        violated_at=violated_at,
        pending=any(pending.values()),
        unknown=names if is_unknown else "",
    )


@cache
def _partial_of(formula: Formula, trigger: Formula) -> PartialMonitor:
    return compile_partial(formula, trigger, WHOLE)
