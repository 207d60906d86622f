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
class Row:
    """What the formula comes to after an event, on the event's device."""

    seen: Observation
    holds: bool
    exercised: bool
    pending: bool


def trial(text: str, pack: Pack, trace: Path) -> list[Row]:
    """Every event of the file with its verdict; the formula may use the pack's states and parameters. Raises PackError for the formula, TraceError for the file."""
    try:
        formula = parse_formula(text, Scope(pack.parameters, pack.states))
    except FormulaError as error:
        raise PackError(f"formula:{error.line}:{error.column}: {error}") from None
    monitor = SlicedMonitor(compile_formula(formula), ("device",))
    try:
        with trace.open("rb") as stream:
            return [
                Row(seen, o.holds, o.exercised, o.pending)
                for seen in read_trace(stream, str(trace))
                for _, o in monitor.feed(seen)
            ]
    except OSError as error:
        raise TraceError(
            f"{trace}: cannot be read ({error.strerror}); name a file of observations, one JSON object a line"
        ) from None
