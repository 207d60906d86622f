"""Running the programs of others whose opinion is asked."""

from __future__ import annotations

import subprocess
from pathlib import Path


class ToolError(Exception):
    """A program is not there, gave no answer, or failed; the message says which, and what to do."""


def ask_tool(
    command: list[str], folder: Path, seconds: int, *, may_fail: bool = False
) -> str:
    """What a program says, in a folder of its own. Raises ToolError, also where it ends with an error, unless
    it `may_fail`.

    >>> ask_tool(["echo", "proved"], Path("."), seconds=10)
    'proved\\n'
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ToolError(
            f"{command[0]} gave no answer within {seconds} s"
        ) from None
    said = done.stdout + done.stderr
    if done.returncode and not may_fail:
        raise ToolError(f"{command[0]} failed: {said[-300:]}")
    return said
