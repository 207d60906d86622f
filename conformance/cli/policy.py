"""Commands about packs of clauses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earwitness.conformance.cli.common import packs_named, print_trace
from earwitness.conformance.gate.verdict import Exit
from earwitness.model.logic.wording import say_amount

if TYPE_CHECKING:
    from earwitness.model.proof.compare import Relation


@click.group()
def policy() -> None:
    """Packs of clauses."""


@policy.command("list")
@click.option(
    "--pack",
    "packs",
    multiple=True,
    help="a shipped pack or a pack file; all shipped ones if left out",
)
def list_packs(packs: tuple[str, ...]) -> None:
    """The shipped packs, each with its clauses and the evidence that they need."""
    from earwitness.policies.describe import describe_pack
    from earwitness.policies.pack import shipped_packs

    for pack in packs_named(packs or tuple(shipped_packs())):
        click.echo(describe_pack(pack))
        click.echo()


@policy.command()
@click.argument("files", nargs=-1)
@click.option(
    "--seconds",
    type=click.IntRange(0, 3600),
    default=10,
    show_default=True,
    help="limit of one question to the solver; 0 asks none",
)
def lint(files: tuple[str, ...], seconds: int) -> None:
    """Check packs: schema, names, formulas, and whether each promise can be broken and put to the test.
    Without files, the shipped ones."""
    from earwitness.policies.lint import find_empty_promises
    from earwitness.policies.pack import PackError, shipped_packs

    failed = False
    for name in files or shipped_packs():
        try:
            (pack,) = packs_named((name,))
            faults = (
                list(find_empty_promises(pack, seconds)) if seconds else []
            )
        except PackError as error:
            faults = [str(error)]
        for fault in faults:
            click.echo(fault, err=True)
        failed = failed or bool(faults)
        if not faults:
            click.echo(
                f"{name}: {say_amount(len(pack.clauses), 'clause')}, all in order"
            )
    sys.exit(Exit.USAGE.value if failed else Exit.SATISFIED.value)


@policy.command()
@click.argument("names", nargs=-1, metavar="[PACK]...")
@click.option(
    "--seconds",
    type=click.IntRange(1, 3600),
    default=30,
    show_default=True,
    help="limit of one question to the solver",
)
def consistency(names: tuple[str, ...], seconds: int) -> None:
    """Whether all promises of the PACKs (without any, of those that are checked if nobody says which) can be
    kept together: from every trace that kept them, each open deadline can be met without breaking another.
    Exits 1 where not, with a trace after which it is too late."""
    from earwitness.policies.consistency import (
        Consistency,
        check_consistency,
    )

    found = list(check_consistency(packs_named(names), seconds))
    for together in found:
        if together.consistency is Consistency.PROVED:
            continue
        color = (
            "red"
            if together.consistency is Consistency.CONFLICT
            else "yellow"
        )
        beside = f" {', '.join(together.others)}" if together.others else ""
        click.secho(
            f"{together.conjunct}: {together.consistency.value}{beside}",
            fg=color,
        )
        print_trace(together.trace)
    proved = sum(t.consistency is Consistency.PROVED for t in found)
    duties = "1 duty" if proved == 1 else f"{proved} duties"
    click.echo(f"{duties} can be met in every state, whatever came before")
    kinds = {t.consistency for t in found}
    if Consistency.CONFLICT in kinds:
        sys.exit(Exit.VIOLATED.value)
    sys.exit(
        (
            Exit.INCONCLUSIVE
            if Consistency.SEARCHED in kinds
            else Exit.SATISFIED
        ).value
    )


@policy.command()
@click.argument("identity", metavar="ID")
@click.option("--pack", "packs", multiple=True)
def show(identity: str, packs: tuple[str, ...]) -> None:
    """Print one clause: each conjunct with its formula, its English, what exercises it and what evidence it
    needs, and whose bounds they are. ID in any case of letters."""
    from earwitness.policies.describe import describe_clause
    from earwitness.policies.pack import find_clause, shipped_packs

    pack, clause = find_clause(packs or tuple(shipped_packs()), identity)
    click.echo(describe_clause(pack, clause))


@policy.command("try")
@click.argument("formula")
@click.argument("trace", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--pack",
    default="alexa-smart-properties",
    show_default=True,
    help="whose states and parameters the formula may use",
)
def try_formula(formula: str, trace: Path, pack: str) -> None:
    """Judge a FORMULA after every event of a TRACE (JSON Lines), for each device. Exits 1 where it is
    violated, 3 where nothing exercised it."""
    from earwitness.conformance.running.trial import trial

    (loaded,) = packs_named((pack,))
    rows = trial(formula, loaded, trace)
    for row in rows:
        word = (
            click.style("violated", fg="red")
            if not row.holds
            else click.style("holds", fg="green")
        )
        seconds = f"{row.seen.time / 1_000_000:12.6f} s"
        mark = ", exercised" if row.exercised else ""
        click.echo(
            f"{seconds}  {row.seen.device:8} {row.seen.event:18} {word}{mark}"
        )
    if any(not row.holds for row in rows):
        click.secho("violated", fg="red", bold=True)
        sys.exit(Exit.VIOLATED.value)
    if any({row.seen.device: row.pending for row in rows}.values()):
        click.echo(
            "undecided: a deadline was still open when the trace ended"
        )
        sys.exit(Exit.INCONCLUSIVE.value)
    exercised = any(row.exercised for row in rows)
    click.echo(
        "satisfied"
        if exercised
        else "not exercised: its trigger did not happen"
    )
    sys.exit((Exit.SATISFIED if exercised else Exit.INCONCLUSIVE).value)


@policy.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--seconds",
    type=click.IntRange(1, 3600),
    default=30,
    show_default=True,
    help="limit of one comparison",
)
def diff(old: str, new: str, seconds: int) -> None:
    """Whether pack NEW promises at least what OLD did, with a trace that separates them. Exits 1 when
    anything got weaker."""
    from earwitness.model.proof.compare import Relation
    from earwitness.policies.diff import WORSE, differences

    (before,), (after,) = packs_named((old,)), packs_named((new,))
    found = set()
    for difference in differences(before, after, seconds):
        found.add(difference.relation)
        relation = click.style(
            difference.relation.value, fg=_color_of(difference.relation)
        )
        click.echo(
            f"{difference.clause:9} {relation}"
            + (f"  {difference.note}" if difference.note else "")
        )
        for title, trace in (
            ("now allowed", difference.comparison.lost),
            ("now forbidden", difference.comparison.gained),
        ):
            if trace:
                click.echo(f"          {title}:")
            print_trace(trace)
    if found & WORSE:
        sys.exit(Exit.VIOLATED.value)
    sys.exit(
        (
            Exit.INCONCLUSIVE if Relation.UNKNOWN in found else Exit.SATISFIED
        ).value
    )


def _color_of(relation: Relation) -> str:
    from earwitness.model.proof.compare import Relation
    from earwitness.policies.diff import WORSE

    if relation in WORSE:
        return "red"
    return "yellow" if relation is Relation.UNKNOWN else "green"


@policy.command("export")
@click.argument("pack")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--to",
    "language",
    type=click.Choice(["mfotl"]),
    required=True,
    help="mfotl: MonPoly, VeriMon",
)
@click.option(
    "--trace",
    type=click.Path(path_type=Path, dir_okay=False),
    help="export this file too, slice by slice",
)
def export_pack(
    pack: str, folder: Path, language: str, trace: Path | None
) -> None:
    """Write the promises of PACK, and a trace, as files for another monitor into FOLDER."""
    from earwitness.conformance.running.trial import read_observations
    from earwitness.policies.mfotl_export import export_mfotl, write_mfotl

    (loaded,) = packs_named((pack,))
    export = export_mfotl(
        loaded, read_observations(trace) if trace is not None else ()
    )
    write_mfotl(export, folder)
    click.echo(
        f"{len(export.files)} files in {folder}, in the language {language}"
    )
    for name, reason in export.left_out.items():
        click.echo(f"left out: {name}: {reason}")
