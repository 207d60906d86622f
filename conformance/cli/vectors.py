"""`earwitness vectors`: the model's shortest stimuli, carried out."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from earwitness.conformance.cli.common import A_FILE, packs_named
from earwitness.conformance.gate.exits import Exit


@click.command()
@click.option(
    "--target",
    default="ref",
    show_default=True,
    help="such as ref, ref:faulty/NAME or exec:COMMAND",
)
@click.option(
    "--file",
    "source",
    type=A_FILE,
    help="vectors to use; the shipped ones unless given",
)
@click.option(
    "--only",
    multiple=True,
    help="only vectors that reach something whose name holds this text, such as 'clause MIC'",
)
@click.option(
    "--write",
    type=A_FILE,
    help="instead, derive the vectors of a pack from the model and write them here",
)
@click.option(
    "--pack",
    default="alexa-smart-properties",
    show_default=True,
    help="with --write: a shipped pack or a pack file",
)
@click.option("--seed", type=int, default=0, show_default=True)
def vectors(
    target: str,
    source: Path | None,
    only: tuple[str, ...],
    write: Path | None,
    pack: str,
    seed: int,
) -> None:
    """Carry out the shortest stimuli that reach every transition and clause.

    Exits 1 where a clause is violated on the way, 3 where something expected did not come or nothing
    could be carried out.
    """
    if write is not None:
        _write_vectors(pack, write)
        return
    sys.exit(
        _carry_out(target=target, source=source, only=only, seed=seed).value
    )


def _write_vectors(pack: str, path: Path) -> None:
    from earwitness.conformance.vectors.derive import (
        derive_vectors,
        source_digest,
    )
    from earwitness.conformance.vectors.vector_file import render_vectors

    (loaded,) = packs_named((pack,))
    found = derive_vectors(loaded)
    text = render_vectors(loaded.name, found, source_digest(loaded))
    path.write_text(text, "utf-8")
    click.echo(f"{path}: {len(found)} vectors")


def _carry_out(
    target: str,
    source: Path | None,
    only: tuple[str, ...],
    seed: int,
) -> Exit:
    from earwitness.conformance.running.harness import Harness
    from earwitness.conformance.targets.entry_points import open_target
    from earwitness.conformance.vectors.replay import (
        ReplayOutcome,
        replay_vectors,
    )
    from earwitness.conformance.vectors.vector_file import (
        read_vectors,
        vectors_of_pack,
    )

    known = read_vectors(source) if source is not None else vectors_of_pack()
    chosen = [
        v
        for v in known
        if not only or any(text in r for text in only for r in v.reaches)
    ]
    if not chosen:
        raise click.UsageError("no vector reaches anything of that name")
    counts: dict[ReplayOutcome, int] = dict.fromkeys(ReplayOutcome, 0)
    violated: set[str] = set()
    clauses = tuple(c for p in packs_named(()) for c in p.clauses)
    with Harness(open_target(target), clauses, seed) as harness:
        for done in replay_vectors(harness, chosen):
            counts[done.outcome] += 1
            reason = f"  ({done.reason})" if done.reason else ""
            click.echo(
                f"{done.outcome.value:28} {', '.join(done.vector.reaches)}{reason}"
            )
            fresh = (
                set(done.run.violated()) - violated
                if done.run is not None
                else set()
            )
            if fresh:
                click.secho(
                    f"{'violated':28} {', '.join(sorted(fresh))}",
                    fg="red",
                )
            violated |= fresh
    click.echo(
        ", ".join(
            f"{count} {kind.value}" for kind, count in counts.items() if count
        )
    )
    if violated:
        return Exit.VIOLATED
    is_met = counts[ReplayOutcome.MET] and not counts[ReplayOutcome.MISSED]
    return Exit.SATISFIED if is_met else Exit.INCONCLUSIVE
