"""`earwitness judge`: logs of observations by whole packs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from earwitness.conformance.cli.common import packs_named
from earwitness.conformance.cli.terminal import terminal_width
from earwitness.conformance.evidence.redaction import safe_text
from earwitness.conformance.gate.exits import (
    Exit,
    strongest,
)
from earwitness.conformance.gate.story import (
    event_words,
    seconds_text,
)
from earwitness.conformance.importers.importer import (
    DEFAULT,
    ImporterError,
    load_importer,
)
from earwitness.conformance.running.log_judgement import (
    ClauseJudgement,
    LogJudgement,
    LogVerdict,
    judge_log_file,
)
from earwitness.model.logic.wording import say_amount
from earwitness.model.trace import observation_to_json
from earwitness.model.vocabulary import nearest, vocabulary

COLORS = {
    LogVerdict.VIOLATED: "red",
    LogVerdict.HOLDS: "green",
}
MOST_TOLD = 5
"""Bad lines that are named in the output; all are counted."""


@click.command("judge")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.option(
    "--pack",
    "packs",
    multiple=True,
    help="a shipped pack or a pack file; the white paper and our baseline unless given",
)
@click.option(
    "--sees",
    "sees",
    multiple=True,
    help="an event that the log's source can show; all but what only a test harness knows unless given",
)
@click.option(
    "--from",
    "source",
    default=DEFAULT,
    show_default=True,
    help="the importer that reads the files; a package may bring more",
)
@click.option(
    "--clause",
    "clauses",
    multiple=True,
    help="only clauses whose id begins so, such as MIC",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("plain", "json")),
    default="plain",
    show_default=True,
    help="standard output",
)
def judge_logs(
    files: tuple[Path, ...],
    packs: tuple[str, ...],
    sees: tuple[str, ...],
    source: str,
    clauses: tuple[str, ...],
    form: str,
) -> None:
    """Judge logs by whole packs: observations in JSON Lines, or what an importer reads.

    A log is the device's word at best: what it cannot show is not observable. Exits 1 where a clause is
    violated, 3 where lines cannot be read or no clause is shown to hold.
    """
    loaded = packs_named(packs)
    try:
        importer = load_importer(source)
    except ImporterError as error:
        raise click.UsageError(f"--from: {error}") from None
    exits = []
    for name in sees:
        if name not in vocabulary().events:
            hint = nearest(name, vocabulary().events)
            raise click.UsageError(
                f"--sees: event '{name}' is not in the vocabulary.{hint}"
            )
    for file in files:
        judged = judge_log_file(
            path=file,
            packs=loaded,
            sees=frozenset(sees) or None,
            importer=importer,
        )
        chosen = tuple(
            c
            for c in judged.clauses
            if not clauses or c.id.startswith(clauses)
        )
        if not chosen:
            raise click.UsageError(
                f"no clause begins with {' or '.join(clauses)}"
            )
        exits.append(_exit_of(judged, chosen))
        lines = (
            _json_lines(file, chosen)
            if form == "json"
            else _plain_lines(file, judged, chosen)
        )
        for line in lines:
            click.echo(line)
    sys.exit(strongest(exits).value)


def _exit_of(
    judged: LogJudgement,
    clauses: tuple[ClauseJudgement, ...],
) -> Exit:
    verdicts = {clause.verdict for clause in clauses}
    if LogVerdict.VIOLATED in verdicts:
        return Exit.VIOLATED
    is_shown = judged.is_complete and LogVerdict.HOLDS in verdicts
    return Exit.SATISFIED if is_shown else Exit.INCONCLUSIVE


def _json_lines(
    file: Path, clauses: tuple[ClauseJudgement, ...]
) -> Iterator[str]:
    for clause in clauses:
        parts = [
            {
                "name": part.name,
                "verdict": part.verdict.value,
                "exercised": part.exercised,
                "reason": part.reason,
            }
            for part in clause.conjuncts
        ]
        entry = {
            "file": str(file),
            "clause": clause.id,
            "verdict": clause.verdict.value,
            "parts": parts,
        }
        yield msgspec.json.encode(entry).decode()


def _plain_lines(
    file: Path,
    judged: LogJudgement,
    clauses: tuple[ClauseJudgement, ...],
) -> Iterator[str]:
    entries = say_amount(len(judged.log.entries), "observation")
    pieces = say_amount(len(judged.pieces), "piece")
    yield click.style(
        f"{safe_text(str(file))}: {entries}, {pieces}",
        bold=True,
    )
    for bad in judged.log.bad_lines[:MOST_TOLD]:
        yield click.style(
            f"  line {bad.number}: {safe_text(bad.reason)}",
            fg="yellow",
        )
    if judged.log.bad_line_count:
        yield f"  {judged.log.bad_line_count} lines cannot be read, so nothing is shown to hold"
    order = list(LogVerdict)
    for clause in sorted(
        clauses,
        key=lambda clause: order.index(clause.verdict),
    ):
        verdict = click.style(
            f"{clause.verdict.value:15}",
            fg=COLORS.get(clause.verdict, "yellow"),
        )
        text = (
            clause.title
            if clause.verdict is LogVerdict.HOLDS
            else clause.reason or clause.title
        )
        yield f"  {clause.id:8}{verdict}{safe_text(text)}"[
            : terminal_width() + len(verdict) - 15
        ]
        yield from _violation_lines(clause)


def _violation_lines(clause: ClauseJudgement) -> Iterator[str]:
    for part in clause.conjuncts:
        first = part.first_violation
        if first is None:
            continue
        words = safe_text(event_words(observation_to_json(first.seen)))
        yield (
            f"          line {first.line}, {seconds_text(first.seen.time)}, "
            f"{safe_text(first.seen.device)}: {words}"
        )
        yield f"          {part.name}: {safe_text(part.english)}"
