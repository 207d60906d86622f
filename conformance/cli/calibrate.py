"""The command that shows what the harness catches."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from earwitness.conformance.cli.common import packs_named
from earwitness.conformance.gate.verdict import Exit


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="write a page that lists them to this file; rows of other cases stay as they are",
)
@click.option(
    "--budget",
    type=click.FloatRange(1, 3600),
    default=50.0,
    show_default=True,
    help="seconds for each",
)
@click.option("--seed", type=int, default=0, show_default=True)
def calibrate(
    names: tuple[str, ...], write: Path | None, budget: float, seed: int
) -> None:
    """Judge every fault, liar and honest variation of the zoo (or those named, or the halves 'faulty', 'liar'
    and 'honest') as a check does, and show how each is noticed (hours)."""
    from earwitness.conformance.running.calibration import (
        Caught,
        Half,
        calibration_cases,
        judge_case,
        list_cases,
    )
    from earwitness.conformance.running.examination import Plan

    known = {case.name: case for case in calibration_cases()}
    chosen: list[str] = []
    for name in names or [half.value for half in Half]:
        named = [
            case.name
            for case in known.values()
            if name in (case.name, case.half.value)
        ]
        if not named:
            raise click.UsageError(
                f"the zoo has no '{name}'; see docs/faults.md"
            )
        chosen += named
    packs = packs_named(())
    earlier = ""
    if write is not None and write.exists():
        earlier = write.read_text("utf-8")
    found: list[Caught] = []
    for name in chosen:
        caught = judge_case(
            known[name], packs, Plan(proofs=False, seed=seed, budget=budget)
        )
        found.append(caught)
        if write is not None:
            write.write_text(list_cases(found, earlier), "utf-8")
        word = "right" if caught.right else "WRONG"
        came = ", ".join(caught.violated) or f"exit {caught.exit.value}"
        why = caught.by or caught.reason
        click.echo(f"{word}  {known[name].target:45} {came}  {why}")
    right = sum(caught.right for caught in found)
    click.echo(f"{right} of {len(found)} judged as they should be")
    sys.exit((Exit.SATISFIED if right == len(found) else Exit.VIOLATED).value)
