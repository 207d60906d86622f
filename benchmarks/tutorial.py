"""How long a vendor's first verdict takes: docs/write-a-target.md is followed to the letter in an empty
folder, and each command is timed. Reading is not measured but counted: the words of the page at the speed of
somebody who reads to act, and its code at the speed of somebody who skims it. Files are copied, not typed.

    python benchmarks/tutorial.py"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path

WORDS_A_MINUTE, LINES_A_MINUTE = 150, 60
"""Chosen: two thirds of the usual speed for prose in another language than one's own, and a line a second."""
CODE = re.compile(r"```.*?```", re.DOTALL)
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


def reading_time(page: Path) -> float:
    """Seconds."""
    text = page.read_text("utf-8")
    lines = sum(code.count("\n") for code in CODE.findall(text))
    words = len(CODE.sub("", text).split())
    return 60 * (words / WORDS_A_MINUTE + lines / LINES_A_MINUTE)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        page = HOUSE / "docs" / "write-a-target.md"
        total, reading = follow(page, Path(folder)), reading_time(page)
    print(f"{total:6.1f} s  all commands")
    print(f"{reading:6.1f} s  reading, as counted")
    minutes = (total + reading) / 60
    print(f"{minutes:6.1f} minutes from an empty folder to the first verdict")
