"""What a bundle comes to, as the table of a page in docs/judged/.

    python benchmarks/judged.py earwitness-run/latest

Reads the bundle's own results alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

WEAKEST_FIRST = ("device", "driver", "stand-in", "witnessed")
"""Whose word something is, the weakest first."""


def rows_of(results: Mapping[str, Any]) -> Iterator[str]:
    """A line of a table for each clause that applies."""
    for clause in results["clauses"]:
        if clause["verdict"] == "not applicable":
            continue
        parts = clause["conjuncts"]
        if clause["verdict"] == "violated":
            parts = [p for p in parts if p["verdict"] == "violated"]
        evidence = weakest_of(parts)
        cells = (
            clause["id"],
            clause["verdict"],
            evidence,
            clause["exercised"],
        )
        yield f"| {' | '.join(map(str, cells))} |"


def weakest_of(conjuncts: Sequence[Mapping[str, Any]]) -> str:
    """On whose word the conjuncts rest that were exercised."""
    known = [part["evidence"] for part in conjuncts if part["evidence"]]
    ranked = [origin for origin in WEAKEST_FIRST if origin in known]
    return ranked[0] if ranked else ""


def lines_of(results: Mapping[str, Any], seconds: float) -> Iterator[str]:
    """The table, and what is known of the check as a whole."""
    yield "| clause | verdict | evidence | exercised |"
    yield "|---|---|---|---|"
    yield from rows_of(results)
    sequences = sum(found["sequences"] for found in results["searches"])
    runs = len(results["runs"])
    yield f"\n{seconds:.0f} s, {runs} runs, {sequences} sequences of the search."
    for finding in results["findings"]:
        yield f"- {finding['kind']}: {finding['text']}"


if __name__ == "__main__":
    bundle = Path(sys.argv[1])
    read = json.loads((bundle / "results.json").read_text("utf-8"))
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    took = float(manifest.get("seconds", {}).get("all", 0))
    print("\n".join(lines_of(read, took)))
