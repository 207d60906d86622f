"""How the target `KIND:PLACE OPTIONS` becomes a driver that runs as a program of its own, in a cell."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.process import ProcessTarget
from earwitness.conformance.targets.protocol import Target, TargetError
from earwitness.conformance.targets.subjects.subject import Subject

SLOWEST_ANSWER = 20
"""Seconds that a program has to say its version, or how it is used. Chosen: a first start can be slow."""


@dataclass(frozen=True, slots=True)
class SubjectOpening:
    """Runs the driver `module` with the interpreter or program that begins what is written behind the colon,
    and the options that follow it. An entry point of the group `earwitness.targets`."""

    purpose: str
    """What it judges, in a line for the list of targets."""
    module: str
    remedy: str
    """What whoever named no such place is to do."""
    installed: Path | None = None
    """The interpreter where none is named; without it a program must be."""

    def __call__(self, rest: str, options: TargetOptions) -> Target:
        """Raises TargetError."""
        try:
            words = shlex.split(rest)
        except ValueError as error:
            raise TargetError(f"'{rest}' cannot be read: {error}") from None
        place = self._place(words)
        if not place.exists():
            raise TargetError(f"there is no {place}; {self.remedy}")
        program = [sys.executable, "-m", self.module, os.path.abspath(place)]
        return ProcessTarget(shlex.join([*program, *words]), options)

    def _place(self, words: list[str]) -> Path:
        """The interpreter or program, which is taken from the words where they name it."""
        is_named = bool(words) and not words[0].startswith("-")
        if self.installed is None:
            named = words.pop(0) if is_named else "program"
            return Path(shutil.which(named) or named)
        # An option such as claims=2 names no interpreter.
        is_place = is_named and "=" not in words[0].partition("/")[0]
        return Path(words.pop(0)) if is_place else self.installed


def open_installed(kind: str, purpose: str, module: str) -> SubjectOpening:
    """The opening of what `scripts/real-targets KIND` installs."""
    return SubjectOpening(
        purpose=purpose,
        module=module,
        remedy=f"scripts/real-targets {kind} installs it, or write {kind}:PYTHON",
        installed=Path(".real-targets", kind, "bin", "python"),
    )


def open_program(purpose: str, module: str, remedy: str) -> SubjectOpening:
    """The opening of whatever program is named."""
    return SubjectOpening(purpose=purpose, module=module, remedy=remedy)


def installed_version(python: str, package: str) -> str:
    """The version of a package that the interpreter has."""
    question = (
        f"from importlib.metadata import version; print(version('{package}'))"
    )
    return ask_program([python, "-c", question]).strip() or "unknown"


def ask_program(command: Sequence[str]) -> str:
    """What it prints; nothing where it cannot be run, or does not end."""
    try:
        asked = subprocess.run(
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=SLOWEST_ANSWER,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return asked.stdout


@cache
def known_options(
    program: tuple[str, ...], names: tuple[str, ...], value: str
) -> list[str]:
    """Those of the options that the program's --help names, each with the value: versions differ in them."""
    help_text = ask_program([*program, "--help"])
    known = [name for name in names if name in help_text]
    return [word for name in known for word in (name, value)]


def unless_given(options: Sequence[str], name: str, value: str) -> list[str]:
    """An option of ours, where the user gives none of that name.

    >>> unless_given(["--debug"], "--wake-word-name", "alexa")
    ['--wake-word-name', 'alexa']
    """
    is_given = any(o.partition("=")[0] == name for o in options)
    return [] if is_given else [name, value]


def run_driver(driver: Callable[..., Subject], package: str = "") -> None:
    """The driver as a program: its first argument is the interpreter or program, whose `package` it names by
    its version. Runs until its requests end."""
    place, *options = sys.argv[1:]
    subject = driver(place, options)
    if package:
        subject.version = installed_version(place, package)
    subject.run()
