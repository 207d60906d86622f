"""`earwitness.toml`: what a project says once instead of on every command line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from earwitness.model.vocabulary import nearest


def load_project(path: Path, commands: Any) -> dict[str, object]:
    """Defaults of options by command. Raises click.UsageError for a table or key that no command has."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (
        OSError,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
    ) as error:
        raise click.UsageError(f"{path}: {error}") from None
    for table, values in content.items():
        if table not in commands or not isinstance(values, dict):
            raise click.UsageError(
                f"{path}: there is no table [{table}].{nearest(table, commands)}"
            )
        lazy = commands[table]
        command = getattr(
            import_module(f"earwitness.conformance.cli.{lazy.module}"),
            lazy.name,
        )
        known = [
            str(parameter.name)
            for parameter in command.params
            if isinstance(parameter, click.Option)
        ]
        _refuse_unknown_keys(
            path=path, table=table, values=values, known=known
        )
    return content


def _refuse_unknown_keys(
    path: Path,
    table: str,
    values: Iterable[str],
    known: list[str],
) -> None:
    for key in values:
        if key not in known:
            raise click.UsageError(
                f"{path}: [{table}] has no key '{key}'.{nearest(key, known)}"
            )
