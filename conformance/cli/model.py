"""Commands about the model: proofs, their strength, other opinions, pictures."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earwitness.conformance.cli.common import packs_named, print_trace
from earwitness.conformance.gate.verdict import Exit

if TYPE_CHECKING:
    from earwitness.policies.pack import Pack


@click.command()
@click.option("--pack", "packs", multiple=True, help="a shipped pack or a pack file")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="keep certificates and counterexamples here",
)
@click.option(
    "--seconds", type=click.IntRange(1, 3600), default=60, show_default=True, help="limit of one proof"
)
@click.option(
    "--fresh", is_flag=True, help="search every invariant anew instead of checking the shipped ones"
)
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    help="write the invariants (with --trusted-base: the bases) found to this file",
)
@click.option(
    "--trusted-base",
    "trusted",
    is_flag=True,
    help="instead, say on which components each clause rests (minutes)",
)
@click.option("--clause", "clauses", multiple=True, help="with --trusted-base: only these clauses")
def prove(
    packs: tuple[str, ...],
    out: Path | None,
    seconds: int,
    fresh: bool,
    store: Path | None,
    trusted: bool,
    clauses: tuple[str, ...],
) -> None:
    """Prove the clauses marked P; a refuted one prints its shortest counterexample."""
    from earwitness.conformance.vectors import counterexample
    from earwitness.model.proof.spacer import Standing
    from earwitness.policies.proving.prove_packs import CheckedProof, clauses_to_prove, prove_packs

    loaded = packs_named(packs)
    if not any(clauses_to_prove(p.clauses) for p in loaded):
        raise click.UsageError("no clause of these packs is marked P; nothing was proved")
    if clauses and not trusted:
        raise click.UsageError("--clause goes with --trusted-base")
    if trusted:
        sys.exit(_trusted_bases(loaded, clauses, store).value)

    def show(p: CheckedProof) -> None:
        if out is not None:
            counterexample.write(out, p.proof, p.other)
        click.echo(
            f"{p.proof.clause:9} {p.standing.value:13} {p.proof.seconds:6.1f} s  {p.obligations:4} obligations re-checked by cvc5 "
            f"in {p.recheck_seconds:.1f} s  {p.proof.reason}".rstrip()
        )
        for number, run in enumerate((p.proof.trace, p.other), start=1):
            if run and p.other:
                click.echo(f"          run {number}")
            print_trace(run)

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        results = prove_packs(loaded, out or Path(temporary), seconds, show, {} if fresh else None)
    proved = sum(p.standing is Standing.PROVED for p in results.values())
    click.echo(f"{proved} of {len(results)} proved and re-checked in {time.perf_counter() - began:.1f} s")
    if store is not None:
        store.write_text(
            json.dumps(
                {name: p.proof.invariants for name, p in sorted(results.items()) if p.proof.invariants},
                indent=1,
            )
            + "\n",
            "utf-8",
        )
    standings = {p.standing for p in results.values()}
    sys.exit(
        (
            Exit.VIOLATED
            if Standing.REFUTED in standings
            else Exit.INCONCLUSIVE
            if Standing.INCONCLUSIVE in standings
            else Exit.SATISFIED
        ).value
    )


def _trusted_bases(packs: tuple[Pack, ...], clauses: tuple[str, ...], store: Path | None) -> Exit:
    from earwitness.model.vocabulary import nearest
    from earwitness.policies.pack import PackError
    from earwitness.policies.proving.prove_packs import clauses_to_prove
    from earwitness.policies.proving.strength import store_strength as keep
    from earwitness.policies.proving.trusted_bases import TrustedBase, components_in_words, find_trusted_bases

    known = [c.id for p in packs for c in clauses_to_prove(p.clauses)]
    for identity in clauses:
        if identity not in known:
            raise PackError(f"no clause '{identity}' is marked P in these packs.{nearest(identity, known)}")

    def show(found: TrustedBase) -> None:
        far = (
            f"rests on {found.rests_on.value}"
            if found.rests_on is not None
            else "rests on nothing"
            if found.sets
            else "inconclusive"
        )
        click.echo(f"{found.clause:9} {far:24} {found}")
        if not found.complete:
            click.echo("          the enumeration stopped early; there may be other sets")
        if found.finite:
            click.echo("          decided on the finite model only, by ABC")
        for trusted in found.open:
            click.echo(f"          no answer in time for: {components_in_words(trusted)}")

    inconclusive = False
    for pack in packs:
        if any(c.id in clauses or not clauses for c in clauses_to_prove(pack.clauses)):
            bases = find_trusted_bases(pack, show, lambda identity: not clauses or identity in clauses)
            if store is not None:
                keep(store, pack, bases=bases)
            inconclusive = inconclusive or any(b.open or not b.sets or not b.complete for b in bases)
    return Exit.INCONCLUSIVE if inconclusive else Exit.SATISFIED


@click.command()
@click.option(
    "--pack",
    "pack",
    default="alexa-smart-properties",
    show_default=True,
    help="a shipped pack or a pack file",
)
@click.option("--mutant", "wanted", multiple=True, help="only mutants whose name holds this text")
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    help="keep what was found in this file, for reports",
)
def mutate(pack: str, wanted: tuple[str, ...], store: Path | None) -> None:
    """How strong a pack is: break the model in every small way and see which clauses notice (half an hour and more).
    Exits 1 when a mutant survives that nobody explained."""
    from earwitness.policies.proving.mutants import JudgedMutant, MutationScore, judge_mutants
    from earwitness.policies.proving.prove_packs import clauses_to_prove

    (loaded,) = packs_named((pack,))
    if not clauses_to_prove(loaded.clauses):
        raise click.UsageError("no clause of this pack is marked P; no mutant could be noticed")

    def show(judged: JudgedMutant) -> None:
        said = " ".join(judged.killers) or f"survives: {judged.explained or 'not explained'}"
        click.echo(
            f"{judged.mutant}  {said}"
            + (f"  (undecided: {' '.join(judged.undecided)})" if judged.undecided else "")
        )

    found = judge_mutants(loaded, show, lambda name: not wanted or any(text in name for text in wanted))
    if not found:
        raise click.UsageError("no mutant's name holds this text")
    if store is not None:
        from earwitness.policies.proving.strength import store_strength as keep

        keep(store, loaded, mutants=found)
    score = MutationScore.of(found)
    click.echo(str(score))
    sys.exit((Exit.VIOLATED if score.unexplained else Exit.SATISFIED).value)


@click.command("promela")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--pack",
    "pack",
    default="alexa-smart-properties",
    show_default=True,
    help="a shipped pack or a pack file",
)
@click.option(
    "--horizon",
    type=click.IntRange(1, 10),
    default=3,
    show_default=True,
    help="units of time the finite model runs",
)
def write_promela(folder: Path, pack: str, horizon: int) -> None:
    """Write the finite model beside each clause marked P that has a formula as Promela, for Spin (spin -a X.pml; gcc -DSAFETY -o pan pan.c; ./pan)."""
    from earwitness.model.proof.second_opinion.promela import promela_program
    from earwitness.policies.pack import find, small_pack
    from earwitness.policies.proving.prove_packs import clauses_to_prove

    small = small_pack(find(pack))
    monitors = {c.id: c.monitor for c in clauses_to_prove(small.clauses) if c.monitor is not None}
    if not monitors:
        raise click.UsageError("no clause of this pack is marked P and has a formula; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for identity, monitor in monitors.items():
        path = folder / f"{identity}.pml"
        path.write_text(promela_program(small.model.small_system, monitor, horizon), "utf-8")
        click.echo(str(path))


@click.command()
def diagrams() -> None:
    """Print the model as a page of Markdown: every component's states, drawn from its table."""
    click.echo(diagrams_page(), nl=False)


def diagrams_page() -> str:
    """What docs/model.md holds."""
    from earwitness.model.assistant.assistant import ASSISTANT, assistant
    from earwitness.model.systems.mermaid import states_diagram

    parts = [
        "# The model, component by component\n\nMade from the tables in `model/system/` by `earwitness diagrams`. A line bears the transitions that can join two states.\n"
    ]
    for part in ASSISTANT.tables:
        rows = "".join(f"| `{t.name}` | {t.component.name} | {t.emits or ''} |\n" for t in part.transitions)
        limits = "".join(
            f"- **{x.name}** ({x.component.name}): at most {x.bound / 1_000_000:g} s, ended by {', '.join(x.discharge)}\n"
            for x in part.limits
        )
        parts.append(
            f"## {part.name}\n\n```mermaid\n{states_diagram(part, assistant())}```\n\n| transition | carried out by | event |\n|---|---|---|\n{rows}"
        )
        if limits:
            parts.append(f"How long time may pass:\n\n{limits}")
    return "\n".join(parts)


@click.command("verify-proof")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
def verify_proof(folder: Path) -> None:
    """Re-check certificates with cvc5, from the files alone."""
    from earwitness.model.proof.certificate import recheck_certificate

    files = sorted(folder.glob("*.smt2")) if folder.is_dir() else [folder]
    if not files:
        raise click.UsageError(f"{folder}: holds no certificate (*.smt2)")
    failed = False
    for path in files:
        said = recheck_certificate(path)
        failed = failed or said.failed is not None
        click.echo(
            f"{path.name}: "
            + (
                f"NOT a proof: {said.failed}"
                if said.failed
                else f"{said.obligations} obligations hold ({said.solver})"
            )
        )
    sys.exit(Exit.VIOLATED.value if failed else Exit.SATISFIED.value)
