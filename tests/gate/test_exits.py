"""The table of exit codes: complete, ordered, and the same wherever it is shown."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from click.testing import CliRunner

from earwitness.conformance.cli.main import cli
from earwitness.conformance.gate.exits import (
    MEANING,
    PRECEDENCE,
    Exit,
    describe_exits,
    exits_page,
    strongest,
)


def test_every_code_has_a_meaning_and_a_place_in_the_order():
    assert set(MEANING) == set(Exit)
    assert sorted(PRECEDENCE, key=lambda code: code.value) == sorted(
        Exit, key=lambda code: code.value
    )


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.combinations(PRECEDENCE, 2))
)
def test_of_two_the_earlier_in_the_order_is_the_exit_code(first, second):
    assert strongest([first, second]) is first
    assert strongest([second, first]) is first


def test_nothing_at_all_is_not_green():
    assert strongest([]) is Exit.INCONCLUSIVE


def test_the_help_shows_the_table():
    shown = CliRunner().invoke(cli, ["--help"]).output
    assert all(
        line.strip() in shown for line in describe_exits().splitlines()
    )


def test_the_documentation_shows_the_table():
    page = Path(__file__).parents[2] / "docs" / "gate.md"
    assert exits_page() in page.read_text("utf-8")
