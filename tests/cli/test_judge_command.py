"""Logs judged from the command line and from the library."""

from __future__ import annotations

import doctest
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import earwitness.conformance
from earwitness.conformance import library
from earwitness.conformance.cli.main import cli

FIELD = Path(__file__).parents[1] / "field"


def run(*words):
    return CliRunner().invoke(cli, ["judge", *map(str, words)])


def test_the_examples_of_the_library_run():
    assert doctest.testmod(library).failed == 0
    assert doctest.testmod(library).attempted >= 4


def test_the_three_names_of_the_library_are_there_and_no_others():
    assert all(
        callable(getattr(earwitness.conformance, name))
        for name in ("check", "judge", "load_pack")
    )
    with pytest.raises(AttributeError, match="has no attribute 'chek'"):
        earwitness.conformance.chek  # noqa: B018


def test_a_violated_log_exits_1_and_names_the_line():
    done = run(FIELD / "02-avs2066-mic-not-powered-down.jsonl")
    assert done.exit_code == 1
    assert "MIC-1   violated" in done.output and "line 7" in done.output


def test_a_clause_filter_keeps_the_exit_code_of_what_it_shows():
    file = FIELD / "02-avs2066-mic-not-powered-down.jsonl"
    assert run(file, "--clause", "MIC-1").exit_code == 1
    assert run(file, "--clause", "CALL").exit_code == 3
    assert run(file, "--clause", "NONE").exit_code == 2


def test_a_log_with_a_bad_line_is_never_green(tmp_path):
    text = (FIELD / "00-clean-request.jsonl").read_text()
    (tmp_path / "log.jsonl").write_text(text + "\x1b[31mnot json\n")
    done = run(tmp_path / "log.jsonl")
    assert done.exit_code == 3
    assert (
        "\x1b[31mnot" not in done.output and "cannot be read" in done.output
    )


def test_json_has_one_line_a_clause():
    done = run(
        FIELD / "02-avs2066-mic-not-powered-down.jsonl", "--format", "json"
    )
    entries = [json.loads(line) for line in done.output.splitlines()]
    assert {entry["clause"]: entry["verdict"] for entry in entries}[
        "MIC-1"
    ] == "violated"
