"""A check about some clauses: it says nothing of the others, so it is never green."""

from __future__ import annotations

import pytest
from bundles import HONEST, LEAKY, SIGHT, read, small_pack, write_bundle
from click.testing import CliRunner

from earwitness.conformance.cli.main import cli
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.judged import judge_bundle
from earwitness.conformance.gate.policy import Policy, today
from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.running.examination import Plan, left_out
from earwitness.conformance.running.judgement import Circumstances
from earwitness.conformance.running.rejudge import contradictions_of


def filtered(out, trace, *only):
    doubts = left_out(small_pack().clauses, Plan(only=only))
    known = Circumstances(sight=SIGHT, doubts=doubts)
    return read(write_bundle(out, trace=trace, known=known))


def test_what_is_left_out_is_not_green_however_well_the_rest_is(tmp_path):
    bundle = filtered(tmp_path / "out", HONEST, "MIC")
    judged = judge_bundle(bundle, Policy(today()))
    assert [line.verdict for line in judged.summary.clauses] == [
        Verdict.SATISFIED,
        Verdict.INCONCLUSIVE,
    ]
    assert judged.decision.exit is Exit.INCONCLUSIVE
    assert "about MIC alone" in judged.summary.failing[0].problem
    assert contradictions_of(bundle, [small_pack()]) == []


@pytest.mark.parametrize("only", ["MIC", "LED"])
def test_a_violation_is_red_whichever_clauses_it_is_about(tmp_path, only):
    bundle = filtered(tmp_path / "out", LEAKY, only)
    judged = judge_bundle(bundle, Policy(today()))
    assert judged.decision.exit is Exit.VIOLATED


def test_a_beginning_that_no_clause_has_is_told_with_the_nearest(tmp_path):
    words = ["check", "--clause", "mik", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == Exit.USAGE.value
    assert "no clause of these packs begins with 'mik'" in done.output
    assert not list((tmp_path / "out").glob("2*"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--clause", "mik"], "begins with 'mik'"),
        (["--clause", "RET-5"], "is to be proved"),
        (["--clause", "MIC", "--store", "x"], "leave out --clause"),
    ],
)
def test_some_clauses_are_proved_only_where_that_says_something(
    words, reason
):
    done = CliRunner().invoke(cli, ["prove", *words])
    assert done.exit_code == Exit.USAGE.value
    assert reason in done.output
