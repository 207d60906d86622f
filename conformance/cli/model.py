"""Commands about the model: proofs, their strength, other opinions, pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earwitness.conformance.cli.common import (
    A_FILE,
    A_FOLDER,
    PACK_HELP,
    packs_named,
)
from earwitness.conformance.gate.verdict import Exit

if TYPE_CHECKING:
    from earwitness.model.systems.transition_system import Table
    from earwitness.policies.proving.mutants import JudgedMutant


@click.command()
@click.option(
    "--pack",
    default="alexa-smart-properties",
    show_default=True,
    help=PACK_HELP,
)
@click.option(
    "--mutant",
    "wanted",
    multiple=True,
    help="only mutants whose name holds this text",
)
@click.option(
    "--store",
    type=A_FILE,
    help="keep what was found in this file, for reports",
)
def mutate(pack: str, wanted: tuple[str, ...], store: Path | None) -> None:
    """How strong a pack is: break the model in every small way and see which clauses notice (some
    minutes). Exits 1 when a mutant survives that nobody explained."""
    from earwitness.policies.proving.mutants import (
        MutationScore,
        judge_mutants,
    )
    from earwitness.policies.proving.strength import store_strength
    from earwitness.policies.proving.tasks import clauses_to_prove

    (loaded,) = packs_named((pack,))
    if not clauses_to_prove(loaded.clauses):
        raise click.UsageError(
            "no clause of this pack is to be proved; no mutant could be noticed"
        )

    def is_wanted(name: str) -> bool:
        return not wanted or any(text in name for text in wanted)

    found = judge_mutants(loaded, _print_judgement, is_wanted)
    if not found:
        raise click.UsageError("no mutant's name holds this text")
    if store is not None:
        store_strength(store, loaded, mutants=found)
    score = MutationScore.of(found)
    click.echo(str(score))
    sys.exit((Exit.VIOLATED if score.unexplained else Exit.SATISFIED).value)


def _print_judgement(judged: JudgedMutant) -> None:
    verdict = (
        " ".join(judged.killers)
        or f"survives: {judged.explained or 'not explained'}"
    )
    still_open = (
        f"  (undecided: {' '.join(judged.undecided)})"
        if judged.undecided
        else ""
    )
    click.echo(f"{judged.mutant}  {verdict}{still_open}")


@click.command("promela")
@click.argument("folder", type=A_FOLDER)
@click.option(
    "--pack",
    default="alexa-smart-properties",
    show_default=True,
    help=PACK_HELP,
)
@click.option(
    "--horizon",
    type=click.IntRange(1, 10),
    default=3,
    show_default=True,
    help="units of time the finite model runs",
)
def write_promela(folder: Path, pack: str, horizon: int) -> None:
    """Write the finite model beside each clause to be proved that has a formula as Promela, for Spin
    (spin -a X.pml; gcc -DSAFETY -o pan pan.c; ./pan)."""
    from earwitness.model.proof.second_opinion.promela import promela_program
    from earwitness.policies.pack import small_pack
    from earwitness.policies.proving.tasks import clauses_to_prove

    (loaded,) = packs_named((pack,))
    small = small_pack(loaded)
    monitors = {
        c.id: c.monitor
        for c in clauses_to_prove(small.clauses)
        if c.monitor is not None
    }
    if not monitors:
        raise click.UsageError(
            "no clause of this pack is to be proved and has a formula; nothing was written"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for identity, monitor in monitors.items():
        path = folder / f"{identity}.pml"
        path.write_text(
            promela_program(small.model.small_system, monitor, horizon),
            "utf-8",
        )
        click.echo(str(path))


@click.command()
def diagrams() -> None:
    """Print the model as a page of Markdown: every component's states, drawn from its table."""
    click.echo(diagrams_page(), nl=False)


def diagrams_page() -> str:
    """What docs/model.md holds."""
    from earwitness.model.assistant.assistant import ASSISTANT

    head = (
        "# The model, component by component\n\n"
        "Made from the tables in `model/assistant/` by `earwitness diagrams`. "
        "A line bears the transitions that can join two states.\n"
    )
    return "\n".join(
        [
            head,
            *(
                text
                for table in ASSISTANT.tables
                for text in _table_in_words(table)
            ),
        ]
    )


def _table_in_words(table: Table) -> Iterable[str]:
    from earwitness.model.assistant.assistant import ASSISTANT
    from earwitness.model.systems.mermaid import states_diagram

    rows = "".join(
        f"| `{t.name}` | {t.component.name} | {t.emits or ''} |\n"
        for t in table.transitions
    )
    picture = f"```mermaid\n{states_diagram(table, ASSISTANT.system)}```"
    yield f"## {table.name}\n\n{picture}\n\n| transition | carried out by | event |\n|---|---|---|\n{rows}"
    limits = "".join(
        f"- **{x.name}** ({x.component.name}): at most {x.bound / 1_000_000:g} s, "
        f"ended by {', '.join(x.discharge)}\n"
        for x in table.limits
    )
    if limits:
        yield f"How long time may pass:\n\n{limits}"


@click.command("verify-proof")
@click.argument(
    "folder", type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option(
    "--pack",
    "packs",
    multiple=True,
    help="derive the model and the claims again from these packs",
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    help="limit of one part",
)
def verify_proof(folder: Path, packs: tuple[str, ...], seconds: int) -> None:
    """Check a proof from its files, by a small program that shares nothing with the prover."""
    from earwitness.policies.proving.certificates import compare_with_packs
    from earwitness.policies.proving.prove_packs import all_tasks
    from earwitness.proof_checker.checker import check_folder
    from earwitness.proof_checker.s_expressions import ProofError

    parts, failed = 0, False
    try:
        for part in check_folder(folder, seconds):
            parts += 1
            failed = failed or bool(part.failed)
            outcome = f"{part.obligations} obligations hold ({part.solver})"
            click.echo(
                f"{part.name}: {f'NOT proved: {part.failed}' if part.failed else outcome}"
            )
        if packs:
            loaded = packs_named(packs)
            compare_with_packs(folder, loaded, all_tasks(loaded))
            click.echo(
                "model, claims, parameters and figures are those of the packs"
            )
    except ProofError as error:
        click.echo(f"NOT a proof: {error}")
        failed = True
    sys.exit((Exit.VIOLATED if failed else Exit.SATISFIED).value)
