"""`earwitness replay`: one failure again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from earwitness.conformance.cli.common import packs_named
from earwitness.conformance.cli.terminal import terminal_width
from earwitness.conformance.evidence.stored_failure import (
    StoredFailure,
    read_failure,
)
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.story import sequence_rows
from earwitness.model.trace import (
    Observation,
    observation_to_json,
)
from earwitness.policies.pack import Clause


@click.command("replay")
@click.argument(
    "failure",
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.option(
    "--target",
    help="another target than the one of the failure's bundle",
)
@click.option(
    "--pack",
    "packs",
    multiple=True,
    help="other packs than those of the failure's bundle",
)
@click.option(
    "--seed",
    type=int,
    help="another seed than the bundle's",
)
def replay_failure(
    failure: Path,
    target: str | None,
    packs: tuple[str, ...],
    seed: int | None,
) -> None:
    """Run a stored failure again, on the target of its bundle or another.

    FAILURE lies in a bundle's failures/, or is a counterexample of the model in its proofs/.
    """
    stored = read_failure(failure)
    given = target or stored.target
    if not given:
        raise click.UsageError(
            f"{failure} lies in no bundle, so it names no target; give one with --target"
        )
    names = packs or tuple(str(path) for path in stored.packs)
    clauses = tuple(c for p in packs_named(names) for c in p.clauses)
    if stored.clause not in {c.id for c in clauses}:
        raise click.UsageError(
            f"no pack given has a clause '{stored.clause}'; name its pack with --pack"
        )
    sys.exit(
        _replay_stored(
            stored=stored,
            target=given,
            clauses=clauses,
            seed=stored.seed if seed is None else seed,
        ).value
    )


def _replay_stored(
    stored: StoredFailure,
    target: str,
    clauses: tuple[Clause, ...],
    seed: int,
) -> Exit:
    from earwitness.conformance.running.check import (
        replay_scenario as run_again,
    )
    from earwitness.conformance.running.shrink import failure_of

    run = run_again(
        target=target,
        scenario=stored.scenario,
        clauses=clauses,
        seed=seed,
        kind=stored.kind,
    )
    found = failure_of(run, stored.clause)
    if found is not None:
        _print_rows(found.trace, found.at)
        click.secho(
            f"{stored.clause} is violated again by {target}",
            fg="red",
            bold=True,
        )
        return Exit.VIOLATED
    if run.dead:
        click.echo(run.dead)
        return Exit.NOT_DRIVABLE
    if not run.exercised(stored.clause):
        click.secho(
            f"{stored.clause} was not exercised on {target}",
            fg="yellow",
            bold=True,
        )
        return Exit.INCONCLUSIVE
    click.secho(
        f"{stored.clause} is not violated by {target}",
        fg="green",
        bold=True,
    )
    return Exit.SATISFIED


def _print_rows(trace: Sequence[Observation], at: int) -> None:
    for row in sequence_rows(
        [observation_to_json(seen) for seen in trace[: at + 1]],
        at,
    ):
        mark = "✖" if row.is_violation else " "
        shown = f"{mark}{row.number:>3} {row.time:>11}  {row.words}"[
            : terminal_width() - 11
        ]
        click.echo(f"{shown:{terminal_width() - 11}} {row.origin}")
