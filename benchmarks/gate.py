#!/usr/bin/env python3
"""How long a bundle takes to be decided, checked and reported: python benchmarks/gate.py BUNDLE [TIMES]

Each command runs as a process of its own, as in a CI. Processor time is what the work costs; the clock on the
wall also counts what else the machine was doing. The best of the times is given (one that nothing disturbed).
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from earwitness.conformance.evidence.bundle import read_bundle

TIMES = 3
PROGRAM = "from earwitness.conformance.cli.main import main; main()"
DECIDED = (0, 1, 3, 6)
"""Exit codes of a bundle that could be read."""
FORMATS = (
    "html",
    "json",
    "markdown",
    "junit",
    "sarif",
    "oscal",
    "pdf",
    "xlsx",
)


def measure_command(words: Sequence[str], times: int) -> dict[str, float]:
    """Seconds of the processor and of the wall, the best of some times."""
    found = []
    for _ in range(times):
        before, began = os.times(), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *words],
            capture_output=True,
            text=True,
        )
        if done.returncode not in DECIDED:
            sys.exit(f"earwitness {' '.join(words)}: {done.stderr}")
        wall, after = time.perf_counter() - began, os.times()
        spent = (
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )
        found.append((spent, wall))
    return {
        "processor": round(min(spent for spent, _ in found), 2),
        "wall": round(min(wall for _, wall in found), 2),
    }


def measure_bundle(folder: Path, times: int) -> dict[str, object]:
    """What is done with a bundle, with its size beside it."""
    bundle = read_bundle(folder)
    place = str(bundle.folder)
    seconds = {
        "gate": measure_command(["gate", place, "--quiet"], times),
        "verify": measure_command(["verify", place], times),
    }
    with TemporaryDirectory() as kept:
        for name in FORMATS:
            wanted = f"{name}:{Path(kept) / name}"
            words = ["report", place, "--report", wanted]
            seconds[f"report {name}"] = measure_command(words, times)
    return {
        "earwitness": version("earwitness"),
        "python": platform.python_version(),
        "clauses": len(bundle.results.clauses),
        "observations": sum(run.observations for run in bundle.results.runs),
        "proofs": len(bundle.proofs),
        "seconds": seconds,
    }


if __name__ == "__main__":
    chosen = int(sys.argv[2]) if len(sys.argv) > 2 else TIMES
    measured = measure_bundle(Path(sys.argv[1]), chosen)
    text = json.dumps(measured, indent=1) + "\n"
    Path(__file__).with_name("results").joinpath("gate.json").write_text(text)
    print(text, end="")
