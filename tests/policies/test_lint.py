"""Lint asks a solver: a promise that nothing can break, or nothing can put to the test, is refused."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from earwitness.conformance.cli.policy import policy
from earwitness.policies.lint import find_empty_promises
from earwitness.policies.pack import load

HEAD = """
pack: mine
version: 1
source: ours
states: {stream: {open: stream.open, closed: stream.close}}
clauses:
  - {id: A-1, title: t, source: [S], severity: low, ways: [searched], formula: %s, trigger: %s}
"""


@pytest.fixture
def faults_of(tmp_path):
    def lint(formula: str, trigger: str = "tone"):
        path = tmp_path / "mine.yaml"
        path.write_text(HEAD % (f'"{formula}"', f'"{trigger}"'))
        return [
            fault.removeprefix(f"{path}: ")
            for fault in find_empty_promises(load(path))
        ]

    return lint


@pytest.mark.parametrize(
    "formula",
    [
        "tone implies tone",
        "1 = 1",
        "tone implies once tone",
        "not (stream is open and stream is closed)",
    ],
)
def test_a_promise_that_no_trace_can_break_is_refused(faults_of, formula):
    (fault,) = faults_of(formula)
    assert fault.startswith("A-1.1: no trace can break it")


@pytest.mark.parametrize(
    "trigger",
    ["tone and stream.open", "tone and stream is open and stream is closed"],
)
def test_a_promise_that_nothing_can_exercise_is_refused(faults_of, trigger):
    (fault,) = faults_of("tone implies stream is open", trigger)
    assert fault.startswith("A-1.1: nothing can exercise it")


@pytest.mark.parametrize(
    "trigger",
    ["tone or not tone", "now >= 0", "not stream is open or stream is open"],
)
def test_a_trigger_that_is_always_true_is_refused(faults_of, trigger):
    (fault,) = faults_of("tone implies stream is open", trigger)
    assert fault.startswith("A-1.1: every event exercises it")


def test_a_promise_that_can_be_broken_and_exercised_is_in_order(faults_of):
    assert faults_of("tone implies stream is open") == []


def test_the_command_names_the_fault_and_ends_with_the_code_of_wrong_use(
    tmp_path,
):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD % ('"tone implies tone"', "tone"))
    result = CliRunner().invoke(policy, ["lint", str(path)])
    assert result.exit_code == 2
    assert "no trace can break it" in result.output


def test_show_takes_an_id_in_any_case_and_says_whose_bounds_they_are():
    shown = (
        CliRunner()
        .invoke(policy, ["show", "mic-3", "--pack", "alexa-smart-properties"])
        .output
    )
    for part in (
        "MIC-3.1",
        "MIC-3.2",
        "needs    witnessed",
        "in words",
        "$close = 2 s  ours",
    ):
        assert part in shown


def test_list_names_every_pack_with_what_could_not_be_read():
    listed = CliRunner().invoke(policy, ["list"]).output
    for name in (
        "alexa-smart-properties",
        "en-18031-2-microphones",
        "deletion-and-retention",
    ):
        assert name in listed
    assert "unread   EN 18031-2:2024" in listed
