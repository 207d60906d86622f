"""What ABC says of a pack's promises over the small, finite form of its model, where our own engines
found no answer."""

from __future__ import annotations

import tempfile
from pathlib import Path

from earwitness.model.proof.second_opinion.abc import (
    abc_is_installed,
    run_pdr,
)
from earwitness.model.proof.second_opinion.tools import ToolError
from earwitness.model.proof.second_opinion.verilog import verilog_circuit
from earwitness.model.systems.state_property import Promise
from earwitness.model.systems.transition_system import System

HORIZON = 8
"""Units of time the finite model runs: past twice its longest bound, three answers fit."""


def holds_in_finite_model(
    system: System, promise: Promise, horizon: int = HORIZON
) -> bool | None:
    """Whether the promise holds up to the horizon; None where ABC is not installed, or gave no answer."""
    if not abc_is_installed():
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            return run_pdr(
                verilog_circuit(system, promise, horizon), Path(folder)
            ).holds
        except ToolError:
            return None
