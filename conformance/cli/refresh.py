"""One command for all that is derived: what is stale is said, and of that what is quick is remade. What
takes long is remade only where it is asked for by name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from earwitness.conformance.cli.common import packs_named
from earwitness.conformance.gate.verdict import Exit
from earwitness.model.logic.wording import say_amount

HOUSE = Path(__file__).parents[2]
"""The checkout: pages and schemas are derived into it, and only there."""

MUTANTS_A_MINUTE = 30
"""Faulty models judged in a minute on one core, in round figures: 395 took 12 minutes of computing. Some
take a third of a second, some half a minute."""
SHOWN_WHERE_LEFT = 3
"""Lines that are shown of what is stale and left alone: chosen, as nobody acts on them one by one."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A kind of derived things: what of it is stale, and how it is remade. `remake` says whether
    nothing was left over. What is slow has `cost`: a sentence that says how long so many stale ones take,
    and how to ask for them."""

    name: str
    stale: Callable[[], Iterator[str]]
    remake: Callable[[], bool]
    cost: Callable[[int], str] | None = None


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
    help="diagrams, schemas, faults, vectors, invariants, strength; a slow one is remade only so",
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
    """Say what is stale of all that is derived, and remake what is quick of it.

    Strength and the page of faults take hours: they are left as they are, with a sentence that says so,
    unless --only names them. Exits 1 where something that was to be remade is still stale.
    """
    derived = all_derived(packs, seconds)
    unknown = set(kinds) - {d.name for d in derived}
    if unknown:
        raise click.UsageError(
            f"nothing derived is called '{sorted(unknown)[0]}'"
        )
    wanted = [d for d in derived if not kinds or d.name in kinds]
    if only_check:
        fresh = [not _tell_stale(kind) for kind in wanted]
    else:
        fresh = [refresh_kind(kind, bool(kinds)) for kind in wanted]
    sys.exit((Exit.SATISFIED if all(fresh) else Exit.VIOLATED).value)


def refresh_kind(kind: Derived, asked_for: bool) -> bool:
    """Say what is stale of a kind and remake it; what is slow only where it was asked for. Whether all is
    done that was to be done."""
    if kind.cost is None or asked_for:
        return not _tell_stale(kind) or kind.remake()
    left = _tell_stale(kind, SHOWN_WHERE_LEFT)
    if left:
        click.echo(f"    left as it is: {kind.cost(left)}")
    return True


def _tell_stale(kind: Derived, most: int | None = None) -> int:
    """Say how many are stale, and name them, or the first of them. How many they are."""
    stale = list(kind.stale())
    state = f"{len(stale)} stale" if stale else "fresh"
    click.echo(f"{kind.name}: {state}")
    for line in stale[:most]:
        click.echo(f"    {line}")
    unnamed = len(stale[most:]) if most else 0
    if unnamed:
        click.echo(f"    and {unnamed} more")
    return len(stale)


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
        return all(
            [
                proving.refresh_strength(pack, tell, beside=loaded[:place])
                for place, pack in enumerate(loaded)
            ]
        )

    return [
        Derived("diagrams", _stale_diagrams, _remake_diagrams),
        Derived("schemas", _stale_schemas, _remake_schemas),
        Derived(
            "faults",
            stale=_stale_faults,
            remake=_remake_faults,
            cost=_cost_of_faults,
        ),
        Derived(
            "vectors",
            lambda: _stale_vectors(packs),
            lambda: _remake_vectors(packs),
        ),
        Derived("invariants", stale_invariants, remake_invariants),
        Derived(
            "strength",
            stale=stale_strength,
            remake=remake_strength,
            cost=_cost_of_strength,
        ),
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
    if not page.parent.is_dir():
        return
    text = page.read_text("utf-8") if page.is_file() else ""
    for case in calibration_cases():
        if f"{case.name}` | {purpose_of(case.name)} |" not in text:
            yield f"docs/faults.md: {case.half.value} {case.name}"


def _cost_of_faults(stale: int) -> str:
    return (
        f"each of the {stale} is judged by a whole check, which takes minutes; "
        "'earwitness calibrate NAME --write docs/faults.md' judges one and writes its row"
    )


def _remake_faults() -> bool:
    """How each is judged is found out by another command, case by case."""
    click.echo(
        "    remade by: earwitness calibrate NAME ... --write docs/faults.md"
    )
    return False


def _cost_of_strength(stale: int) -> str:
    minutes = max(1, round(stale / MUTANTS_A_MINUTE))
    counted = say_amount(minutes, "minute")
    return (
        f"to judge {stale} faulty models again takes about {counted} of an idle core; "
        "'earwitness refresh --only strength' does it, may be stopped, and goes on where it was"
    )


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
