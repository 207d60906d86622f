"""Spin's opinion of a Promela model: it searches all of it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from earwitness.model.proof.second_opinion.tools import ToolError, ask_tool

MEMORY = 3_000
"""Megabytes the search may take."""
DEEP = 2_000_000
"""Steps: no path of a finite model is longer."""

UNFINISHED = (
    "Search not completed",
    "search depth too small",
    "out of memory",
)


@dataclass(frozen=True, slots=True)
class SpinOpinion:
    """Whether every assertion held in every state, how many states there were, and seconds of the
    search alone.

    >>> SpinOpinion(holds=True, states=12, seconds=0.1)
    SpinOpinion(holds=True, states=12, seconds=0.1)
    """

    holds: bool
    states: int
    seconds: float


# 300 s are chosen: Spin has a C compiler to run too, so it gets more than ABC.
def run_spin(program: str, folder: Path, seconds: int = 300) -> SpinOpinion:
    """Run Spin on a program in an empty folder. Raises ToolError where it, or a C compiler, is missing,
    or where the search was not complete.

    >>> from tempfile import TemporaryDirectory
    >>> from earwitness.model.proof.second_opinion.promela import promela_program
    >>> program = promela_program(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> is_installed = all(map(shutil.which, ("spin", "gcc")))
    >>> with TemporaryDirectory() as folder:
    ...     opinion = run_spin(program, Path(folder)) if is_installed else None
    >>> opinion is None or opinion.holds
    True
    """
    for tool in ("spin", "gcc"):
        if shutil.which(tool) is None:
            raise ToolError(
                f"'{tool}' is not installed; on Debian: apt install spin gcc"
            )
    (folder / "model.pml").write_text(program, "utf-8")
    ask_tool(["spin", "-a", "model.pml"], folder, seconds)
    ask_tool(
        [
            "gcc",
            "-O1",
            "-w",
            "-DSAFETY",
            "-DNOFAIR",
            "-DCOLLAPSE",
            f"-DMEMLIM={MEMORY}",
            "-o",
            "pan",
            "pan.c",
        ],
        folder,
        seconds,
    )
    said = ask_tool(["./pan", f"-m{DEEP}"], folder, seconds, may_fail=True)
    errors, states = (
        re.search(r"errors: (\d+)", said),
        re.search(r"(\d+) states, stored", said),
    )
    if (
        errors is None
        or states is None
        or (int(errors[1]) == 0 and any(sign in said for sign in UNFINISHED))
    ):
        raise ToolError(
            "Spin did not finish: " + " ".join(said.split())[:300]
        )
    if int(errors[1]) and "assertion violated" not in said:
        raise ToolError(
            "Spin found another error than a violated promise: "
            + " ".join(said.split())[:300]
        )
    took = re.search(r"elapsed time ([\d.]+)", said)
    return SpinOpinion(
        int(errors[1]) == 0, int(states[1]), float(took[1]) if took else 0.0
    )
