"""How long a vendor's first verdict takes: docs/write-a-target.md is followed to the letter in an empty
folder, and each command is timed. Reading and typing are not: a page is read in five minutes.

    python benchmarks/tutorial.py"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

HOUSE = Path(__file__).parents[1]
sys.path.insert(0, str(HOUSE / "tests" / "house"))

from test_tutorials import BLOCK, commands_of, run  # noqa: E402


def follow(page: Path, folder: Path) -> float:
    """Seconds that all commands of the page took together; each is printed with its own."""
    spent = 0.0
    for block in BLOCK.finditer(page.read_text("utf-8")):
        if block["path"]:
            (folder / block["path"]).write_text(block["body"], "utf-8")
            continue
        for command in commands_of(block["body"]):
            began = time.monotonic()
            done = run(command, folder)
            seconds = time.monotonic() - began
            spent += seconds
            print(f"{seconds:6.1f} s  exit {done.returncode}  {command.line}")
    return spent


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        total = follow(HOUSE / "docs" / "write-a-target.md", Path(folder))
    print(f"{total:6.1f} s  from an empty folder to the first verdict")
