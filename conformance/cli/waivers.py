"""`earwitness waivers lint`: the files by which people decide, checked before they are used."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from earwitness.conformance.cli.common import packs_named
from earwitness.conformance.gate.capability_file import load_capabilities
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.files import GateFileError
from earwitness.conformance.gate.known_failures import load_known_failures
from earwitness.conformance.gate.policy import today
from earwitness.conformance.gate.waivers import (
    load_waivers,
    unknown_clauses,
)
from earwitness.policies.placed_yaml import (
    PlacedYamlError,
    read_document,
)


@click.group()
def waivers() -> None:
    """Files by which a gate is decided: waivers, known failures, capabilities."""


@waivers.command("lint")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.option(
    "--pack",
    "packs",
    multiple=True,
    help="packs whose clauses may be waived; the shipped ones unless given",
)
def lint_decisions(files: tuple[Path, ...], packs: tuple[str, ...]) -> None:
    """Check files of waivers, known failures or capabilities: names, reasons, days.

    Exits 2 where a file is wrong, 6 where a waiver has expired or names a clause that no pack has.
    """
    clauses = [
        clause.id for pack in packs_named(packs) for clause in pack.clauses
    ]
    code = Exit.SATISFIED
    for path in files:
        try:
            found = _lint_file(path, clauses)
        except GateFileError as error:
            click.echo(str(error), err=True)
            code = Exit.USAGE
            continue
        for text in found:
            click.echo(f"{path}: {text}", err=True)
        code = Exit.STALE if found and code is Exit.SATISFIED else code
        click.echo(f"{path}: {'wrong' if found else 'in order'}")
    sys.exit(code.value)


def _lint_file(path: Path, clauses: list[str]) -> list[str]:
    """What is stale in a file that is well formed. Raises GateFileError."""
    kinds: dict[str, Callable[[Path, list[str]], list[str]]] = {
        "waivers": _lint_waivers,
        "known_failures": _lint_known_failures,
        "has": _lint_capabilities,
        "refuses": _lint_capabilities,
    }
    try:
        content = read_document(path.read_bytes(), str(path)).content
    except OSError as error:
        raise GateFileError(
            f"{path}: cannot be read ({error.strerror})"
        ) from None
    except PlacedYamlError as error:
        raise GateFileError(str(error)) from None
    keys = list(content) if isinstance(content, dict) else []
    known = [kinds[key] for key in keys if key in kinds]
    if not known:
        raise GateFileError(f"{path}:1:1: holds none of {', '.join(kinds)}")
    return known[0](path, clauses)


def _lint_waivers(path: Path, clauses: list[str]) -> list[str]:
    found = load_waivers(path)
    now = today()
    expired = [
        f"waiver {w.id} expired on {w.expires}"
        for w in found
        if w.has_expired(now)
    ]
    return expired + unknown_clauses(found, clauses)


def _lint_known_failures(path: Path, clauses: list[str]) -> list[str]:
    known = load_known_failures(path)
    return [
        f"known failure {k.id}: no clause is called '{k.clause}'"
        for k in known
        if not any(
            k.covers(identity, k.event, k.fingerprint) for identity in clauses
        )
    ]


def _lint_capabilities(path: Path, clauses: list[str]) -> list[str]:
    load_capabilities(path)
    return []
