"""`earwitness report` and `earwitness matrix`: from bundles to what people and machines read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from earwitness.conformance.cli.common import A_FOLDER
from earwitness.conformance.cli.deciding import demand_formats, write_wanted
from earwitness.conformance.cli.gate_options import (
    gate_options,
    load_policy,
)
from earwitness.conformance.gate.judged import judge_bundle
from earwitness.conformance.running.rejudge import read_consistent_bundle


@click.command()
@click.argument("bundle", type=A_FOLDER, default=Path("earwitness-run"))
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT[:PATH]",
    help="such as sarif or junit:path; may be given again",
)
@gate_options
def report(
    bundle: Path,
    reports: tuple[str, ...],
    key: Path | None,
    digest: str,
    **policy: Any,
) -> None:
    """Make reports from a bundle.

    BUNDLE is the folder of a run, or one that holds runs: then of the latest.
    """
    demand_formats(reports)
    read = read_consistent_bundle(bundle)
    judged = judge_bundle(
        read, load_policy(bundle=read, key=key, digest=digest, **policy)
    )
    for path in write_wanted(judged, reports, read.folder):
        click.echo(str(path))


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=A_FOLDER)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="write the matrix as a page to this file",
)
@gate_options
def matrix(
    bundles: tuple[Path, ...],
    html: Path | None,
    key: Path | None,
    digest: str,
    **policy: Any,
) -> None:
    """Show clauses down and implementations across, from several bundles."""
    from importlib import import_module

    if digest:
        raise click.UsageError("--digest names one bundle; give it to 'gate'")
    judged = []
    for folder in bundles:
        read = read_consistent_bundle(folder)
        judged.append(
            judge_bundle(
                read,
                load_policy(bundle=read, key=key, **policy),
            )
        )
    formats = import_module("earwitness.reports.matrix")
    click.echo(formats.matrix_markdown(judged), nl=False)
    if html is not None:
        html.write_text(
            formats.matrix_page(judged, html.parent),
            "utf-8",
        )
