"""`earwitness check`: the main job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earwitness.conformance.cli.common import demand_clauses, packs_named
from earwitness.conformance.cli.deciding import (
    demand_formats,
    end_with,
    output_options,
    show_decision,
    write_wanted,
)
from earwitness.conformance.cli.gate_options import (
    files_to_keep,
    gate_options,
    load_policy,
)
from earwitness.conformance.cli.targets import (
    LEVELS,
    confinement_option,
)
from earwitness.conformance.cli.terminal import Progress
from earwitness.conformance.evidence.bundle import read_bundle
from earwitness.conformance.evidence.earlier import record_check
from earwitness.conformance.evidence.writer import (
    EARLIER,
    encode_record,
    forget_latest,
)
from earwitness.conformance.gate.judged import JudgedBundle, judge_bundle
from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.witnesses.witness import looking_witness
from earwitness.model.vocabulary import nearest

if TYPE_CHECKING:
    from earwitness.conformance.evidence.records import EarlierCheck
    from earwitness.conformance.targets.protocol import Hello


BUDGET, LONG_BUDGET = 47.0, 420.0
"""Seconds: the second for targets that bring packs of their own, whose time is real."""


def packs_meant_for(hello: Hello) -> tuple[str, ...]:
    """The shipped packs that a target names as meant for its kind. Raises TargetError for any other."""
    from earwitness.conformance.targets.protocol import TargetError
    from earwitness.policies.pack import shipped_packs

    for name in hello.packs:
        if name not in shipped_packs():
            raise TargetError(
                f"the target asks for the pack '{name}'.{nearest(name, shipped_packs())}"
                " A target may name shipped packs alone; give others with --pack"
            )
    return hello.packs


MOST_CHECKS = 100
"""One after another. Chosen: a rate below one in a hundred takes more than anybody waits for."""


def kept_checks(earlier: tuple[EarlierCheck, ...]) -> dict[str, bytes]:
    """The file by which a bundle knows of the checks before it; none where it is the first."""
    return {EARLIER: encode_record(earlier)} if earlier else {}


def tell_check(
    number: int, of: int, judged: JudgedBundle, tell: Callable[[str], None]
) -> None:
    """One of many checks is over: what it came to by itself, and where it lies."""
    results = judged.bundle.results.clauses
    violated = [r.id for r in results if r.verdict is Verdict.VIOLATED]
    tell(
        f"check {number + 1} of {of} (seed {judged.bundle.manifest.seed}):"
        f" violated: {', '.join(violated) or 'none'}; {judged.bundle.folder}"
    )


@click.command("check")
@click.option(
    "--target",
    default="ref",
    show_default=True,
    help="such as ref, ref:faulty/NAME or exec:COMMAND",
)
@click.option(
    "--pack",
    "packs",
    multiple=True,
    help="a shipped pack or a pack file; the white paper and our baseline unless given",
)
@click.option(
    "--clause",
    "only",
    multiple=True,
    metavar="ID",
    help="only clauses whose id begins so, such as MIC; the others are left out, so it is never green",
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
    default=200,
    show_default=True,
    help="at most so many sequences are searched beyond the tour, as far as the budget goes",
)
@click.option(
    "--budget",
    type=click.FloatRange(1, 86_400),
    help=f"seconds for trying the target; {BUDGET:g}, or {LONG_BUDGET:g} where its time is real",
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    help="limit of one proof",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--repeat",
    type=click.IntRange(1, MOST_CHECKS),
    default=1,
    show_default=True,
    metavar="N",
    help="make so many checks, each with the next seed and a bundle of its own; the last decides with all",
)
@click.option(
    "--no-proofs",
    is_flag=True,
    help="judge the implementation only; nothing is then called proved",
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="NAME",
    help="an installed witness that is to look for itself; what it sees counts as witnessed",
)
@confinement_option
@gate_options
@output_options
def check_target(
    target: str,
    packs: tuple[str, ...],
    only: tuple[str, ...],
    out: Path,
    examples: int,
    budget: float | None,
    seconds: int,
    seed: int,
    repeat: int,
    no_proofs: bool,
    witnesses: tuple[str, ...],
    confinement: str,
    key: Path | None,
    digest: str,
    form: str,
    reports: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    **policy: Any,
) -> None:
    """Judge a target, prove the promises on the model, write a bundle and its reports."""
    forget_latest(out)
    if key is not None or digest:
        raise click.UsageError(
            "a bundle has a signature and a digest after its check; use --key and --digest with 'gate'"
        )
    packs_named(packs)
    demand_formats(reports)
    decided_by = load_policy(**policy)
    with Progress(quiet) as progress:
        progress.tell(f"opening {target}")
        for name in witnesses:
            looking_witness(name)
        from earwitness.conformance.running.check import check as run_check
        from earwitness.conformance.running.examination import Plan
        from earwitness.conformance.targets.entry_points import (
            OpenedTarget,
            TargetOptions,
        )

        options = TargetOptions(LEVELS[confinement], witnesses=witnesses)
        # A wrong target is told before anything that takes long.
        with OpenedTarget(target, options) as opened:
            hello = opened.hello
            loaded = packs_named(packs or packs_meant_for(hello))
            chosen = demand_clauses(only, loaded)
            if not no_proofs or repeat > 1:
                # Proofs take long, and a target whose time is real would not wait for them.
                opened.close()
            plan = Plan(
                examples=examples,
                seconds=seconds,
                proofs=not no_proofs,
                seed=seed,
                budget=budget or (LONG_BUDGET if hello.packs else BUDGET),
                excuses=decided_by.capabilities.refuses
                if decided_by.capabilities is not None
                else {},
                confinement=LEVELS[confinement],
                only=chosen,
                witnesses=witnesses,
            )
            earlier: tuple[EarlierCheck, ...] = ()
            for number in range(repeat):
                outcome = run_check(
                    target=target,
                    packs=loaded,
                    out=out,
                    tell=progress.tell,
                    plan=replace(plan, seed=seed + number),
                    attachments=files_to_keep(policy) | kept_checks(earlier),
                    opened=opened if no_proofs and repeat == 1 else None,
                )
                read = read_bundle(outcome.folder)
                judged = judge_bundle(
                    read, load_policy(bundle=read, **policy)
                )
                written = write_wanted(judged, reports, read.folder)
                if repeat > 1:
                    tell_check(
                        number=number,
                        of=repeat,
                        judged=judged,
                        tell=progress.tell,
                    )
                    earlier = (*earlier, record_check(read, judged.packs))
    show_decision(
        judged=judged, form=form, quiet=quiet, verbose=verbose, only=chosen
    )
    if form != "json":
        click.echo(f"\nreport: {', '.join(str(path) for path in written)}")
        click.echo(f"bundle: {read.folder} (sha256 {read.digest})")
    end_with(judged)
