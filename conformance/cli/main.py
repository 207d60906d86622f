"""The command line: it parses and prints; every verb is a function of the library."""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from earwitness.conformance.cli.calibrate import calibrate
from earwitness.conformance.cli.common import packs_named
from earwitness.conformance.cli.model import diagrams, mutate, prove, verify_proof, write_promela
from earwitness.conformance.cli.policy import policy
from earwitness.conformance.gate.exits import describe_exits
from earwitness.conformance.gate.verdict import Exit, Verdict

COLORS = {
    Verdict.SATISFIED: "green", Verdict.VIOLATED: "red", Verdict.NOT_EXERCISED: "yellow", Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_APPLICABLE: "bright_black",
}  # fmt: skip


HELP = f"""Does this voice assistant keep its promises about what it hears?

\b
Exit codes:
{describe_exits()}
"""


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="earwitness")
def cli() -> None:
    """The commands."""


def _tell(line: str) -> None:
    click.echo(click.style("  · ", fg="bright_black") + line, err=True)


@cli.command()
@click.option("--target", default="ref", show_default=True, help="ref, ref:faulty/NAME, or exec:COMMAND")
@click.option(
    "--pack", "packs", multiple=True, help="a shipped pack or a pack file; both shipped packs unless given"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="earwitness-run",
    show_default=True,
    help="where the run's own folder is made",
)
@click.option(
    "--examples",
    type=click.IntRange(0, 10_000),
    default=8,
    show_default=True,
    help="sequences to search beyond the tour",
)
@click.option(
    "--seconds", type=click.IntRange(1, 3600), default=60, show_default=True, help="limit of one proof"
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--no-proofs", is_flag=True, help="judge the implementation only; clauses are then never 'proved'"
)
def check(
    target: str, packs: tuple[str, ...], out: Path, examples: int, seconds: int, seed: int, no_proofs: bool
) -> None:
    """Prove the promises on the model, judge a target, write the bundle and its reports."""
    from earwitness.conformance.running.check import check as run_check

    outcome = run_check(target, packs_named(packs), out, examples, seconds, _tell, not no_proofs, seed)
    _table(outcome.results)
    for line in outcome.strength:
        click.echo(line)
    written = _reports(outcome.folder)
    satisfied = sum(r.verdict is Verdict.SATISFIED for r in outcome.results)
    word = {
        Exit.SATISFIED: "satisfied",
        Exit.VIOLATED: "VIOLATED",
        Exit.NOT_DRIVABLE: "TARGET NOT DRIVABLE",
    }.get(outcome.exit, "INCONCLUSIVE")
    click.secho(
        f"\n{word}: {satisfied} of {len(outcome.results)} clauses satisfied",
        bold=True,
        fg="green" if outcome.exit is Exit.SATISFIED else "red",
    )
    if outcome.reason:
        click.echo(outcome.reason)
    click.echo("report: " + ", ".join(str(p) for p in written))
    sys.exit(outcome.exit.value)


def _reports(folder: Path) -> list[Path]:
    """Every installed report format, written beside the bundle."""
    from earwitness.conformance.evidence.bundle import read_bundle

    bundle, written = read_bundle(folder), []
    for point in sorted(entry_points(group="earwitness.reports"), key=lambda p: p.name):
        path = bundle.folder / f"report.{point.name}"
        path.write_text(point.load()(bundle), "utf-8")
        written.append(path)
    return written


def _table(results: tuple[Any, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("clause", "verdict", "how it is known", "promise"):
        table.add_column(name, no_wrap=name in ("clause", "verdict"), overflow="fold")
    for r in results:
        table.add_row(
            r.id, f"[{COLORS[r.verdict]}]{r.verdict.value}[/]", ", ".join(r.known) or r.reason, r.title
        )
    Console(highlight=False).print(table)


@cli.command()
@click.option("--target", default="ref", show_default=True, help="ref, ref:faulty/NAME, or exec:COMMAND")
@click.option(
    "--file",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="vectors to use; the shipped ones unless given",
)
@click.option(
    "--only",
    multiple=True,
    help="only vectors that reach something whose name holds this text, such as 'clause MIC'",
)
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
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
    target: str, source: Path | None, only: tuple[str, ...], write: Path | None, pack: str, seed: int
) -> None:
    """Carry out the shortest stimuli that reach every transition of the model and every clause, and see whether what should follow does.
    Exits 1 where a clause is violated on the way, 3 where something expected did not come or nothing could be carried out."""
    from earwitness.conformance.running.harness import Harness
    from earwitness.conformance.targets.entry_points import open_target
    from earwitness.conformance.vectors.derive import derived
    from earwitness.conformance.vectors.replay import Came, replay
    from earwitness.conformance.vectors.vector import read, shipped, written

    if write is not None:
        (loaded,) = packs_named((pack,))
        made = derived(loaded)
        write.write_text(written(loaded.name, made), "utf-8")
        click.echo(f"{write}: {len(made)} vectors")
        return
    chosen = [
        v
        for v in (read(source) if source is not None else shipped())
        if not only or any(text in r for text in only for r in v.reaches)
    ]
    if not chosen:
        raise click.UsageError("no vector reaches anything of that name")
    came: dict[Came, int] = dict.fromkeys(Came, 0)
    violated: set[str] = set()
    with Harness(open_target(target), tuple(c for p in packs_named(()) for c in p.clauses), seed) as harness:
        for done in replay(harness, chosen):
            came[done.came] += 1
            click.echo(
                f"{done.came.value:28} {', '.join(done.vector.reaches)}"
                + (f"  ({done.reason})" if done.reason else "")
            )
            if done.run is not None and (fresh := set(done.run.watch.violated) - violated):
                violated |= fresh
                click.secho(f"{'violated':28} {', '.join(sorted(fresh))}", fg="red")
    click.echo(", ".join(f"{count} {kind.value}" for kind, count in came.items() if count))
    sys.exit(
        (
            Exit.VIOLATED
            if violated
            else Exit.SATISFIED
            if came[Came.MET] and not came[Came.MISSED]
            else Exit.INCONCLUSIVE
        ).value
    )


@cli.command()
@click.argument("failure", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--target", help="another target than the one of the failure's bundle")
@click.option("--pack", "packs", multiple=True, help="other packs than those of the failure's bundle")
@click.option("--seed", type=int, help="another seed than the bundle's")
def replay(failure: Path, target: str | None, packs: tuple[str, ...], seed: int | None) -> None:
    """Run a stored failure again, on the target and with the packs of its bundle, or on another target."""
    from earwitness.conformance.evidence.stored_failure import read_failure
    from earwitness.conformance.running.check import replay as run_replay

    stored = read_failure(failure)
    given = target or stored.target
    if not given:
        raise click.UsageError(f"{failure} lies in no bundle, so it names no target; give one with --target")
    names = packs or tuple(str(path) for path in stored.packs)
    clauses = tuple(c for p in packs_named(names) for c in p.clauses)
    clause = stored.clause
    if clause not in {c.id for c in clauses}:
        raise click.UsageError(f"no pack given has a clause '{clause}'; name its pack with --pack")
    chosen_seed = stored.seed if seed is None else seed
    run = run_replay(given, stored.scenario, clauses, chosen_seed, stored.kind)
    at = run.watch.records[clause].violated_at if clause in run.watch.records else None
    if at is not None:
        for seen in run.watch.trace[max(0, at - 5) : at + 1]:
            click.echo(f"{seen.time / 1_000_000:10.3f} s  {seen.device}  {seen.event}  {seen.origin.value}")
        click.secho(f"{clause} is violated again", fg="red", bold=True)
        sys.exit(Exit.VIOLATED.value)
    if run.dead:
        click.echo(run.dead)
        sys.exit(Exit.NOT_DRIVABLE.value)
    if clause not in run.watch.records or not run.watch.records[clause].exercised:
        click.secho(f"{clause} was not exercised on {given}", fg="yellow", bold=True)
        sys.exit(Exit.INCONCLUSIVE.value)
    click.secho(f"{clause} is not violated by {given}", fg="green", bold=True)
    sys.exit(Exit.SATISFIED.value)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def report(folder: Path) -> None:
    """Make all reports anew from a bundle."""
    for path in _reports(folder):
        click.echo(str(path))


for _command in (prove, mutate, write_promela, diagrams, verify_proof, policy, calibrate):
    cli.add_command(_command)


def main() -> None:
    """The entry point: every error becomes one sentence and its exit code."""
    from earwitness.conformance.cli.errors import explained

    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("interrupted", err=True)
        sys.exit(Exit.INTERRUPTED.value)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE.value)
    except BrokenPipeError:
        sys.exit(Exit.INTERRUPTED.value)
    except Exception as error:
        known = explained(error)
        if known is not None:
            click.echo(f"earwitness: {error}", err=True)
            sys.exit(known.value)
        if os.environ.get("EARWITNESS_DEBUG"):
            traceback.print_exc()
        click.echo(
            f"earwitness: our own bug, please report it: {type(error).__name__}: {error} (EARWITNESS_DEBUG=1 shows more)",
            err=True,
        )
        sys.exit(Exit.BUG.value)
