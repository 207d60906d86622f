"""Folders that a target may have filled with whatever it liked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def remove_folder(folder: Path | str) -> None:
    """With all that is in it, as far as it can be removed. Never raises for what lies there."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:
        # Of folders in folders Python removes a thousand; rm goes down without recursion.
        subprocess.run(
            ["rm", "-rf", "--", os.fspath(folder)],
            check=False,
            capture_output=True,
        )
