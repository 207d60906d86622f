"""ABC's opinion of a circuit: its PDR engine searches without bound on the number of steps."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from earwitness.model.proof.second_opinion.tools import ToolError, ask_tool

SYNTHESIS = "; ".join(
    (
        "read_verilog model.v",
        "prep -top model -flatten",
        "techmap",
        "opt -nodffe -nosdff",
        "dfflegalize -cell $_DFF_P_ 01",
        "aigmap",
        "opt_clean",
        "write_aiger -zinit model.aig",
    )
)
"""From a circuit to an and-inverter graph whose latches all begin at 0, as ABC reads it."""


@dataclass(frozen=True, slots=True)
class CircuitOpinion:
    """Whether no reachable step violates the monitor, and seconds of the engine alone.

    >>> CircuitOpinion(holds=True, seconds=0.2)
    CircuitOpinion(holds=True, seconds=0.2)
    """

    holds: bool
    seconds: float


TOOLS = ("yosys", "berkeley-abc")


def abc_is_installed() -> bool:
    """Whether this machine can give the opinion.

    >>> abc_is_installed() == all(shutil.which(tool) is not None for tool in TOOLS)
    True
    """
    return all(shutil.which(tool) is not None for tool in TOOLS)


# 120 s are chosen: the longest that a second opinion may keep somebody waiting.
def run_pdr(circuit: str, folder: Path, seconds: int = 120) -> CircuitOpinion:
    """Run ABC's PDR on a circuit in an empty folder. Raises ToolError where a tool is missing or gave no
    answer.

    >>> from tempfile import TemporaryDirectory
    >>> from earwitness.model.proof.second_opinion.verilog import verilog_circuit
    >>> circuit = verilog_circuit(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> with TemporaryDirectory() as folder:
    ...     opinion = run_pdr(circuit, Path(folder)) if abc_is_installed() else None
    >>> opinion is None or opinion.holds
    True
    """
    for tool in TOOLS:
        if shutil.which(tool) is None:
            raise ToolError(
                f"'{tool}' is not installed; on Debian: apt install yosys berkeley-abc"
            )
    (folder / "model.v").write_text(circuit, "utf-8")
    ask_tool(["yosys", "-q", "-p", SYNTHESIS], folder, seconds)
    said = ask_tool(
        [
            "berkeley-abc",
            "-c",
            f"read_aiger model.aig; strash; scorr; pdr -T {seconds}",
        ],
        folder,
        2 * seconds,
    )
    took = re.findall(r"Time =\s+([\d.]+) sec", said)
    if "Property proved" in said:
        return CircuitOpinion(True, float(took[-1]) if took else 0.0)
    if re.search(r"Output \d+ .*was asserted in frame", said):
        return CircuitOpinion(False, float(took[-1]) if took else 0.0)
    raise ToolError("ABC gave no answer: " + " ".join(said.split())[-300:])
