"""Clauses down, implementations across: each cell is a verdict with its evidence, linked to the report of
its run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.summary import ClauseLine
from earwitness.reports.html import SHAPES
from earwitness.reports.markdown import (
    MARKS,
    OTHER_MARK,
    escape_markdown,
)


def clause_ids(judged: Iterable[JudgedBundle]) -> list[str]:
    """Every clause that one of the bundles judges, in the order of their packs."""
    return list(
        dict.fromkeys(
            line.id for one in judged for line in one.summary.clauses
        )
    )


def name_implementation(judged: JudgedBundle) -> str:
    """The head of a column."""
    target = judged.bundle.manifest.target
    return f"{target.name or target.given} {target.version}".strip()


def matrix_markdown(judged: Sequence[JudgedBundle]) -> str:
    """The matrix as a table of Markdown."""
    columns = [
        {line.id: line for line in one.summary.clauses} for one in judged
    ]
    heads = " | ".join(
        escape_markdown(name_implementation(one)) for one in judged
    )
    rows = [
        f"| Clause | {heads} |",
        "|---" * (len(judged) + 1) + "|",
    ]
    for identity in clause_ids(judged):
        cells = " | ".join(
            _cell_text(column.get(identity)) for column in columns
        )
        rows.append(f"| {identity} | {cells} |")
    exits = " | ".join(
        f"{one.summary.headline} (exit {one.summary.exit.value})"
        for one in judged
    )
    rows.append(f"| **gate** | {exits} |")
    return "\n".join(rows) + "\n"


def _cell_text(line: ClauseLine | None) -> str:
    if line is None:
        return "not judged"
    evidence = f", {line.evidence}" if line.evidence else ""
    return f"{MARKS.get(line.verdict, OTHER_MARK)} {line.verdict.value}{evidence}"


def matrix_page(judged: Sequence[JudgedBundle], folder: Path) -> str:
    """The matrix as a page; links lead from `folder` to the report of each run."""
    room = files("earwitness.reports")
    template = Environment(autoescape=True, trim_blocks=True).from_string(
        room.joinpath("matrix.html").read_text("utf-8")
    )
    links = [
        os.path.relpath(one.bundle.folder / "report.html", folder)
        for one in judged
    ]
    columns = [
        {line.id: line for line in one.summary.clauses} for one in judged
    ]
    return template.render(
        style=Markup(room.joinpath("page.css").read_text("utf-8")),
        heads=[name_implementation(one) for one in judged],
        exits=[
            f"{one.summary.headline} (exit {one.summary.exit.value})"
            for one in judged
        ],
        links=links,
        columns=columns,
        ids=clause_ids(judged),
        shapes=SHAPES,
    )
