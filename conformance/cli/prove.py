"""`earwitness prove`: the clauses of packs proved on their models."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earwitness.conformance.cli.common import (
    A_FILE,
    A_FOLDER,
    PACK_HELP,
    demand_clauses,
    packs_named,
    print_trace,
)
from earwitness.conformance.gate.verdict import Exit

if TYPE_CHECKING:
    from earwitness.policies.pack import Pack
    from earwitness.policies.proving.prove_packs import CheckedProof
    from earwitness.policies.proving.trusted_bases import TrustedBase


@click.command()
@click.option("--pack", "packs", multiple=True, help=PACK_HELP)
@click.option(
    "--out", type=A_FOLDER, help="keep the proof, and counterexamples, here"
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    help="limit of one proof",
)
@click.option(
    "--slack",
    is_flag=True,
    help="also say how much tighter each bound could be",
)
@click.option(
    "--fresh",
    is_flag=True,
    help="search every invariant instead of checking the shipped ones",
)
@click.option(
    "--store",
    type=A_FILE,
    help="write the invariants (with --trusted-base: the bases) found to this file",
)
@click.option(
    "--trusted-base",
    "trusted",
    is_flag=True,
    help="instead, say on which components each clause rests (minutes)",
)
@click.option(
    "--clause",
    "clauses",
    multiple=True,
    help="only clauses whose id begins so, such as MIC",
)
def prove(
    packs: tuple[str, ...],
    out: Path | None,
    seconds: int,
    slack: bool,
    fresh: bool,
    store: Path | None,
    trusted: bool,
    clauses: tuple[str, ...],
) -> None:
    """Prove the clauses that packs want proved; a refuted one prints its shortest counterexample."""
    from earwitness.policies.proving.tasks import clauses_to_prove

    loaded = packs_named(packs)
    if not any(clauses_to_prove(p.clauses) for p in loaded):
        raise click.UsageError(
            "no clause of these packs is to be proved; nothing was proved"
        )
    clauses = _full_names(clauses, loaded)
    if trusted:
        sys.exit(_assess_trusted_bases(loaded, clauses, store).value)
    if clauses and store is not None:
        raise click.UsageError(
            "--store keeps the invariants of whole packs; leave out --clause"
        )
    with tempfile.TemporaryDirectory() as temporary:
        outcome = _prove_all(
            packs=loaded,
            clauses=clauses,
            folder=out or Path(temporary),
            seconds=seconds,
            fresh=fresh,
            store=store,
        )
    if slack:
        _print_slack(loaded)
    sys.exit(outcome.value)


def _full_names(
    beginnings: tuple[str, ...], packs: tuple[Pack, ...]
) -> tuple[str, ...]:
    """The clauses to prove whose id begins so. Raises click.UsageError where none does."""
    from earwitness.policies.proving.tasks import clauses_to_prove

    found = []
    for beginning in demand_clauses(beginnings, packs):
        names = [
            clause.id
            for pack in packs
            for clause in clauses_to_prove(pack.clauses)
            if clause.id.startswith(beginning)
        ]
        if not names:
            raise click.UsageError(
                f"--clause: no clause that begins with '{beginning}' is to be proved"
            )
        found += names
    return tuple(found)


def _print_slack(packs: Iterable[Pack]) -> None:
    from earwitness.policies.proving.slack import find_slack

    for pack in packs:
        for found in find_slack(pack):
            click.echo(str(found))


def _prove_all(
    *,
    packs: tuple[Pack, ...],
    clauses: tuple[str, ...],
    folder: Path,
    seconds: int,
    fresh: bool,
    store: Path | None,
) -> Exit:
    from earwitness.conformance.vectors import counterexample
    from earwitness.model.proof.proof import Standing
    from earwitness.policies.proving.invariants import store_invariants
    from earwitness.policies.proving.prove_packs import prove_packs

    def show(checked: CheckedProof) -> None:
        counterexample.write_counterexample(
            folder, checked.proof, checked.other
        )
        _print_proof(checked)

    began = time.perf_counter()
    results = prove_packs(
        packs=packs,
        folder=folder,
        seconds=seconds,
        tell=show,
        stored={} if fresh else None,
        only=clauses,
    )
    spent = time.perf_counter() - began
    standings = [checked.standing for checked in results.values()]
    proved = standings.count(Standing.PROVED)
    click.echo(
        f"{proved} of {len(results)} proved and checked in {spent:.1f} s"
    )
    if store is not None:
        store_invariants(
            store, (checked.proof for checked in results.values())
        )
    if not clauses:
        _print_strength(packs)
    if Standing.REFUTED in standings:
        return Exit.VIOLATED
    return Exit.SATISFIED if proved == len(standings) else Exit.INCONCLUSIVE


def _print_strength(packs: Iterable[Pack]) -> None:
    """What was measured of the packs that come with a measurement, by itself and together."""
    from earwitness.policies.proving.strength import (
        FILE,
        Strength,
        StrengthError,
        joined,
        load_strength,
    )
    from earwitness.policies.proving.strength_facts import (
        facts_of_strength,
        summarize_strength,
    )

    found: dict[str, dict[str, Strength]] = {}
    for pack in packs:
        if pack.file.with_name(FILE).is_file():
            try:
                measured = load_strength(pack)
            except StrengthError as error:
                click.echo(str(error), err=True)
                continue
            found.setdefault(pack.model.name, {})[pack.name] = measured
    for model, by_pack in found.items():
        told = dict(by_pack)
        if len(by_pack) > 1:
            told[f"all packs over the {model}"] = joined(
                list(by_pack.values())
            )
        for name, strength in told.items():
            for line in summarize_strength(facts_of_strength(strength)):
                click.echo(f"{name}: {line}")


def _print_proof(checked: CheckedProof) -> None:
    from earwitness.policies.proving.weight import (
        clause_weight,
        names_by_construction,
    )

    proof = checked.proof
    obligations = f"{checked.obligations:4} obligations checked in {checked.recheck_seconds:.1f} s"
    line = f"{proof.clause:9} {checked.standing.value:13} {proof.seconds:6.1f} s  {obligations}"
    if checked.weights:
        weight = clause_weight(checked.weights)
        line = f"{line}  {weight.value}"
        said_by_model = names_by_construction(checked.weights)
        if said_by_model:
            line = f"{line} ({', '.join(said_by_model)}: by construction)"
    about = (
        f"{proof.failed} "
        if proof.failed and proof.failed != proof.clause
        else ""
    )
    click.echo(f"{line}  {about}{proof.reason}".rstrip())
    for number, run in enumerate((proof.trace, checked.other), start=1):
        if run and checked.other:
            click.echo(f"          run {number}")
        print_trace(run)


def _assess_trusted_bases(
    packs: tuple[Pack, ...], clauses: tuple[str, ...], store: Path | None
) -> Exit:
    from earwitness.policies.proving.strength import store_strength
    from earwitness.policies.proving.trusted_bases import find_trusted_bases

    is_open = False
    for pack in packs:
        bases = find_trusted_bases(
            pack,
            _print_base,
            lambda identity: not clauses or identity in clauses,
        )
        if store is not None and bases:
            store_strength(store, pack, bases=bases)
        is_open = is_open or any(
            b.open or not b.sets or not b.complete for b in bases
        )
    return Exit.INCONCLUSIVE if is_open else Exit.SATISFIED


def _print_base(base: TrustedBase) -> None:
    from earwitness.policies.proving.trusted_bases import components_in_words

    if base.rests_on is not None:
        far = f"rests on {base.rests_on.value}"
    else:
        far = "rests on nothing" if base.sets else "inconclusive"
    click.echo(f"{base.clause:9} {far:24} {base}")
    if not base.complete:
        click.echo(
            "          the enumeration stopped early; there may be other sets"
        )
    if base.finite:
        click.echo("          decided on the finite model only, by ABC")
    for trusted in base.open:
        click.echo(
            f"          no answer in time for: {components_in_words(trusted)}"
        )
