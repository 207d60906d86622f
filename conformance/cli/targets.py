"""`earwitness targets`, `control` and `doctor`: what can be driven, and whether it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.printable import printable
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import (
    TargetOptions,
    installed_targets,
    load_target,
)

if TYPE_CHECKING:
    from earwitness.conformance.running.doctor import ControlResult

LEVELS = {"auto": Confinement.SEALED, "open": Confinement.OPEN}
confinement_option = click.option(
    "--confinement",
    type=click.Choice(list(LEVELS)),
    default="auto",
    show_default=True,
    help="auto: as firm as this machine allows; open: the target is not confined",
)
target_option = click.option(
    "--target", default="ref", show_default=True, help="such as exec:COMMAND"
)


@click.command()
def targets() -> None:
    """List the kinds of targets that are installed, and how firmly this machine can hold one."""
    from earwitness.conformance.targets.cell import strongest_confinement

    for name, entry in installed_targets().items():
        opened = load_target(entry)
        told = getattr(opened, "purpose", opened.__doc__ or "")
        purpose = " ".join(told.split())
        click.echo(f"{name:12} {purpose.split('. ')[0].removesuffix('.')}")
    level, reason = strongest_confinement()
    click.echo(
        f"\nconfinement here: {level.value}{f' ({reason})' if reason else ''}"
    )


@click.command()
@target_option
@confinement_option
@click.option("--seed", type=int, default=0, show_default=True)
def control(target: str, confinement: str, seed: int) -> None:
    """Ask a target for the weather: is it heard, streamed, answered? Exits 4 where it is not."""
    from earwitness.conformance.running.doctor import control_target

    done = control_target(target, TargetOptions(LEVELS[confinement]), seed)
    devices = ", ".join(
        f"{printable(name)} ({kind})" for name, kind in done.devices.items()
    )
    click.echo(f"{done.name} {done.version}: {devices}")
    reason = f" ({printable(done.open_reason)})" if done.open_reason else ""
    click.echo(f"confinement: {done.confinement.value}{reason}")
    if done.failure:
        # 2,000 characters: as long as a fault of the protocol may be; chosen, some 20 lines of a terminal.
        click.echo(printable(done.failure, 2_000))
        sys.exit(Exit.NOT_DRIVABLE.value)
    known = done.heard.value if done.heard is not None else "nobody"
    click.echo(
        f"heard, streamed and answered in {done.seconds:.1f} s; known from: {known}"
    )


@click.command()
@target_option
@confinement_option
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="write a capability file for the gate",
)
def doctor(target: str, confinement: str, write: Path | None) -> None:
    """Say why a target cannot be driven, if it cannot (exits 4); else compare what it declares with what it
    does (exits 3 where they differ)."""
    from earwitness.conformance.running.doctor import (
        capability_text,
        control_target,
        examine_capabilities,
    )

    done = control_target(target, TargetOptions(LEVELS[confinement]))
    if done.failure:
        # As long as above.
        click.echo(printable(done.failure, 2_000))
        sys.exit(Exit.NOT_DRIVABLE.value)
    checks = examine_capabilities(target, TargetOptions(LEVELS[confinement]))
    signs = {True: "seen", False: "NOT SEEN", None: ""}
    for check in checks:
        declared = "declared" if check.declared else "-"
        row = f"{printable(check.device):12} {check.capability:18} {declared:9} {signs[check.seen]:9}"
        click.echo(f"{row} {printable(check.remark)}".rstrip())
    for line in _witness_lines(done):
        click.echo(line)
    if write is not None:
        write.write_text(capability_text(target, checks), "utf-8")
        click.echo(f"capability file: {write}")
    if any(check.seen is False for check in checks):
        sys.exit(Exit.INCONCLUSIVE.value)


def _witness_lines(done: ControlResult) -> Iterator[str]:
    """Every installed witness: what it sees of this target, or that it sees nothing."""
    from earwitness.conformance.witnesses.witness import installed_witnesses

    confined = done.confinement is Confinement.SEALED
    for name, witness in installed_witnesses().items():
        events = witness.events(done.capabilities, confined)
        seen = ", ".join(sorted(events)) or "nothing of this target"
        yield f"{name:12} witness of {seen}: {printable(witness.sees)}"
