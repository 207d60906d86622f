"""The summary of a job on a code host: verdict, exceptions, what to do next, the clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.story import Story
from earwitness.conformance.gate.summary import (
    ClauseLine,
    Summary,
)
from earwitness.conformance.gate.verdict import Verdict
from earwitness.reports.format import Format

MARKS = {Verdict.SATISFIED: "✅", Verdict.VIOLATED: "❌"}
OTHER_MARK = "⚠️"
ACTING = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@:])")
"""Characters that Markdown, HTML or a code host (mentions, links) would act on."""


def escape_markdown(text: str) -> str:
    """The text so that it is shown as it is, in one line.

    >>> escape_markdown("<b>|@all")
    '\\\\<b\\\\>\\\\|\\\\@all'
    """
    return ACTING.sub(r"\\\1", " ".join(text.split()))


def render_markdown(judged: JudgedBundle) -> bytes:
    """The summary as Markdown."""
    return ("\n".join(_summary_lines(judged.summary)) + "\n").encode("utf-8")


def _summary_lines(summary: Summary) -> Iterator[str]:
    yield f"# {MARKS.get(_overall_verdict(summary), OTHER_MARK)} {summary.headline}"
    yield ""
    yield escape_markdown(summary.sentence)
    if summary.since_baseline:
        yield from [
            "",
            f"Against the baseline: {escape_markdown(summary.since_baseline)}.",
        ]
    for story in summary.stories:
        yield from _story_lines(story)
    others = [
        line
        for line in summary.failing
        if line.id not in {story.clause for story in summary.stories}
    ]
    yield from _clause_table(
        "What else keeps the gate from being green", others
    )
    yield from _clause_table("Let through by a decision", summary.excused)
    for title, texts in (
        ("About the run", summary.problems),
        ("Warnings", summary.warnings),
        ("Limits", summary.limits),
    ):
        if texts:
            yield from [
                "",
                f"## {title}",
                "",
                *(f"- {escape_markdown(text)}" for text in texts),
            ]
    yield from _repeat_table(summary)
    yield from _deadline_table(summary)
    if summary.next_steps:
        yield from ["", "## Next", ""]
        yield from (
            f"- {escape_markdown(step.why)}: {_code_span(step.command)}"
            for step in summary.next_steps
        )
    yield from _clause_table("All clauses", summary.clauses)


def _overall_verdict(summary: Summary) -> Verdict:
    is_known = summary.exit.value in (0, 1)
    return (
        (Verdict.SATISFIED, Verdict.VIOLATED)[summary.exit.value]
        if is_known
        else Verdict.INCONCLUSIVE
    )


def _story_lines(story: Story) -> Iterator[str]:
    yield from [
        "",
        f"## ❌ {story.clause}: {escape_markdown(story.title)}",
        "",
        f"**{escape_markdown(story.loses)}**",
        "",
    ]
    yield f"- Expected: {escape_markdown(story.expected)}"
    yield f"- Exactly: {escape_markdown(story.exactly)}"
    yield f"- Seen: {escape_markdown(story.seen)}"
    if story.steps:
        yield f"- What the test did: {escape_markdown('; '.join(story.steps))}"
    yield f"- Where to look: {escape_markdown(story.cause)}"
    yield from (f"- To pass: {escape_markdown(way)}" for way in story.passes)
    yield f"- Again: {_code_span(story.command)}"
    if story.rows:
        yield from [
            "",
            "| No. | Time | Event | Known from |",
            "|---|---|---|---|",
        ]
    for row in story.rows:
        mark = " **decides it**" if row.is_decisive else ""
        mark = " **violates it**" if row.is_violation else mark
        words = f"{escape_markdown(row.words)}{mark}"
        known_from = escape_markdown(row.origin)
        yield f"| {row.number} | {row.time} | {words} | {known_from} |"


def _repeat_table(summary: Summary) -> Iterator[str]:
    if not summary.repeats:
        return
    yield from [
        "",
        "## Over all checks",
        "",
        "| Clause | All together | Each |",
        "|---|---|---|",
    ]
    for line in summary.repeats:
        mark = MARKS.get(line.verdict, OTHER_MARK)
        yield f"| {line.clause} | {mark} {line.verdict.value} | {line.rate} |"


def _deadline_table(summary: Summary) -> Iterator[str]:
    if not summary.deadlines:
        return
    yield from [
        "",
        "## How close each deadline came",
        "",
        "| Part | Allowed | Slowest | Left |",
        "|---|---|---|---|",
    ]
    for line in summary.deadlines:
        cells = (
            escape_markdown(line.part),
            line.allowed,
            line.slowest,
            line.left_words,
        )
        yield f"| {' | '.join(cells)} |"


def _clause_table(
    title: str,
    lines: tuple[ClauseLine, ...] | list[ClauseLine],
) -> Iterator[str]:
    if not lines:
        return
    yield from [
        "",
        f"## {title}",
        "",
        "| Clause | Verdict | Evidence | Promise | Note | Revision |",
        "|---|---|---|---|---|---|",
    ]
    for line in lines:
        mark = MARKS.get(line.verdict, OTHER_MARK)
        note = line.note or line.problem
        cells = [
            line.id,
            f"{mark} {line.verdict.value}",
            line.evidence or "·",
            escape_markdown(line.title),
            escape_markdown(note),
            f"{escape_markdown(line.pack)} {line.pack_version}, {line.revision}",
        ]
        yield f"| {' | '.join(cells)} |"


def _code_span(command: str) -> str:
    """A command in a code span that nothing in it can end."""
    longest = max(
        (len(run) for run in re.findall("`+", command)),
        default=0,
    )
    fence = "`" * (longest + 1)
    return f"{fence} {' '.join(command.split())} {fence}"


FORMAT = Format("markdown", "md", render_markdown)
