"""A program in a cell, for tests."""

from __future__ import annotations

import sys
import textwrap

import pytest

from earwitness.conformance.targets.cell import Cell, strongest_confinement
from earwitness.conformance.targets.confinement import Confinement

SOUND = b"RIFF what was said in the room"

BODY = f"""
import os, socket, subprocess, sys, time
SOUND = {SOUND!r}
def done():
    print("done", flush=True)
    sys.stdin.read()
"""


def start(body, **more):
    """A program in a cell, once it has said that it is done."""
    cell = Cell.start(
        [sys.executable, "-c", BODY + textwrap.dedent(body)], **more
    )
    line = cell.stdout.readline()
    assert line == b"done\n", (line, cell.error_tail())
    return cell


def found_in(cell):
    with cell.frozen():
        return {file.name: file.content for file in cell.found_files()}


needs_cell = pytest.mark.skipif(
    strongest_confinement()[0] is not Confinement.SEALED,
    reason=f"no cell here: {strongest_confinement()[1]}",
)
"""Some machines allow none."""
