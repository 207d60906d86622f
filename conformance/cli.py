"""The command line: it parses and prints; every verb is a function of the library."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earwitness.conformance.verdict import Exit, Verdict

if TYPE_CHECKING:
    from earwitness.model.trace import Observation
    from earwitness.policies.pack import Pack

PACKS = ("alexa-smart-properties", "voice-baseline")
COLORS = {
    Verdict.SATISFIED: "green", Verdict.VIOLATED: "red", Verdict.NOT_EXERCISED: "yellow", Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_APPLICABLE: "bright_black",
}  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="earwitness")
def cli() -> None:
    """Does this voice assistant keep its promises about what it hears?

    \b
    Exit codes: 0 satisfied, 1 violated, 2 usage or file error, 3 inconclusive or not exercised,
    4 target cannot be driven, 70 our own bug, 130 interrupted.
    """


def _packs(names: tuple[str, ...]) -> tuple[Pack, ...]:
    from earwitness.policies.pack import find

    return tuple(find(name) for name in names or PACKS)


def _tell(line: str) -> None:
    click.echo(click.style("  · ", fg="bright_black") + line, err=True)


@cli.command()
@click.option("--target", default="ref", show_default=True, help="ref, ref:faulty/NAME, or exec:COMMAND")
@click.option("--pack", "packs", multiple=True, help="a shipped pack or a pack file; both shipped packs unless given")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="earwitness-run", show_default=True, help="folder of the bundle")
@click.option("--examples", type=click.IntRange(0, 10_000), default=8, show_default=True, help="sequences to search beyond the tour")
@click.option("--seconds", type=click.IntRange(1, 3600), default=60, show_default=True, help="limit of one proof")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--no-proofs", is_flag=True, help="judge the implementation only; clauses are then never 'proved'")
def check(target: str, packs: tuple[str, ...], out: Path, examples: int, seconds: int, seed: int, no_proofs: bool) -> None:
    """Prove the promises on the model, judge a target, write the bundle and its reports."""
    from earwitness.conformance.check import check as run_check

    outcome = run_check(target, _packs(packs), out, examples, seconds, _tell, not no_proofs, seed)
    _table(outcome.results)
    for line in outcome.strength:
        click.echo(line)
    written = _reports(out)
    satisfied = sum(r.verdict is Verdict.SATISFIED for r in outcome.results)
    word = {Exit.SATISFIED: "satisfied", Exit.VIOLATED: "VIOLATED", Exit.NOT_DRIVABLE: "TARGET NOT DRIVABLE"}.get(outcome.exit, "INCONCLUSIVE")
    click.secho(f"\n{word}: {satisfied} of {len(outcome.results)} clauses satisfied", bold=True, fg="green" if outcome.exit is Exit.SATISFIED else "red")
    if outcome.reason:
        click.echo(outcome.reason)
    click.echo("report: " + ", ".join(str(p) for p in written))
    sys.exit(outcome.exit.value)


def _reports(folder: Path) -> list[Path]:
    """Every installed report format, written beside the bundle."""
    from earwitness.conformance.bundle import read

    bundle, written = read(folder), []
    for point in sorted(entry_points(group="earwitness.reports"), key=lambda p: p.name):
        path = folder / f"report.{point.name}"
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
        table.add_row(r.id, f"[{COLORS[r.verdict]}]{r.verdict.value}[/]", ", ".join(r.known) or r.reason, r.title)
    Console(highlight=False).print(table)


@cli.command()
@click.option("--pack", "packs", multiple=True, help="a shipped pack or a pack file")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="keep certificates and counterexamples here")
@click.option("--seconds", type=click.IntRange(1, 3600), default=60, show_default=True, help="limit of one proof")
@click.option("--fresh", is_flag=True, help="search every invariant anew instead of checking the shipped ones")
@click.option("--store", type=click.Path(path_type=Path, dir_okay=False), help="write the invariants (with --trusted-base: the bases) found to this file")
@click.option("--trusted-base", "trusted", is_flag=True, help="instead, say on which components each clause rests (minutes)")
@click.option("--clause", "clauses", multiple=True, help="with --trusted-base: only these clauses")
def prove(packs: tuple[str, ...], out: Path | None, seconds: int, fresh: bool, store: Path | None, trusted: bool, clauses: tuple[str, ...]) -> None:
    """Prove the clauses marked P; a refuted one prints its shortest counterexample."""
    from earwitness.conformance.proofs import Proven, provable, prove_packs
    from earwitness.model.proof.prove import Standing

    loaded = _packs(packs)
    if not any(provable(p.clauses) for p in loaded):
        raise click.UsageError("no clause of these packs is marked P; nothing was proved")
    if clauses and not trusted:
        raise click.UsageError("--clause goes with --trusted-base")
    if trusted:
        sys.exit(_trusted_bases(loaded, clauses, store).value)

    def show(p: Proven) -> None:
        click.echo(
            f"{p.proof.clause:9} {p.standing.value:13} {p.proof.seconds:6.1f} s  {p.obligations:4} obligations re-checked by cvc5 "
            f"in {p.recheck_seconds:.1f} s  {p.proof.reason}".rstrip()
        )
        for number, run in enumerate((p.proof.trace, p.other), start=1):
            if run and p.other:
                click.echo(f"          run {number}")
            _print_trace(run)

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        results = prove_packs(loaded, out or Path(temporary), seconds, show, {} if fresh else None)
    proved = sum(p.standing is Standing.PROVED for p in results.values())
    click.echo(f"{proved} of {len(results)} proved and re-checked in {time.perf_counter() - began:.1f} s")
    if store is not None:
        store.write_text(json.dumps({name: p.proof.invariants for name, p in sorted(results.items()) if p.proof.invariants}, indent=1) + "\n", "utf-8")
    standings = {p.standing for p in results.values()}
    sys.exit((Exit.VIOLATED if Standing.REFUTED in standings else Exit.INCONCLUSIVE if Standing.INCONCLUSIVE in standings else Exit.SATISFIED).value)


def _print_trace(trace: tuple[Observation, ...]) -> None:
    for seen in trace:
        click.echo(f"          {seen.time / 1_000_000:12.6f} s  {seen.event}  {dict(seen.attributes) or ''}")


def _trusted_bases(packs: tuple[Pack, ...], clauses: tuple[str, ...], store: Path | None) -> Exit:
    from earwitness.conformance.proofs import provable
    from earwitness.conformance.strength import store as keep
    from earwitness.conformance.trusted import TrustedBase, said, trusted_bases
    from earwitness.model.vocabulary import nearest
    from earwitness.policies.pack import PackError

    known = [c.id for p in packs for c in provable(p.clauses)]
    for identity in clauses:
        if identity not in known:
            raise PackError(f"no clause '{identity}' is marked P in these packs.{nearest(identity, known)}")

    def show(found: TrustedBase) -> None:
        far = f"rests on {found.rests_on.value}" if found.rests_on is not None else "rests on nothing" if found.sets else "inconclusive"
        click.echo(f"{found.clause:9} {far:24} {found}")
        if not found.complete:
            click.echo("          the enumeration stopped early; there may be other sets")
        for trusted in found.open:
            click.echo(f"          no answer in time for: {said(trusted)}")

    inconclusive = False
    for pack in packs:
        if any(c.id in clauses or not clauses for c in provable(pack.clauses)):
            bases = trusted_bases(pack, show, lambda identity: not clauses or identity in clauses)
            if store is not None:
                keep(store, pack, bases=bases)
            inconclusive = inconclusive or any(b.open or not b.sets or not b.complete for b in bases)
    return Exit.INCONCLUSIVE if inconclusive else Exit.SATISFIED


@cli.command()
@click.option("--pack", "pack", default="alexa-smart-properties", show_default=True, help="a shipped pack or a pack file")
@click.option("--mutant", "wanted", multiple=True, help="only mutants whose name holds this text")
@click.option("--store", type=click.Path(path_type=Path, dir_okay=False), help="keep what was found in this file, for reports")
def mutate(pack: str, wanted: tuple[str, ...], store: Path | None) -> None:
    """How strong a pack is: break the model in every small way and see which clauses notice (half an hour and more).
    Exits 1 when a mutant survives that nobody explained."""
    from earwitness.conformance.mutants import Judged, Score, judge_mutants
    from earwitness.conformance.proofs import provable

    (loaded,) = _packs((pack,))
    if not provable(loaded.clauses):
        raise click.UsageError("no clause of this pack is marked P; no mutant could be noticed")

    def show(judged: Judged) -> None:
        said = " ".join(judged.killers) or f"survives: {judged.explained or 'not explained'}"
        click.echo(f"{judged.mutant}  {said}" + (f"  (undecided: {' '.join(judged.undecided)})" if judged.undecided else ""))

    found = judge_mutants(loaded, show, lambda name: not wanted or any(text in name for text in wanted))
    if not found:
        raise click.UsageError("no mutant's name holds this text")
    if store is not None:
        from earwitness.conformance.strength import store as keep

        keep(store, loaded, mutants=found)
    score = Score.of(found)
    click.echo(str(score))
    sys.exit((Exit.VIOLATED if score.unexplained else Exit.SATISFIED).value)


@cli.command("promela")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--pack", "pack", default="alexa-smart-properties", show_default=True, help="a shipped pack or a pack file")
@click.option("--horizon", type=click.IntRange(1, 10), default=3, show_default=True, help="units of time the finite model runs")
def write_promela(folder: Path, pack: str, horizon: int) -> None:
    """Write the finite model beside each clause marked P that has a formula as Promela, for Spin (spin -a X.pml; gcc -DSAFETY -o pan pan.c; ./pan)."""
    from dataclasses import asdict

    from earwitness.conformance.proofs import provable
    from earwitness.model.proof.promela import SMALL, promela
    from earwitness.model.system.assistant import assistant
    from earwitness.policies.pack import find

    monitors = {c.id: c.monitor for c in provable(find(pack, asdict(SMALL)).clauses) if c.monitor is not None}
    if not monitors:
        raise click.UsageError("no clause of this pack is marked P and has a formula; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for identity, monitor in monitors.items():
        path = folder / f"{identity}.pml"
        path.write_text(promela(assistant(SMALL), monitor, horizon), "utf-8")
        click.echo(str(path))


@cli.command()
@click.option("--target", default="ref", show_default=True, help="ref, ref:faulty/NAME, or exec:COMMAND")
@click.option("--file", "source", type=click.Path(path_type=Path, dir_okay=False), help="vectors to use; the shipped ones unless given")
@click.option("--only", multiple=True, help="only vectors that reach something whose name holds this text, such as 'clause MIC'")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="instead, derive the vectors of a pack from the model and write them here")
@click.option("--pack", default="alexa-smart-properties", show_default=True, help="with --write: a shipped pack or a pack file")
@click.option("--seed", type=int, default=0, show_default=True)
def vectors(target: str, source: Path | None, only: tuple[str, ...], write: Path | None, pack: str, seed: int) -> None:
    """Carry out the shortest stimuli that reach every transition of the model and every clause, and see whether what should follow does.
    Exits 1 where a clause is violated on the way, 3 where something expected did not come or nothing could be carried out."""
    from earwitness.conformance.check import open_target
    from earwitness.conformance.harness import Harness
    from earwitness.conformance.vectors.derive import derived
    from earwitness.conformance.vectors.replay import Came, replay
    from earwitness.conformance.vectors.vector import read, shipped, written

    if write is not None:
        (loaded,) = _packs((pack,))
        made = derived(loaded)
        write.write_text(written(loaded.name, made), "utf-8")
        click.echo(f"{write}: {len(made)} vectors")
        return
    chosen = [v for v in (read(source) if source is not None else shipped()) if not only or any(text in r for text in only for r in v.reaches)]
    if not chosen:
        raise click.UsageError("no vector reaches anything of that name")
    came: dict[Came, int] = dict.fromkeys(Came, 0)
    violated: set[str] = set()
    with Harness(open_target(target), tuple(c for p in _packs(()) for c in p.clauses), seed) as harness:
        for done in replay(harness, chosen):
            came[done.came] += 1
            click.echo(f"{done.came.value:28} {', '.join(done.vector.reaches)}" + (f"  ({done.reason})" if done.reason else ""))
            if done.run is not None and (fresh := set(done.run.watch.violated) - violated):
                violated |= fresh
                click.secho(f"{'violated':28} {', '.join(sorted(fresh))}", fg="red")
    click.echo(", ".join(f"{count} {kind.value}" for kind, count in came.items() if count))
    sys.exit((Exit.VIOLATED if violated else Exit.SATISFIED if came[Came.MET] and not came[Came.MISSED] else Exit.INCONCLUSIVE).value)


@cli.command()
def diagrams() -> None:
    """Print the model as a page of Markdown: every component's states, drawn from its table."""
    click.echo(diagrams_page(), nl=False)


def diagrams_page() -> str:
    """What docs/model.md holds."""
    from earwitness.model.system.assistant import assistant, tables
    from earwitness.model.system.diagram import states_diagram

    parts = ["# The model, component by component\n\nMade from the tables in `model/system/` by `earwitness diagrams`. A line bears the transitions that can join two states.\n"]
    for part in tables():
        rows = "".join(f"| `{t.name}` | {t.component.value} | {t.event if t.event != 'tick' else ''} |\n" for t in part.transitions)
        limits = "".join(f"- **{x.name}** ({x.component.value}): at most {x.bound / 1_000_000:g} s, ended by {', '.join(x.discharge)}\n" for x in part.limits)
        parts.append(f"## {part.name}\n\n```mermaid\n{states_diagram(part, assistant())}```\n\n| transition | carried out by | event |\n|---|---|---|\n{rows}")
        if limits:
            parts.append(f"How long time may pass:\n\n{limits}")
    return "\n".join(parts)


@cli.command("verify-proof")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
def verify_proof(folder: Path) -> None:
    """Re-check certificates with cvc5, from the files alone."""
    from earwitness.model.proof.certificate import recheck

    files = sorted(folder.glob("*.smt2")) if folder.is_dir() else [folder]
    if not files:
        raise click.UsageError(f"{folder}: holds no certificate (*.smt2)")
    failed = False
    for path in files:
        said = recheck(path)
        failed = failed or said.failed is not None
        click.echo(f"{path.name}: " + (f"NOT a proof: {said.failed}" if said.failed else f"{said.obligations} obligations hold ({said.solver})"))
    sys.exit(Exit.VIOLATED.value if failed else Exit.SATISFIED.value)


@cli.group()
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
            (pack,) = _packs((name,))
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
    from earwitness.model.logic.english import english
    from earwitness.model.vocabulary import nearest
    from earwitness.policies.pack import PackError

    loaded = _packs(packs)
    for pack in loaded:
        for clause in pack.clauses:
            if clause.id == identity:
                ways = ", ".join(sorted(w.name.lower() for w in clause.ways))
                click.secho(f"{clause.id}  {clause.title}", bold=True)
                click.echo(f"source    {pack.source}: {', '.join(clause.source)}\nseverity  {clause.severity}\nways      {ways}\nkind      {clause.kind.value}")
                if clause.formula is not None:
                    click.echo(f"formula\n    {clause.text.replace(chr(10), chr(10) + '    ')}\nin words\n    {english(clause.formula)}")
                return
    raise PackError(f"no pack has a clause '{identity}'.{nearest(identity, [c.id for p in loaded for c in p.clauses])}")


@policy.command("try")
@click.argument("formula")
@click.argument("trace", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--pack", default="alexa-smart-properties", show_default=True, help="whose states and parameters the formula may use")
def try_formula(formula: str, trace: Path, pack: str) -> None:
    """Judge a FORMULA after every event of a TRACE (JSON Lines), for each device. Exits 1 where it is violated, 3 where nothing exercised it."""
    from earwitness.conformance.monitor.trial import trial

    (loaded,) = _packs((pack,))
    rows = trial(formula, loaded, trace)
    for row in rows:
        word = click.style("violated", fg="red") if not row.holds else click.style("holds", fg="green")
        click.echo(f"{row.seen.time / 1_000_000:12.6f} s  {row.seen.device:8} {row.seen.event:18} {word}{', exercised' if row.exercised else ''}")
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
@click.option("--seconds", type=click.IntRange(1, 3600), default=30, show_default=True, help="limit of one comparison")
def diff(old: str, new: str, seconds: int) -> None:
    """Whether pack NEW promises at least what OLD did, with a trace that separates them. Exits 1 when anything got weaker."""
    from earwitness.model.proof.compare import Relation
    from earwitness.policies.diff import WORSE, differences

    (before,), (after,) = _packs((old,)), _packs((new,))
    found = set()
    for difference in differences(before, after, seconds):
        found.add(difference.relation)
        color = "red" if difference.relation in WORSE else "yellow" if difference.relation is Relation.UNKNOWN else "green"
        click.echo(f"{difference.clause:9} {click.style(difference.relation.value, fg=color)}" + (f"  {difference.note}" if difference.note else ""))
        for title, trace in (("now allowed", difference.comparison.lost), ("now forbidden", difference.comparison.gained)):
            if trace:
                click.echo(f"          {title}:")
            _print_trace(trace)
    if found & WORSE:
        sys.exit(Exit.VIOLATED.value)
    sys.exit((Exit.INCONCLUSIVE if Relation.UNKNOWN in found else Exit.SATISFIED).value)


@cli.command()
@click.argument("failure", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--target", default="ref", show_default=True)
@click.option("--pack", "packs", multiple=True, help="the packs that hold its clause; both shipped ones unless given")
@click.option("--seed", type=int, default=0, show_default=True)
def replay(failure: Path, target: str, packs: tuple[str, ...], seed: int) -> None:
    """Run a stored failure again, or a counterexample of the model against an implementation."""
    from earwitness.conformance.check import replay as run_replay
    from earwitness.conformance.replay import read_failure

    clause, scenario, kind = read_failure(failure)
    clauses = tuple(c for p in _packs(packs) for c in p.clauses)
    if clause not in {c.id for c in clauses}:
        raise click.UsageError(f"no pack given has a clause '{clause}'; name its pack with --pack")
    run = run_replay(target, scenario, clauses, seed, kind)
    at = run.watch.records[clause].violated_at if clause in run.watch.records else None
    if at is not None:
        for seen in run.watch.trace[max(0, at - 5) : at + 1]:
            click.echo(f"{seen.time / 1_000_000:10.3f} s  {seen.device}  {seen.event}  {seen.evidence.value}")
        click.secho(f"{clause} is violated again", fg="red", bold=True)
        sys.exit(Exit.VIOLATED.value)
    if run.dead:
        click.echo(run.dead)
        sys.exit(Exit.NOT_DRIVABLE.value)
    click.secho(f"{clause} is not violated by {target}", fg="green", bold=True)
    sys.exit(Exit.SATISFIED.value)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def report(folder: Path) -> None:
    """Make all reports anew from a bundle."""
    for path in _reports(folder):
        click.echo(str(path))


def main() -> None:
    """The entry point: every error becomes one sentence and its exit code."""
    from earwitness.conformance.errors import explained

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
        click.echo(f"earwitness: our own bug, please report it: {type(error).__name__}: {error} (EARWITNESS_DEBUG=1 shows more)", err=True)
        sys.exit(Exit.BUG.value)
