"""What is wrong with a pack that reads well: promises that no trace can break, and promises that nothing
can put to the test.

A solver answers, over everything that could be observed at all. Where it finds no answer in time the
promise is left as it is:
lint refuses what it knows to be empty, no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from earwitness.model.expression import TRUE, negation
from earwitness.model.logic.monitor import Monitor, input_values
from earwitness.model.logic.step import generated_step, initial_state
from earwitness.model.proof.compare import find_separating_trace
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds
from earwitness.policies.pack import Conjunct, Pack

ALWAYS_KEPT = Monitor(registers=(), updates={}, verdict=TRUE, trigger=TRUE)
SECONDS = 10
"""Limit of one question; nearly all are answered within one."""


def find_empty_promises(pack: Pack, seconds: int = SECONDS) -> Iterator[str]:
    """A sentence for each conjunct of the pack that promises nothing, cannot be exercised, or is always
    exercised."""
    for clause in pack.clauses:
        for conjunct in clause.conjuncts:
            for fault in _faults_of(conjunct, seconds):
                yield f"{pack.file}: {conjunct.name}: {fault}"


def _faults_of(conjunct: Conjunct, seconds: int) -> Iterator[str]:
    monitor = conjunct.monitor
    if _is_always_kept(monitor, seconds):
        yield "no trace can break it, so it promises nothing; say what must not happen"
    if _is_always_kept(
        replace(monitor, verdict=negation(monitor.trigger)), seconds
    ):
        yield "nothing can exercise it; say in its trigger what puts it to the test"
    if _is_exercised_by_a_tick(monitor) and _is_always_kept(
        replace(monitor, verdict=monitor.trigger), seconds
    ):
        yield "every event exercises it; say in its trigger what puts it to the test"


def _is_always_kept(monitor: Monitor, seconds: int) -> bool:
    """Whether it is proved that no trace at all breaks the monitor's verdict."""
    return find_separating_trace(ALWAYS_KEPT, monitor, seconds) == ()


def _is_exercised_by_a_tick(monitor: Monitor) -> bool:
    """Whether time that passes exercises it: only then can every event, and the solver need not be asked."""
    tick = Observation(Microseconds(0), "d", "tick")
    _, outcome = generated_step(monitor)(
        initial_state(monitor), input_values(tick)
    )
    return outcome.exercised
