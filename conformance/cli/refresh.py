"""One command for all that is derived: what is stale is said, and just that is remade."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from earwitness.conformance.cli.common import packs_named
from earwitness.conformance.gate.verdict import Exit

HOUSE = Path(__file__).parents[2]
"""The checkout: pages and schemas are derived into it, and only there."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A kind of derived things: what of it is stale, and how it is remade. `remake` says whether
    nothing was left over."""

    name: str
    stale: Callable[[], Iterator[str]]
    remake: Callable[[], bool]


@click.command()
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="say what is stale and remake nothing; exits 1 where anything is",
)
@click.option(
    "--only",
    "kinds",
    multiple=True,
    help="invariants, strength, vectors, diagrams",
)
@click.option(
    "--pack", "packs", multiple=True, help="a shipped pack or a pack file"
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 3600),
    default=120,
    show_default=True,
    help="limit of one proof",
)
def refresh(
    only_check: bool,
    kinds: tuple[str, ...],
    packs: tuple[str, ...],
    seconds: int,
) -> None:
    """Say what is stale of all that is derived, and remake just that."""
    derived = all_derived(packs, seconds)
    unknown = set(kinds) - {d.name for d in derived}
    if unknown:
        raise click.UsageError(
            f"nothing derived is called '{sorted(unknown)[0]}'"
        )
    whole = True
    for kind in derived:
        if kinds and kind.name not in kinds:
            continue
        stale = list(kind.stale())
        click.echo(
            f"{kind.name}: {len(stale)} stale"
            if stale
            else f"{kind.name}: fresh"
        )
        for line in stale:
            click.echo(f"    {line}")
        if stale:
            whole = not only_check and kind.remake() and whole
    sys.exit((Exit.SATISFIED if whole else Exit.VIOLATED).value)


def all_derived(packs: tuple[str, ...], seconds: int) -> list[Derived]:
    """Everything that is derived, the cheap before the expensive."""
    from earwitness.policies.proving import refresh as proving
    from earwitness.policies.proving.tasks import clauses_to_prove

    loaded = [
        pack for pack in packs_named(packs) if clauses_to_prove(pack.clauses)
    ]

    def tell(line: str) -> None:
        click.echo(f"    {line}")

    def stale_invariants() -> Iterator[str]:
        return (
            f"{pack.name}: {s.name}: {s.reason}"
            for pack in loaded
            for s in proving.stale_invariants(pack)
        )

    def stale_strength() -> Iterator[str]:
        return (
            f"{pack.name}: {s.name}: {s.reason}"
            for pack in loaded
            for s in proving.stale_strength(pack)
        )

    def remake_invariants() -> bool:
        return all(
            [
                proving.refresh_invariants(pack, seconds, tell)
                for pack in loaded
            ]
        )

    def remake_strength() -> bool:
        return all([proving.refresh_strength(pack, tell) for pack in loaded])

    return [
        Derived("diagrams", _stale_diagrams, _remake_diagrams),
        Derived(
            "vectors",
            lambda: _stale_vectors(packs),
            lambda: _remake_vectors(packs),
        ),
        Derived("invariants", stale_invariants, remake_invariants),
        Derived("strength", stale_strength, remake_strength),
    ]


def _model_page() -> Path:
    return HOUSE / "docs" / "model.md"


def _stale_diagrams() -> Iterator[str]:
    from earwitness.conformance.cli.model import diagrams_page

    page = _model_page()
    if page.parent.is_dir() and (
        not page.is_file() or page.read_text("utf-8") != diagrams_page()
    ):
        yield "docs/model.md: not what the tables draw"


def _remake_diagrams() -> bool:
    from earwitness.conformance.cli.model import diagrams_page

    _model_page().write_text(diagrams_page(), "utf-8")
    return True


def _stale_vectors(packs: tuple[str, ...]) -> Iterator[str]:
    from earwitness.conformance.vectors.derive import derived
    from earwitness.conformance.vectors.vector import VectorError, read

    for pack in packs_named(packs):
        path = pack.file.with_name("vectors.json")
        if path.is_file():
            try:
                is_fresh = read(path) == derived(pack)
            except VectorError:
                is_fresh = False
            if not is_fresh:
                yield f"{pack.name}: {path.name}: not what the model gives"


def _remake_vectors(packs: tuple[str, ...]) -> bool:
    from earwitness.conformance.vectors.derive import derived
    from earwitness.conformance.vectors.vector import written

    for pack in packs_named(packs):
        path = pack.file.with_name("vectors.json")
        if path.is_file():
            path.write_text(written(pack.name, derived(pack)), "utf-8")
    return True
