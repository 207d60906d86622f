"""Tutorials are followed to the letter: their files are written, their commands run, in an empty folder,
in the order of the page."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
BLOCK = re.compile(
    r"<!-- (file: (?P<path>[\w./-]+)|run) -->\n```\w*\n(?P<body>.*?)```",
    re.DOTALL,
)
PAGES = ("write-a-clause.md", "write-a-target.md")


@dataclass(frozen=True)
class Command:
    """A line after `$ ` and the lines that must be found in what it prints."""

    line: str
    expected: tuple[str, ...]


def commands_of(body: str) -> list[Command]:
    found = []
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, *expected = part.strip().splitlines()
        found.append(Command(line, tuple(expected)))
    return found


def run(command: Command, folder: Path) -> subprocess.CompletedProcess[str]:
    """`earwitness` is the one of this environment."""
    tool = Path(sys.executable).with_name("earwitness")
    line = re.sub(r"^earwitness\b", str(tool), command.line)
    return subprocess.run(
        line,
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("page", PAGES)
def test_a_tutorial_can_be_followed_to_the_letter(page, tmp_path):
    text = (HOUSE / "docs" / page).read_text("utf-8")
    blocks = list(BLOCK.finditer(text))
    assert blocks, f"{page} has nothing to follow"
    for block in blocks:
        if block["path"]:
            path = tmp_path / block["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["body"], "utf-8")
            continue
        for command in commands_of(block["body"]):
            ran = run(command, tmp_path)
            output = ran.stdout + ran.stderr
            assert ran.returncode == 0, f"{command.line}\n{output}"
            missing = [
                line
                for line in command.expected
                if line.strip() not in output
            ]
            assert not missing, (
                f"{command.line} did not print {missing}:\n{output}"
            )
