"""What the commands share: which packs are meant, and how a trace is printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from earwitness.model.trace import Observation
    from earwitness.policies.pack import Pack

PACK_HELP = "a shipped pack or a pack file"
A_FOLDER = click.Path(path_type=Path, file_okay=False)
A_FILE = click.Path(path_type=Path, dir_okay=False)


def packs_named(names: tuple[str, ...]) -> tuple[Pack, ...]:
    """The packs of these names or files; the shipped ones where none is given. Raises PackError."""
    from earwitness.policies.pack import PACKS, find

    return tuple(find(name) for name in names or PACKS)


def demand_clauses(
    beginnings: tuple[str, ...], packs: tuple[Pack, ...]
) -> tuple[str, ...]:
    """The beginnings of ids in the case of the packs. Raises click.UsageError for one that no clause has."""
    from earwitness.model.vocabulary import nearest

    known = [clause.id for pack in packs for clause in pack.clauses]
    for beginning in beginnings:
        if not any(name.startswith(beginning.upper()) for name in known):
            hint = nearest(beginning.upper(), known)
            raise click.UsageError(
                f"--clause: no clause of these packs begins with '{beginning}'.{hint}"
            )
    return tuple(beginning.upper() for beginning in beginnings)


def print_trace(trace: tuple[Observation, ...]) -> None:
    for seen in trace:
        click.echo(
            f"          {seen.time / 1_000_000:12.6f} s  {seen.event}  {dict(seen.attributes) or ''}"
        )
