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
    help="diagrams, schemas, faults, vectors, invariants, strength",
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
        Derived("schemas", _stale_schemas, _remake_schemas),
        Derived("faults", _stale_faults, _leave_faults),
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


def _published_schemas() -> Iterator[tuple[Path, str]]:
    """Every published schema: its file, and what it must hold."""
    from importlib import import_module

    from earwitness.conformance.evidence.schemas import (
        bundle_schemas,
        schema_folder,
        schema_text,
    )
    from earwitness.conformance.targets.schemas import (
        protocol_schemas,
        render_schema,
    )
    from earwitness.conformance.vectors.vector_file import vectors_schema

    folder = schema_folder()
    for name, schema in bundle_schemas().items():
        yield folder / f"{name}.schema.json", schema_text(schema)
    for name, schema in protocol_schemas().items():
        yield folder / f"{name}.json", render_schema(schema)
    yield folder / "vectors.schema.json", schema_text(vectors_schema())
    # The room of reports is above this one: it is found at run time, as an entry point is.
    reports = import_module("earwitness.reports.json")
    yield reports.schema_file(), schema_text(reports.json_schema())


def _stale_schemas() -> Iterator[str]:
    for path, text in _published_schemas():
        if not path.is_file() or path.read_text("utf-8") != text:
            yield f"{path.name}: not what the declarations say"


def _remake_schemas() -> bool:
    for path, text in _published_schemas():
        path.write_text(text, "utf-8")
    return True


def _stale_faults() -> Iterator[str]:
    """The cases of the zoo that its page does not list."""
    from earwitness.conformance.running.calibration import (
        calibration_cases,
        purpose_of,
    )

    page = HOUSE / "docs" / "faults.md"
    text = page.read_text("utf-8") if page.is_file() else ""
    for case in calibration_cases():
        if f"{case.name}` | {purpose_of(case.name)} |" not in text:
            yield f"docs/faults.md: {case.half.value} {case.name}"


def _leave_faults() -> bool:
    """How each is judged takes hours to find out, so it is not done by the way."""
    click.echo("    remade by: earwitness calibrate --write docs/faults.md")
    return False


def _stale_vectors(packs: tuple[str, ...]) -> Iterator[str]:
    from earwitness.conformance.vectors.derive import source_digest
    from earwitness.conformance.vectors.vector_file import source_of

    for pack in packs_named(packs):
        path = pack.file.with_name("vectors.json")
        if path.is_file() and source_of(path) != source_digest(pack):
            yield f"{pack.name}: {path.name}: derived from another model or other clauses"


def _remake_vectors(packs: tuple[str, ...]) -> bool:
    from earwitness.conformance.vectors.derive import (
        derive_vectors,
        source_digest,
    )
    from earwitness.conformance.vectors.vector_file import render_vectors

    for pack in packs_named(packs):
        path = pack.file.with_name("vectors.json")
        if path.is_file():
            text = render_vectors(
                pack.name, derive_vectors(pack), source_digest(pack)
            )
            path.write_text(text, "utf-8")
    return True
