"""Does a verdict on a real subject flip? Checks with other seeds, which bring other instants and voices;
every second one beside a core that is kept busy.

    python benchmarks/repeats.py wyoming 10 --no-proofs

Prints each check's seconds and what it found to be violated, and at the end every clause whose verdict is
not the same in all; exits 1 where there is one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

BUSY = "while True: pass"


def check(target: str, seed: int, options: list[str]) -> dict[str, str]:
    """The verdict of each clause in one check."""
    tool = "from earwitness.conformance.cli.main import main; main()"
    with tempfile.TemporaryDirectory() as out:
        words = ["check", "--target", target, "--seed", str(seed), *options]
        subprocess.run(
            [sys.executable, "-c", tool, *words, "--quiet", "--out", out],
            stdout=subprocess.DEVNULL,
            check=False,
        )
        path = Path(out, "latest", "results.json")
        results = json.loads(path.read_text("utf-8"))
    return {c["id"]: c["verdict"] for c in results["clauses"]}


def repeat(target: str, times: int, options: list[str]) -> int:
    """How many clauses flipped."""
    seen: dict[str, list[str]] = defaultdict(list)
    for seed in range(1, times + 1):
        began = time.monotonic()
        command = [sys.executable, "-c", BUSY if seed % 2 == 0 else "pass"]
        with subprocess.Popen(command) as other:
            try:
                found = check(target, seed, options)
            finally:
                other.kill()
        violated = [
            name for name, said in found.items() if said == "violated"
        ]
        print(
            f"seed {seed:2}  {time.monotonic() - began:5.0f} s"
            f"  {'busy' if seed % 2 == 0 else 'idle'}  violated: {', '.join(violated)}",
            flush=True,
        )
        for name, verdict in found.items():
            seen[name].append(verdict)
    flipped = {
        name: said for name, said in seen.items() if len(set(said)) > 1
    }
    for name, said in flipped.items():
        rates = {v: said.count(v) / len(said) for v in dict.fromkeys(said)}
        print(name, ", ".join(f"{v} {rate:.0%}" for v, rate in rates.items()))
    print(f"{len(flipped)} of {len(seen)} verdicts flipped in {times} checks")
    return len(flipped)


if __name__ == "__main__":
    named, number, *rest = sys.argv[1:]
    sys.exit(1 if repeat(named, int(number), rest) else 0)
