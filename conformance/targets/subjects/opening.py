"""How the target `KIND:PLACE OPTIONS` becomes a driver that runs as a program of its own, in a cell."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.process import ProcessTarget
from earwitness.conformance.targets.protocol import Target, TargetError


def open_subject(
    module: str,
    rest: str,
    installed: Path,
    remedy: str,
    options: TargetOptions,
) -> Target:
    """Run the driver `module` with the interpreter or program that `rest` begins with (`installed` where it
    names none) and the options that follow it. Raises TargetError."""
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise TargetError(f"'{rest}' cannot be read: {error}") from None
    if not words or words[0].startswith("-"):
        words = [str(installed), *words]
    place = Path(words[0])
    if not place.exists():
        raise TargetError(f"there is no {place}; {remedy}")
    program = [sys.executable, "-m", module, os.path.abspath(place)]
    return ProcessTarget(shlex.join([*program, *words[1:]]), options)


def installed_version(python: str, package: str) -> str:
    """The version of a package that the interpreter has."""
    question = (
        f"from importlib.metadata import version; print(version('{package}'))"
    )
    asked = subprocess.run(
        [python, "-c", question],
        capture_output=True,
        text=True,
        # 60 s: chosen, as the first start of an interpreter can be slow.
        timeout=60,
    )
    return asked.stdout.strip() or "unknown"


@cache
def known_options(
    program: tuple[str, ...], names: tuple[str, ...], value: str
) -> list[str]:
    """Those of the options that the program's --help names, each with the value: versions differ in them."""
    asked = subprocess.run(
        [*program, "--help"], capture_output=True, text=True
    )
    known = [name for name in names if name in asked.stdout]
    return [word for name in known for word in (name, value)]
