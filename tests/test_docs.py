"""Documentation runs: every example of the clause language means what the page says, and the diagrams are
those of the tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from engines import disagreeing

from earwitness.conformance.cli.main import cli
from earwitness.conformance.cli.model import diagrams_page
from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.expression import Sort
from earwitness.model.logic.parser import UNITS, Scope, parse_formula
from earwitness.model.logic.partial_semantics import LogView, known_truth
from earwitness.model.logic.semantics import holds
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds, vocabulary

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = re.findall(
    r"```example\n(.*?)\n\n(.*?)```",
    (DOCS / "clauses.md").read_text("utf-8"),
    re.DOTALL,
)
SCOPE = Scope(
    {},
    {
        "microphone": {
            "off": "microphone.power(on = false) or power(on = false)",
            "on": "microphone.power(on = true)",
        }
    },
)
ROW = re.compile(
    r"(\d+) (us|ms|s|min) +([a-z_.]+)(?:\((.*?)\))? +(holds|violated|not known)"
)
LOGS = re.findall(
    r"```log\n(.*?)\n\n(.*?)```",
    (DOCS / "clauses.md").read_text("utf-8"),
    re.DOTALL,
)
TRUTH = {"holds": True, "violated": False, "not known": None}


def observation(row):
    time, unit, event, conditions, verdict = ROW.fullmatch(
        row.strip()
    ).groups()
    attributes = {}
    for name, text in (
        c.split(" = ") for c in (conditions or "").split(", ") if c
    ):
        sort = vocabulary().attributes[name].sort
        attributes[name] = (
            text == "true"
            if sort is Sort.BOOL
            else int(text)
            if sort is Sort.INT
            else text
        )
        assert name in vocabulary().events[
            event
        ].attributes and vocabulary().attributes[name].admits(
            attributes[name]
        )
    return Observation(
        Microseconds(int(time) * UNITS[unit]), "d1", event, attributes
    ), TRUTH[verdict]


@pytest.mark.parametrize(
    ("text", "rows"), EXAMPLES, ids=[text for text, _ in EXAMPLES]
)
def test_an_example_means_what_the_page_says(text, rows):
    seen, verdicts = zip(
        *(observation(row) for row in rows.strip().splitlines()), strict=True
    )
    formula = parse_formula(text, SCOPE)
    assert [holds(formula, seen, i) for i in range(len(seen))] == list(
        verdicts
    )
    assert disagreeing(formula, seen) == []


@pytest.mark.parametrize(
    ("text", "rows"), LOGS, ids=[text for text, _ in LOGS]
)
def test_a_log_shows_what_the_page_says(text, rows):
    seen, verdicts = zip(
        *(observation(row) for row in rows.strip().splitlines()), strict=True
    )
    formula = parse_formula(text, SCOPE)
    assert [
        known_truth(formula, seen, i, LogView()) for i in range(len(seen))
    ] == list(verdicts)


def test_the_page_shows_every_operator():
    shown = " ".join(text for text, _ in EXAMPLES)
    assert all(
        word in shown
        for word in (
            "not",
            "implies",
            "its",
            "last",
            "once within",
            "since",
            "historically for",
            "is on",
            "after",
            "unless",
            "count",
        )
    )


def test_a_formula_is_tried_on_a_file():
    example = str(DOCS.parent / "examples" / "mute.jsonl")
    said = CliRunner().invoke(
        cli,
        ["policy", "try", "audio.captured implies microphone is on", example],
    )
    assert said.exit_code == 1 and said.output.count("violated") == 2, (
        said.output
    )
    said = CliRunner().invoke(
        cli,
        [
            "policy",
            "try",
            "audio.captured implies its buffered <= $preroll",
            example,
        ],
    )
    assert said.exit_code == 0, said.output
    assert (
        CliRunner()
        .invoke(cli, ["policy", "try", "tone implies blue is lit", example])
        .exit_code
        == 3
    )
    assert CliRunner().invoke(
        cli,
        [
            "policy",
            "try",
            "button.microphone implies tick within 1 s after tick",
            example,
        ],
    ).exit_code in (0, 3)


def test_a_deadline_that_is_open_at_the_end_is_no_pass(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"time": 0, "device": "d1", "event": "button.microphone"}\n'
    )
    assert (
        CliRunner()
        .invoke(
            cli,
            [
                "policy",
                "try",
                "tick within 1 s after button.microphone",
                str(path),
            ],
        )
        .exit_code
        == 3
    )


def test_the_diagrams_are_those_of_the_tables():
    """Otherwise: earwitness diagrams > docs/model.md"""
    page = (DOCS / "model.md").read_text("utf-8")
    assert page == diagrams_page()
    assert all(f"## {part.name}" in page for part in ASSISTANT.tables)
