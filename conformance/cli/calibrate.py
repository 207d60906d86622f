"""The command that shows what the harness catches."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from earwitness.conformance.cli.common import packs_named
from earwitness.conformance.gate.verdict import Exit


@click.command()
@click.argument("faults", nargs=-1)
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="write a page that lists them to this file",
)
def calibrate(faults: tuple[str, ...], write: Path | None) -> None:
    """Build each seeded fault (or those named) into the reference and show how it is noticed (minutes)."""
    from earwitness.conformance.running.calibration import Caught, listed
    from earwitness.conformance.running.calibration import calibrate as provoked
    from earwitness.reference_impl.faults.zoo import FAULTS

    clauses = tuple(c for pack in packs_named(()) for c in pack.clauses)
    found: list[Caught] = []
    for name in faults or FAULTS:
        found.append(provoked(name, clauses))
        click.echo(
            f"{name:32} {found[-1].clause:8} {'noticed by ' + found[-1].by if found[-1].noticed else 'NOT NOTICED ' + found[-1].by}"
        )
    if write is not None:
        write.write_text(listed(found), "utf-8")
    noticed = sum(c.noticed for c in found)
    click.echo(f"{noticed} of {len(found)} noticed by the clause they break")
    sys.exit((Exit.SATISFIED if noticed == len(found) else Exit.VIOLATED).value)
