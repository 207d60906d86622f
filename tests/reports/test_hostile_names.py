"""Nothing that a target says acts in any format, on a terminal or in a matrix."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import click
import pytest
from rendering import render

from earwitness.conformance.cli.terminal import (
    deadlines_told,
    github_lines,
    last_lines,
    story_lines,
    table_lines,
)
from earwitness.reports.matrix import matrix_markdown, matrix_page


@pytest.mark.parametrize(
    "name",
    [
        "html",
        "json",
        "markdown",
        "badge",
        "junit",
        "sarif",
        "attestation",
        "test-result",
        "oscal",
    ],
)
def test_what_a_target_says_does_not_act(name, hostile):
    text = render(name, hostile).decode("utf-8")
    assert (
        "\x1b" not in text
        and "\x00" not in text
        and "\u202e" not in text
        and "\u2066" not in text
    )
    if name == "html":
        assert "<script" not in text
    if name == "markdown":
        from markdown_it import MarkdownIt

        shown = (
            MarkdownIt("commonmark", {"html": True})
            .enable("table")
            .render(text)
        )
        assert (
            "<script" not in shown
            and "forged</h2>" not in shown
            and "&lt;script" in shown
        )
    if name == "junit":
        ElementTree.fromstring(text)
    if name in (
        "json",
        "badge",
        "sarif",
        "attestation",
        "test-result",
        "oscal",
    ):
        json.loads(text)


def test_what_a_target_says_does_not_act_on_a_terminal_or_in_a_matrix(
    hostile,
):
    summary = hostile.summary
    shown = [
        *table_lines(summary.clauses, 80),
        *(
            line
            for story in summary.stories
            for line in story_lines(story, 80)
        ),
        *deadlines_told(summary, 80, most=9),
        *last_lines(summary, 80),
        *github_lines(summary),
        matrix_markdown([hostile]),
        matrix_page([hostile], Path()),
    ]
    for text in shown:
        plain = click.unstyle(text)
        assert not set(plain) & {"\x1b", "\x00", "\r", "\u202e", "\u2066"}
    assert "<script" not in matrix_page([hostile], Path())
    for line in github_lines(summary):
        assert "\n" not in line and line.count("::error") <= 2
