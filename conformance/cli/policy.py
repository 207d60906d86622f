"""Commands about packs of clauses."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from earwitness.conformance.cli.common import PACKS, packs_named, print_trace
from earwitness.conformance.gate.verdict import Exit


@click.group()
def policy() -> None:
    """Packs of clauses."""


@policy.command()
@click.argument("files", nargs=-1)
def lint(files: tuple[str, ...]) -> None:
    """Check packs: schema, names, formulas. Without files, the shipped ones."""
    from earwitness.policies.pack import PackError

    failed = False
    for name in files or PACKS:
        try:
            (pack,) = packs_named((name,))
            click.echo(f"{name}: {len(pack.clauses)} clauses, all in order")
        except PackError as error:
            failed = True
            click.echo(str(error), err=True)
    sys.exit(Exit.USAGE.value if failed else Exit.SATISFIED.value)


@policy.command()
@click.argument("identity", metavar="ID")
@click.option("--pack", "packs", multiple=True)
def show(identity: str, packs: tuple[str, ...]) -> None:
    """Print one clause: promise, source, formula, English."""
    from earwitness.model.logic.english import describe_formula
    from earwitness.model.vocabulary import nearest
    from earwitness.policies.pack import PackError

    loaded = packs_named(packs)
    for pack in loaded:
        for clause in pack.clauses:
            if clause.id == identity:
                ways = ", ".join(sorted(w.name.lower() for w in clause.ways))
                click.secho(f"{clause.id}  {clause.title}", bold=True)
                click.echo(
                    f"source    {pack.source}: {', '.join(clause.source)}\nseverity  {clause.severity}\nways      {ways}\nkind      {clause.kind.value}"
                )
                if clause.formula is not None:
                    click.echo(
                        f"formula\n    {clause.text.replace(chr(10), chr(10) + '    ')}\nin words\n    {describe_formula(clause.formula)}"
                    )
                return
    raise PackError(
        f"no pack has a clause '{identity}'.{nearest(identity, [c.id for p in loaded for c in p.clauses])}"
    )


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
    """Judge a FORMULA after every event of a TRACE (JSON Lines), for each device. Exits 1 where it is violated, 3 where nothing exercised it."""
    from earwitness.conformance.running.trial import trial

    (loaded,) = packs_named((pack,))
    rows = trial(formula, loaded, trace)
    for row in rows:
        word = click.style("violated", fg="red") if not row.holds else click.style("holds", fg="green")
        click.echo(
            f"{row.seen.time / 1_000_000:12.6f} s  {row.seen.device:8} {row.seen.event:18} {word}{', exercised' if row.exercised else ''}"
        )
    if any(not row.holds for row in rows):
        click.secho("violated", fg="red", bold=True)
        sys.exit(Exit.VIOLATED.value)
    if any({row.seen.device: row.pending for row in rows}.values()):
        click.echo("undecided: a deadline was still open when the trace ended")
        sys.exit(Exit.INCONCLUSIVE.value)
    exercised = any(row.exercised for row in rows)
    click.echo("satisfied" if exercised else "not exercised: its trigger did not happen")
    sys.exit((Exit.SATISFIED if exercised else Exit.INCONCLUSIVE).value)


@policy.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--seconds", type=click.IntRange(1, 3600), default=30, show_default=True, help="limit of one comparison"
)
def diff(old: str, new: str, seconds: int) -> None:
    """Whether pack NEW promises at least what OLD did, with a trace that separates them. Exits 1 when anything got weaker."""
    from earwitness.model.proof.compare import Relation
    from earwitness.policies.diff import WORSE, differences

    (before,), (after,) = packs_named((old,)), packs_named((new,))
    found = set()
    for difference in differences(before, after, seconds):
        found.add(difference.relation)
        color = (
            "red"
            if difference.relation in WORSE
            else "yellow"
            if difference.relation is Relation.UNKNOWN
            else "green"
        )
        click.echo(
            f"{difference.clause:9} {click.style(difference.relation.value, fg=color)}"
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
    sys.exit((Exit.INCONCLUSIVE if Relation.UNKNOWN in found else Exit.SATISFIED).value)


@policy.command("export")
@click.argument("pack")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--to", "language", type=click.Choice(["mfotl"]), required=True, help="mfotl: MonPoly, VeriMon")
@click.option(
    "--trace", type=click.Path(path_type=Path, dir_okay=False), help="export this file too, slice by slice"
)
def export_pack(pack: str, folder: Path, language: str, trace: Path | None) -> None:
    """Write the promises of PACK, and a trace, as files for another monitor into FOLDER."""
    from earwitness.conformance.running.trial import read_observations
    from earwitness.policies.mfotl_export import export_mfotl, write_mfotl

    (loaded,) = packs_named((pack,))
    export = export_mfotl(loaded, read_observations(trace) if trace is not None else ())
    write_mfotl(export, folder)
    click.echo(f"{len(export.files)} files in {folder}, in the language {language}")
    for name, reason in export.left_out.items():
        click.echo(f"left out: {name}: {reason}")
