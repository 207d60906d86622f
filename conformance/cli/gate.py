"""`earwitness gate`: a decision from a bundle alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from earwitness.conformance.cli.deciding import (
    demand_formats,
    end_with,
    output_options,
    show_decision,
    write_wanted,
)
from earwitness.conformance.cli.gate_options import (
    gate_options,
    load_policy,
)
from earwitness.conformance.gate.judged import judge_bundle
from earwitness.conformance.running.rejudge import read_consistent_bundle


@click.command("gate")
@click.argument(
    "bundle",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("earwitness-run"),
)
@gate_options
@output_options
def gate_bundle(
    bundle: Path,
    key: Path | None,
    digest: str,
    form: str,
    reports: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    **policy: Any,
) -> None:
    """Decide a bundle by a profile, waivers, known failures and a baseline.

    BUNDLE is the folder of a run, or one that holds runs: then the latest decides. The bundle must not
    contradict itself:
    every verdict is recomputed from its observations. Proofs are re-checked by `earwitness verify`.
    """
    demand_formats(reports)
    read = read_consistent_bundle(bundle)
    judged = judge_bundle(
        read, load_policy(bundle=read, key=key, digest=digest, **policy)
    )
    show_decision(judged=judged, form=form, quiet=quiet, verbose=verbose)
    if reports:
        write_wanted(judged, reports, read.folder)
    end_with(judged)
