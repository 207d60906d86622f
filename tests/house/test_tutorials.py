"""Tutorials are followed to the letter: their files are written, their commands run, in an empty folder,
in the order of the page."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
BLOCK = re.compile(
    r"<!-- (file: (?P<path>[\w./-]+)|run"
    r"|above in (?P<edited>[\w./-]+): `(?P<line>[^`]+)` at the (?P<which>\w+) place)"
    r" -->\n```\w*\n(?P<body>.*?)```",
    re.DOTALL,
)
PLACES = ("first", "second", "third")
PAGES = ("write-a-clause.md", "write-a-target.md")
IN_A_CHECKOUT = ("add-an-event.md",)


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


def insert_above(path: Path, line: str, which: str, body: str) -> None:
    """Put the lines above the line that is written so, at its first, second or third place."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    places = [
        number for number, text in enumerate(lines) if text == f"{line}\n"
    ]
    number = places[PLACES.index(which)]
    path.write_text(
        "".join([*lines[:number], body, *lines[number:]]), "utf-8"
    )


def run(command: Command, folder: Path) -> subprocess.CompletedProcess[str]:
    """`python` and `earwitness` are those of this environment; in a checkout, with the checkout's modules."""
    python = shlex.quote(sys.executable)
    main = "from earwitness.conformance.cli.main import main; main()"
    tool = f"{python} -c {shlex.quote(main)}"
    line = re.sub(r"^python\b", lambda _: python, command.line)
    line = re.sub(r"^earwitness\b", lambda _: tool, line)
    return subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder.parent)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def copy_checkout(folder: Path) -> None:
    """Every file that is kept, in a folder whose name makes it importable before what is installed."""
    listing = ["git", "ls-files", "-z", "--cached", "--others"]
    kept = subprocess.run(
        [*listing, "--exclude-standard"],
        cwd=HOUSE,
        capture_output=True,
        check=True,
    )
    for name in filter(None, kept.stdout.decode().split("\0")):
        if (HOUSE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HOUSE / name, folder / name)


def follow_page(page: str, folder: Path) -> list[Path]:
    """Do what the page says, block by block; the files that were written or edited."""
    text = (HOUSE / "docs" / page).read_text("utf-8")
    blocks = list(BLOCK.finditer(text))
    assert blocks, f"{page} has nothing to follow"
    touched = []
    for block in blocks:
        if name := block["path"] or block["edited"]:
            touched.append(folder / name)
        if block["path"]:
            touched[-1].parent.mkdir(parents=True, exist_ok=True)
            touched[-1].write_text(block["body"], "utf-8")
        elif block["edited"]:
            insert_above(
                path=touched[-1],
                line=block["line"],
                which=block["which"],
                body=block["body"],
            )
        else:
            run_commands(block["body"], folder)
    return touched


def run_commands(body: str, folder: Path) -> None:
    for command in commands_of(body):
        ran = run(command, folder)
        output = ran.stdout + ran.stderr
        assert ran.returncode == 0, f"{command.line}\n{output}"
        missing = [
            line for line in command.expected if line.strip() not in output
        ]
        assert not missing, (
            f"{command.line} did not print {missing}:\n{output}"
        )


@pytest.mark.parametrize("page", PAGES)
def test_a_tutorial_can_be_followed_to_the_letter(page, tmp_path):
    follow_page(page, tmp_path)


@pytest.mark.parametrize("page", IN_A_CHECKOUT)
def test_an_event_with_a_clause_takes_five_files(page, tmp_path):
    folder = tmp_path / "earwitness"
    copy_checkout(folder)
    assert len(set(follow_page(page, folder))) == 5


def test_a_target_takes_one_file_outside_this_repository():
    text = (HOUSE / "docs" / "write-a-target.md").read_text("utf-8")
    written = {b["path"] for b in BLOCK.finditer(text) if b["path"]}
    assert len(written) == 1
