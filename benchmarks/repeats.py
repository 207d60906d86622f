"""Does a verdict on a real subject flip? Checks with other seeds, which bring other instants and voices;
every second one beside a core that is kept busy.

    python benchmarks/repeats.py wyoming 10 --no-proofs --budget 200 --out run

That is `earwitness check --repeat 10` with a busy core now and then. Ends with the exit code of the check;
the page of the last bundle shows all checks side by side."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY = "while True: pass"
TOOL = "from earwitness.conformance.cli.main import main; main()"


@contextmanager
def busy_core() -> Iterator[None]:
    """A process beside that takes what it can get."""
    with subprocess.Popen([sys.executable, "-c", BUSY]) as other:
        try:
            yield
        finally:
            other.kill()


def bundles_in(out: Path) -> int:
    """How many checks have begun."""
    return sum(path.is_dir() for path in out.glob("*Z-*"))


def repeat(target: str, times: int, options: list[str], out: Path) -> int:
    """The exit code of so many checks."""
    words = ["check", "--target", target, "--repeat", str(times), *options]
    command = [sys.executable, "-c", TOOL, *words, "--out", str(out)]
    before = bundles_in(out)
    with subprocess.Popen(command) as checks:
        while checks.poll() is None:
            if (bundles_in(out) - before) % 2:
                time.sleep(1)
                continue
            with busy_core():
                while (
                    checks.poll() is None
                    and (bundles_in(out) - before) % 2 == 0
                ):
                    time.sleep(1)
    return checks.returncode


if __name__ == "__main__":
    named, number, *rest = sys.argv[1:]
    place = Path("earwitness-run")
    if "--out" in rest:
        at = rest.index("--out")
        place = Path(rest.pop(at + 1))
        rest.pop(at)
    sys.exit(repeat(named, int(number), rest, place))
