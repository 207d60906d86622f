"""Promises are kept together or are found in conflict, with a trace after which it is too late."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from earwitness.conformance.cli.policy import policy
from earwitness.policies.consistency import Consistency, check_consistency
from earwitness.policies.pack import load

RED = """
    {id: MIC-4, title: t, source: [S], severity: low, ways: [searched], conjuncts: [
      {formula: "light(color = red, on = true) within 100 ms after microphone.power(on = false) %s"},
      {formula: "light(color = red, on = true) implies not microphone is on"}]}
"""
QUICK = RED % ""
MENDED = RED % "unless microphone.power(on = true)"
CLAUSE = "{id: %s, title: t, source: [S], severity: low, ways: [searched], formula: %s, trigger: tone}"


@pytest.fixture
def pack_of(tmp_path):
    def write(*clauses: str):
        path = tmp_path / "mine.yaml"
        path.write_text(
            "pack: mine\nversion: 1\nsource: ours\n"
            "states: {microphone: {on: microphone.power(on = true), off: microphone.power(on = false)}}\n"
            "clauses:\n" + "".join(f"  - {c.strip()}\n" for c in clauses),
            "utf-8",
        )
        return path

    return write


def clause(identity: str, formula: str) -> str:
    return CLAUSE % (identity, json.dumps(formula))


def conflicts_in(path):
    found = check_consistency([load(path)], seconds=20)
    return [f for f in found if f.consistency is Consistency.CONFLICT]


def test_a_red_light_cannot_keep_up_with_a_button_that_is_pressed_quickly(
    pack_of,
):
    (found,) = conflicts_in(pack_of(QUICK))
    assert found.conjunct == "MIC-4.1"
    assert [(o.event, o.attributes["on"]) for o in found.trace] == [
        ("microphone.power", False),
        ("microphone.power", True),
    ]


def test_it_can_where_the_second_press_ends_the_duty(pack_of):
    path = pack_of(MENDED)
    assert not conflicts_in(path)
    assert {
        f.consistency for f in check_consistency([load(path)], seconds=20)
    } == {Consistency.PROVED}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("tone within 1 s after wake_word", "not tone"),
        (
            "tone within 1 s after wake_word",
            "tone implies not once within 5 s wake_word",
        ),
        (
            "screen(symbol = blue_bar, on = true) within 1 s after tone",
            "screen implies its symbol != blue_bar",
        ),
    ],
)
def test_a_duty_that_another_promise_forbids_to_meet_is_a_conflict(
    pack_of, first, second
):
    path = pack_of(clause("A-1", first), clause("B-1", second))
    (found,) = conflicts_in(path)
    assert found.conjunct == "A-1.1"
    assert found.others == ("B-1.1",)


def test_a_duty_that_can_be_met_unless_it_is_asked_again_too_late_is_a_conflict(
    pack_of,
):
    path = pack_of(
        clause("A-1", "tone within 3 s after wake_word"),
        clause("B-1", "tone implies not once within 1 s wake_word"),
    )
    (found,) = conflicts_in(path)
    # The second wake word forbids the tone until the first one's deadline is past.
    assert [o.event for o in found.trace].count("wake_word") >= 2


def test_a_promise_may_not_forbid_what_people_do_at_any_time(pack_of):
    path = pack_of(
        clause("A-1", "button.action implies once within 1 s wake_word")
    )
    (found,) = conflicts_in(path)
    assert found.conjunct == "A-1.1"


def test_the_command_names_the_conflict_and_shows_the_way_to_it(pack_of):
    path = str(pack_of(QUICK))
    result = CliRunner().invoke(policy, ["consistency", path])
    assert result.exit_code == 1
    assert "MIC-4.1: cannot be kept beside MIC-4.2" in result.output
    assert result.output.count("microphone.power") == 2


def test_the_command_is_content_with_promises_that_can_be_kept(pack_of):
    path = str(pack_of(MENDED))
    result = CliRunner().invoke(policy, ["consistency", path])
    assert result.exit_code == 0
    assert "1 duty can be met in every state" in result.output
