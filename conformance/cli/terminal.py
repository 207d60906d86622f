"""What a terminal shows: progress while it runs, a table that reads well at 80 columns, and a last block
that says what to do."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from types import TracebackType

import click

from earwitness.conformance.evidence.redaction import safe_text
from earwitness.conformance.gate.alike import group_alike
from earwitness.conformance.gate.deadlines import describe_closest
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.story import Row, Story
from earwitness.conformance.gate.summary import (
    ClauseLine,
    Summary,
)
from earwitness.conformance.gate.verdict import Verdict

LOOKS = {
    Verdict.SATISFIED: ("✔", "green"),
    Verdict.VIOLATED: ("✖", "red"),
    Verdict.ON_ITS_WORD: ("▲", "yellow"),
    Verdict.NOT_OBSERVABLE: ("◌", "yellow"),
    Verdict.NOT_EXERCISED: ("○", "yellow"),
    Verdict.INCONCLUSIVE: ("?", "yellow"),
    Verdict.NOT_APPLICABLE: ("–", "bright_black"),
}
URGENCY = {verdict: 1 for verdict in Verdict} | {
    Verdict.VIOLATED: 0,
    Verdict.SATISFIED: 2,
}
"""What is not well comes first."""
NARROWEST, WIDEST = 60, 120
"""Columns: narrower, a table is no table; wider, the eye loses its line. Chosen for the reader's eye."""
ID_WIDTH, VERDICT_WIDTH, ORIGIN_WIDTH = 8, 17, 11
"""Columns: the longest shipped id, verdict with its shape, the longest origin with a blank."""


def terminal_width() -> int:
    """Columns to fill: what the terminal has, within reason."""
    return min(
        WIDEST,
        max(
            NARROWEST,
            # 80 by 24: the terminal that is taken where none can be asked.
            shutil.get_terminal_size((80, 24)).columns,
        ),
    )


def table_lines(lines: tuple[ClauseLine, ...], width: int) -> Iterator[str]:
    """The table of clauses: what is not well first. The promise takes all the room that is left."""
    evidence_width = (
        max(
            [
                len("evidence"),
                *(len(line.evidence) for line in lines),
            ]
        )
        + 1
    )
    fixed = ID_WIDTH + VERDICT_WIDTH + evidence_width
    heads = f"{'clause':{ID_WIDTH}}{'verdict':{VERDICT_WIDTH}}{'evidence':{evidence_width}}promise"
    yield click.style(heads, bold=True)
    for line in sorted(lines, key=lambda line: URGENCY[line.verdict]):
        shape, color = LOOKS[line.verdict]
        verdict = click.style(
            f"{shape} {line.verdict.value:{VERDICT_WIDTH - 2}}",
            fg=color,
        )
        first, *rest = textwrap.wrap(line.title, width - fixed) or [""]
        yield f"{line.id:{ID_WIDTH}}{verdict}{line.evidence:{evidence_width}}{first}"
        yield from (" " * fixed + more for more in rest)


def story_lines(story: Story, width: int) -> Iterator[str]:
    """One failure: what a user loses, the sequence with the violating event marked, what to look at."""
    yield click.style(
        f"✖ {story.clause}: {story.title}",
        fg="red",
        bold=True,
    )
    yield from wrap_lines(story.loses, width, "  ")
    if story.expected != story.title:
        yield from wrap_lines(f"expected: {story.expected}", width, "  ")
    yield from wrap_lines(f"seen: {story.seen}", width, "  ")
    for row in story.rows:
        yield from _row_lines(row, width)
    if story.cause:
        yield from wrap_lines(story.cause, width, "  ")
    for number, way in enumerate(story.passes):
        lead = "to pass: " if number == 0 else "and: "
        yield from wrap_lines(f"{lead}{way}", width, "  ")


def deadlines_told(summary: Summary, width: int, most: int) -> Iterator[str]:
    """The deadlines that came closest to their bounds."""
    told = describe_closest(summary.deadlines, most)
    if told:
        yield ""
        yield from wrap_lines(f"closest to their bounds: {told}", width, "  ")


def _row_lines(row: Row, width: int) -> Iterator[str]:
    """One event: what it was in as many lines as it takes, since its end may be what is wrong with it."""
    color = "red" if row.is_violation else None
    for line in _plain_row_lines(row, width):
        yield click.style(line, fg=color)


def _plain_row_lines(row: Row, width: int) -> Iterator[str]:
    lead = _place_of(row)
    room = width - len(lead) - ORIGIN_WIDTH
    first, *rest = _words_in_lines(row, room)
    origin = row.origin.rjust(ORIGIN_WIDTH - 1)
    yield f"{lead}{first:{room}} {origin}"
    indent = " " * len(lead)
    for more in rest:
        yield indent + more


def _place_of(row: Row) -> str:
    """Its mark, number and time, in columns."""
    return f"  {_mark_of(row)}{row.number:>3} {row.time:>11}  "


def _words_in_lines(row: Row, room: int) -> list[str]:
    times = f" ×{row.repeats}" if row.repeats > 1 else ""
    return textwrap.wrap(row.words + times, room) or [""]


def _mark_of(row: Row) -> str:
    if row.is_violation:
        return "✖"
    return "◆" if row.is_decisive else " "


def last_lines(summary: Summary, width: int) -> Iterator[str]:
    """The last block: the verdict, why, and what to type next."""
    colors = {Exit.SATISFIED: "green", Exit.VIOLATED: "red"}
    color = colors.get(summary.exit, "yellow")
    yield ""
    for text in textwrap.wrap(
        f"{summary.headline}: {summary.counts}", width, subsequent_indent="  "
    ):
        yield click.style(text, fg=color, bold=True)
    yield from wrap_lines(summary.subject, width, "  ")
    for story in summary.stories:
        yield from wrap_lines(
            f"{story.clause}: {story.title}. {story.loses}", width, "  "
        )
    for (_, problem), lines in group_alike(summary).items():
        names = ", ".join(line.id for line in lines)
        yield from wrap_lines(f"{names}: {problem}", width, "  ")
    for text in summary.problems:
        yield from wrap_lines(text, width, "  ")
    if summary.since_baseline:
        text = f"against the baseline: {summary.since_baseline}"
        yield from wrap_lines(text, width, "  ")
    if summary.repeats:
        yield from wrap_lines(describe_repeats(summary), width, "  ")
    for line in summary.excused:
        yield from wrap_lines(
            f"let through: {line.id}, {line.treatment.value}: {line.note}",
            width,
            "  ",
        )
    for text in summary.warnings:
        yield from wrap_lines(f"warning: {text}", width, "  ")
    for step in summary.next_steps:
        yield f"  to {step.why}:"
        yield f"    {step.command}"


def describe_repeats(summary: Summary) -> str:
    """How many checks were made, and on what they do not agree."""
    many = len(summary.repeats[0].verdicts)
    told = [f"{line.clause} {line.rate}" for line in summary.differing]
    agreed = len(summary.repeats) - len(told)
    first = (
        f"{many} checks agree on {agreed} of {len(summary.repeats)} clauses"
    )
    return "; ".join([first, *told])


def wrap_lines(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
    )


def github_lines(summary: Summary) -> Iterator[str]:
    """Annotations of a workflow: one for each problem."""
    for story in summary.stories:
        text = f"{story.title}. {story.loses} Again: {story.command}"
        yield annotate_line("error", f"{story.clause} is violated", text)
    told = {story.clause for story in summary.stories}
    for line in summary.failing:
        if line.id not in told:
            title = f"{line.id}: {line.verdict.value}"
            yield annotate_line(
                "error",
                title,
                f"{line.title}. {line.problem}",
            )
    for text in summary.problems:
        yield annotate_line("error", "the run", text)
    for text in summary.warnings:
        yield annotate_line("warning", "the run", text)
    for line in summary.excused:
        yield annotate_line(
            "warning",
            f"{line.id} was let through",
            line.note,
        )


def annotate_line(kind: str, title: str, text: str) -> str:
    return f"::{kind} title={escape_property(title)}::{escape_message(text)}"


def escape_message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    return escape_message(text).replace(":", "%3A").replace(",", "%2C")


class Progress:
    """Tells on standard error what is going on: a live line on a terminal, plain lines elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.is_live = (
            not quiet
            and sys.stderr.isatty()
            and os.environ.get("TERM") != "dumb"
        )

    def __enter__(self) -> Progress:
        if self.is_live:
            from rich.console import Console
            from rich.progress import Progress as Live
            from rich.progress import (
                SpinnerColumn,
                TextColumn,
                TimeElapsedColumn,
            )

            console = Console(stderr=True, highlight=False)
            columns = (
                SpinnerColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}", markup=False),
            )
            self._live = Live(*columns, console=console, transient=True)
            self._live.start()
            self._task = self._live.add_task("starting")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_live:
            self._live.stop()

    def tell(self, text: str) -> None:
        """One thing that was done, or is about to be."""
        shown = safe_text(text)
        if self.is_live:
            self._live.update(
                self._task,
                description=shown[: terminal_width() - 16],
            )
            self._live.console.print(
                f"  · {shown}", markup=False, style="dim"
            )
        elif not self.quiet:
            click.echo(f"  · {shown}", err=True)
