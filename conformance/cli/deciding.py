"""What `check` and `gate` share: deciding a bundle, printing in the chosen form, writing reports, ending
with the code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from earwitness.conformance.cli.terminal import (
    deadlines_told,
    github_lines,
    last_lines,
    story_lines,
    table_lines,
    terminal_width,
)
from earwitness.conformance.gate.judged import JudgedBundle

Function = TypeVar("Function", bound=Callable[..., Any])
FORMS = ("plain", "json", "github")
MOST_STORIES = 3
"""Failures that are told at length where nobody asked for more."""
MOST_DEADLINES = 3
"""Near misses that are told where nobody asked for more."""


def output_options(command: Function) -> Function:
    """Add the options of how a decision is shown."""
    options = (
        click.option(
            "--format",
            "form",
            type=click.Choice(FORMS),
            default="plain",
            show_default=True,
            help="standard output",
        ),
        click.option(
            "--report",
            "reports",
            multiple=True,
            metavar="FORMAT[:PATH]",
            help="write a report, such as sarif or junit:path; may be given again",
        ),
        click.option(
            "-q",
            "--quiet",
            is_flag=True,
            help="print the last block alone",
        ),
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            help="print every clause and every failure",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def show_decision(
    judged: JudgedBundle,
    form: str,
    quiet: bool,
    verbose: bool,
    only: tuple[str, ...] = (),
) -> None:
    """Print the decision. The verdict and the exit code are the same in every form; the table holds `only`
    the clauses whose ids begin so, or all."""
    if form == "json":
        _print_json(judged)
        return
    if form == "github":
        for line in github_lines(judged.summary):
            click.echo(line)
        _append_job_summary(judged)
    width = terminal_width()
    if not quiet:
        lines = tuple(
            line
            for line in judged.summary.clauses
            if not only or line.id.startswith(only)
        )
        for text in table_lines(lines, width):
            click.echo(text)
        stories = judged.summary.stories
        shown = len(stories) if verbose else MOST_STORIES
        for story in stories[:shown]:
            click.echo("")
            for text in story_lines(story, width):
                click.echo(text)
        others = ", ".join(story.clause for story in stories[shown:])
        if others:
            click.echo(f"\nand {others}: with -v they are told as well")
        most = len(judged.summary.deadlines) if verbose else MOST_DEADLINES
        for text in deadlines_told(judged.summary, width, most):
            click.echo(text)
    for text in last_lines(judged.summary, width):
        click.echo(text)


def _print_json(judged: JudgedBundle) -> None:
    click.echo(render_report(judged, "json"), nl=False)


def render_report(judged: JudgedBundle, name: str) -> str:
    """A report of an installed format as text. The formats live in a room above this one, so they are
    found by name."""
    content: bytes = _load_formats().load_format(name).render(judged)
    return content.decode("utf-8")


def _append_job_summary(judged: JudgedBundle) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as out:
            out.write(render_report(judged, "markdown"))


def write_wanted(
    judged: JudgedBundle,
    wanted: Iterable[str],
    folder: Path,
) -> list[Path]:
    """Write the reports that were asked for; the default ones where none was."""
    formats = _load_formats()
    names = list(wanted) or formats.DEFAULT
    written: list[Path] = formats.write_reports(judged, names, folder)
    return written


def demand_formats(wanted: Iterable[str]) -> None:
    """That every report can be made, before anything that takes long. Raises ReportError."""
    formats = _load_formats()
    for request in wanted:
        formats.load_format(request.partition(":")[0])


def _load_formats() -> Any:
    """The room of reports is above this one: it is found at run time, as an entry point is."""
    from importlib import import_module

    return import_module("earwitness.reports.format")


def end_with(judged: JudgedBundle) -> None:
    """End the program with the code of the decision."""
    sys.exit(judged.decision.exit.value)
