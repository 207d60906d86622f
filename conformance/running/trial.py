"""One formula judged over one file, event by event."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import FormulaError, Scope, parse_formula
from earwitness.model.logic.per_device import SlicedMonitor
from earwitness.model.trace import Observation, TraceError, read_trace
from earwitness.policies.pack import Pack, PackError


@dataclass(frozen=True, slots=True)
class TrialRow:
    """What the formula comes to after an event, on the event's device."""

    seen: Observation
    holds: bool
    exercised: bool
    pending: bool


def trial(text: str, pack: Pack, trace: Path) -> list[TrialRow]:
    """Every event of the file with its verdict; the formula may use the pack's states and parameters. Raises
    PackError for the formula, TraceError for the file."""
    try:
        formula = parse_formula(
            text,
            Scope(pack.parameters, pack.states),
        )
    except FormulaError as error:
        raise PackError(
            f"formula:{error.line}:{error.column}: {error}"
        ) from None
    monitor = SlicedMonitor(compile_formula(formula), ("device",))
    return [
        TrialRow(
            seen=seen,
            holds=outcome.holds,
            exercised=outcome.exercised,
            pending=outcome.pending,
        )
        for seen in read_observations(trace)
        for _, outcome in monitor.feed(seen)
    ]


def read_observations(file: Path) -> list[Observation]:
    """All observations of a file. Raises TraceError."""
    try:
        with file.open("rb") as stream:
            return list(read_trace(stream, str(file)))
    except OSError as error:
        remedy = "name a file of observations, one JSON object a line"
        raise TraceError(
            f"{file}: cannot be read ({error.strerror}); {remedy}"
        ) from None
