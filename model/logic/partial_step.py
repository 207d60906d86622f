"""Running a partial monitor over a log, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from earwitness.model.expression import Value
from earwitness.model.logic.partial_monitor import PartialMonitor
from earwitness.model.logic.step import State, compiled_step, results_source


@dataclass(frozen=True, slots=True)
class PartialOutcome:
    """What is known of one event: what must be so and what may be so."""

    must_hold: bool
    may_hold: bool
    must_be_exercised: bool
    may_be_exercised: bool
    pending: bool

    @property
    def truth(self) -> bool | None:
        """Whether the clause holds; None where that is not known."""
        return None if self.may_hold and not self.must_hold else self.must_hold


PartialStep = Callable[[State, Mapping[str, Value]], tuple[State, PartialOutcome]]


def generated_partial_step(monitor: PartialMonitor) -> PartialStep:
    """The step function of a partial monitor."""
    results = (
        monitor.verdict.must,
        monitor.verdict.may,
        monitor.trigger.must,
        monitor.trigger.may,
        monitor.pending,
    )
    source = results_source(monitor.registers, monitor.updates, results)
    step: PartialStep = compiled_step(source, PartialOutcome)
    return step


def initial_partial_state(monitor: PartialMonitor) -> State:
    """The contents of the registers before the first event of a log."""
    return tuple(register.initial for register in monitor.registers)
