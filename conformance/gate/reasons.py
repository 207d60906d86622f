"""Which events of a stored failure decide its verdict: the explanation of the violated formula, found in the
trace and believed only after the checker has gone through it."""

from __future__ import annotations

from collections.abc import Sequence

from earwitness.conformance.evidence.records import FailureRecord
from earwitness.model.logic.explaining import explain
from earwitness.model.logic.explanation import ExplanationError, happened_in
from earwitness.model.logic.explanation_checker import verify_explanation
from earwitness.model.logic.formula import Formula, event_names
from earwitness.model.logic.per_device import key_of, project
from earwitness.model.logic.semantics import holds
from earwitness.model.trace import (
    Observation,
    TraceError,
    partial_observation_from,
)
from earwitness.policies.pack import Clause

MOST_EVENTS = 200
"""Events that are explained at most: the definition of the language, by which this is done, takes a time that
grows faster than the trace."""


def deciding_events(clause: Clause, failure: FailureRecord) -> frozenset[int]:
    """Positions in the failure's trace of the events that decide the violation, the violating one included;
    none where the trace is too long, incomplete, or does not violate the clause by its definition."""
    try:
        trace = [
            partial_observation_from(dict(entry))
            for entry in failure.trace[: failure.at + 1]
        ]
    except TraceError:
        return frozenset()
    if failure.at >= len(trace):
        return frozenset()
    found: set[int] = set()
    for conjunct in clause.conjuncts:
        if failure.conjunct in ("", conjunct.name):
            told = _told_to(clause, conjunct.formula, trace)
            found |= {
                told[step][0]
                for step in _deciding_events(conjunct.formula, told)
            }
    return frozenset(found)


def _told_to(
    clause: Clause, formula: Formula, trace: Sequence[Observation]
) -> list[tuple[int, Observation]]:
    """The events of the violating slice that the formula speaks of, and the last, with their places."""
    key = key_of(trace[-1], clause.each)
    seen = trace if key is None else project(trace, clause.each, key)
    names = event_names(formula)
    kept = {
        id(observation) for observation in seen if observation.event in names
    }
    return [
        (position, observation)
        for position, observation in enumerate(trace)
        if id(observation) in kept or position == len(trace) - 1
    ]


def _deciding_events(
    formula: Formula, told: Sequence[tuple[int, Observation]]
) -> frozenset[int]:
    trace = [observation for _, observation in told]
    last = len(trace) - 1
    if last >= MOST_EVENTS:
        return frozenset()
    try:
        if holds(formula, trace, last):
            return frozenset()
        explanation = explain(formula, trace, last)
        absences = verify_explanation(explanation)
    except (ExplanationError, KeyError, TypeError):
        # An unknown attribute has no explanation in the two-valued definition.
        return frozenset()
    if not all(absence.is_so(trace) for absence in absences):
        return frozenset()
    return frozenset({*happened_in(explanation.reason), last})
