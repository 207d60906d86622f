"""Checks of one target, one after another: what differs between them does not depend on which was the last."""

from itertools import permutations
from shutil import rmtree

import msgspec
import pytest
from bundles import (
    HONEST,
    LEAKY,
    leak,
    observed,
    read,
    small_pack,
    violated_bundle,
    write_bundle,
)
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from earwitness.conformance.cli.terminal import describe_repeats
from earwitness.conformance.evidence.earlier import (
    count_violations,
    record_check,
)
from earwitness.conformance.evidence.records import FindingRecord
from earwitness.conformance.evidence.writer import EARLIER, encode_record
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.judged import judge_bundle
from earwitness.conformance.gate.policy import Policy, today
from earwitness.conformance.gate.repeats import settle_verdict
from earwitness.conformance.gate.verdict import WORST_FIRST, Verdict
from earwitness.conformance.running.rejudge import contradictions_of
from earwitness.reports.format import load_format

PACKS = (small_pack(),)
QUIET = (observed(0, "microphone.power", on=True),)
"""A check in which nothing was captured: both clauses are not exercised."""


def check_after(out, earlier, write=write_bundle, **facts):
    """One more check of the target, told of those before it."""
    files = [(EARLIER, encode_record(earlier))] if earlier else []
    return read(write(out, files=files, **facts))


def check_in_a_row(out, kinds):
    """Checks one after another; the last bundle, which knows of all."""
    earlier = ()
    for write, facts in kinds:
        bundle = check_after(out, earlier, write, **facts)
        earlier = (*earlier, record_check(bundle, PACKS))
    return bundle


def decide(bundle):
    return judge_bundle(bundle, Policy(today()))


def result_of(bundle, clause="MIC-1"):
    found = {c.result.id: c.result for c in decide(bundle).decision.clauses}
    return found[clause]


KEPT, LEAKED = (write_bundle, {}), (violated_bundle, {})
IDLE = (write_bundle, {"trace": QUIET})


def test_one_check_is_judged_by_itself(tmp_path):
    bundle = check_in_a_row(tmp_path / "run", [LEAKED])
    assert result_of(bundle).verdict is Verdict.VIOLATED
    assert decide(bundle).summary.repeats == ()


def test_what_all_checks_agree_on_is_as_it_was(tmp_path):
    bundle = check_in_a_row(tmp_path / "run", [KEPT, KEPT])
    assert result_of(bundle) == bundle.results.clauses[0]
    assert not decide(bundle).summary.differing


@pytest.mark.parametrize("order", set(permutations([LEAKED[0], KEPT[0]])))
def test_what_one_run_violated_and_no_other_is_inconclusive(tmp_path, order):
    bundle = check_in_a_row(
        tmp_path / "run", [(write, {}) for write in order]
    )
    found = result_of(bundle)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == (
        "violated in 1 and satisfied in 1 of 2 checks; it was seen in one run of all, and not again"
    )
    assert decide(bundle).decision.exit is Exit.INCONCLUSIVE


@pytest.mark.parametrize("last", [LEAKED, KEPT])
def test_what_two_checks_violated_is_violated_with_the_rate(tmp_path, last):
    others = [LEAKED, KEPT] if last is LEAKED else [LEAKED, LEAKED]
    bundle = check_in_a_row(tmp_path / "run", [*others, last])
    found = result_of(bundle)
    assert found.verdict is Verdict.VIOLATED
    assert found.reason == (
        "violated in 2 and satisfied in 1 of 3 checks; it was seen in 2 runs of all"
    )
    assert decide(bundle).decision.exit is Exit.VIOLATED


def test_a_shorter_way_is_a_second_run(tmp_path):
    alike = read(violated_bundle(tmp_path / "run"))
    later = observed(40, "audio.captured", bytes=2_560, buffered=0)
    another = (*HONEST, later)
    shortened = read(
        write_bundle(tmp_path / "run", trace=another, failure=leak())
    )
    assert count_violations(alike, PACKS) == {"MIC-1": 1}
    assert count_violations(shortened, PACKS) == {"MIC-1": 2}


def test_without_a_violation_the_weakest_verdict_stands(tmp_path):
    bundle = check_in_a_row(tmp_path / "run", [IDLE, KEPT])
    found = result_of(bundle)
    assert found.verdict is Verdict.NOT_EXERCISED
    assert found.reason == "not exercised in 1 and satisfied in 1 of 2 checks"


@given(
    st.lists(st.sampled_from(WORST_FIRST), min_size=1, max_size=6),
    st.integers(1, 5),
)
def test_the_order_of_checks_changes_nothing(verdicts, violations):
    found = settle_verdict(verdicts, violations)
    assert found is settle_verdict(verdicts[::-1], violations)
    assert found is settle_verdict(sorted(verdicts, key=str), violations)


@given(st.lists(st.sampled_from(WORST_FIRST), min_size=2, max_size=6))
def test_what_differs_is_never_satisfied(verdicts):
    if len(set(verdicts)) > 1:
        assert settle_verdict(verdicts, 1) is not Verdict.SATISFIED


def test_a_finding_of_an_earlier_check_forbids_a_green(tmp_path):
    found = FindingRecord(kind="not healed", text="it died", blocking=True)
    told = (write_bundle, {"findings": (found,)})
    bundle = check_in_a_row(tmp_path / "run", [told, KEPT])
    problems = decide(bundle).summary.problems
    assert "in check 1 (seed 7): not healed: it died" in problems


def test_an_earlier_check_that_ended_early_is_told(tmp_path):
    bundle = check_in_a_row(
        tmp_path / "run", [(write_bundle, {"exit_code": 4}), KEPT]
    )
    assert decide(bundle).decision.exit is Exit.NOT_DRIVABLE


def test_a_bundle_that_lies_beside_must_be_what_is_told_of_it(tmp_path):
    first = read(violated_bundle(tmp_path / "run"))
    told = record_check(first, PACKS)
    forged = msgspec.structs.replace(
        told,
        verdicts={**told.verdicts, "MIC-1": Verdict.SATISFIED},
        violations={},
    )
    honest = check_after(tmp_path / "run", (told,))
    lying = check_after(tmp_path / "run", (forged,))
    assert contradictions_of(honest, PACKS) == []
    (text,) = contradictions_of(lying, PACKS)
    assert text.startswith(f"earlier.json: {told.id} lies beside it")


def test_a_bundle_that_is_gone_is_believed_and_that_is_told(tmp_path):
    first = read(violated_bundle(tmp_path / "run"))
    bundle = check_after(
        tmp_path / "run", (record_check(first, PACKS),), trace=LEAKY
    )
    assert not decide(bundle).summary.warnings
    rmtree(first.folder)
    (warning,) = decide(bundle).summary.warnings
    assert first.manifest.id in warning


@pytest.mark.parametrize("form", ["html", "markdown", "json"])
def test_reports_show_every_check(tmp_path, form):
    judged = decide(check_in_a_row(tmp_path / "run", [LEAKED, KEPT, KEPT]))
    text = load_format(form).render(judged).decode()
    assert "violated in 1 and satisfied in 2 of 3 checks" in text
    assert describe_repeats(judged.summary).startswith(
        "3 checks agree on 1 of 2 clauses; MIC-1 violated in 1"
    )


def test_the_command_makes_as_many_bundles_as_it_is_asked_for(tmp_path):
    from earwitness.conformance.cli.main import cli

    words = ["check", "--target", "exec:python3 examples/targets/small.py"]
    words += [
        "--no-proofs",
        "--examples",
        "1",
        "--repeat",
        "2",
        "--seed",
        "5",
    ]
    words += ["--clause", "WAKE-1", "--budget", "5", "--out", str(tmp_path)]
    ran = CliRunner().invoke(cli, words)
    assert ran.exit_code in (Exit.VIOLATED.value, Exit.INCONCLUSIVE.value)
    assert "2 checks agree on" in ran.output
    last = read(tmp_path / "latest")
    (first,) = last.earlier
    assert (first.seed, last.manifest.seed) == (5, 6)
    assert read(tmp_path / first.id).digest == first.digest
