"""The pytest plugin, as a stranger's project uses it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from bundles import violated_bundle, write_bundle
from forging import edit, in_json

from earwitness.conformance.evidence.writer import BundleWriter

pytest_plugins = ["pytester"]


@pytest.fixture
def red(tmp_path):
    return violated_bundle(tmp_path / "red")


@pytest.fixture
def green(tmp_path):
    return write_bundle(tmp_path / "green")


def run(pytester, *words):
    return pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", *map(str, words), timeout=120
    )


def test_each_clause_is_a_test_and_a_violation_is_told_in_words(
    pytester, red
):
    done = run(pytester, "--earwitness-bundle", red)
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["*MIC-1: While muted nothing is captured*"])
    done.stdout.fnmatch_lines(
        ["*Sound of the room is taken up*", "*again: earwitness replay*"]
    )
    assert done.ret == 1 and "Traceback" not in done.stdout.str()


def test_a_green_bundle_passes(pytester, green):
    run(pytester, "--earwitness-bundle", green).assert_outcomes(passed=3)


def test_clauses_are_chosen_by_name_beside_the_projects_own_tests(
    pytester, red
):
    pytester.makepyfile("def test_mine():\n    pass\n")
    run(pytester, "--earwitness-bundle", red).assert_outcomes(
        passed=3, failed=1
    )
    run(pytester, "--earwitness-bundle", red, "-k", "LED").assert_outcomes(
        passed=1
    )
    run(pytester).assert_outcomes(passed=1)


def test_it_works_with_xdist_and_junitxml(pytester, red):
    done = run(
        pytester, "--earwitness-bundle", red, "-n", "2", "--junitxml=out.xml"
    )
    done.assert_outcomes(passed=2, failed=1)
    suite = (
        ElementTree.parse(pytester.path / "out.xml")
        .getroot()
        .find("testsuite")
    )
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")


def test_a_waiver_skips_and_an_evidence_floor_fails(pytester, red, green):
    waivers = pytester.path / "waivers.yaml"
    waivers.write_text(
        "waivers:\n  - {id: W-1, clause: MIC-1, reason: r, risk: r, owner: o, approved_by: A, expires: "
        "2999-01-01}\n"
    )
    done = run(
        pytester, "--earwitness-bundle", red, "--earwitness-waivers", waivers
    )
    done.assert_outcomes(passed=2, skipped=1)
    assert (
        run(
            pytester,
            "--earwitness-bundle",
            green,
            "--earwitness-profile",
            "certification",
        ).ret
        == 1
    )


def test_a_forged_or_partial_bundle_is_no_pass(pytester, green, tmp_path):
    edit(
        green,
        "results.json",
        in_json(lambda e: e["clauses"][1].update(exercised=7)),
    )
    forged = run(pytester, "--earwitness-bundle", green)
    assert forged.ret == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in forged.stdout.str() + forged.stderr.str()
    forged.stderr.fnmatch_lines(["*LED-1*"])
    BundleWriter(tmp_path / "partial", "exec:./device")
    partial = run(pytester, "--earwitness-bundle", tmp_path / "partial")
    assert partial.ret == pytest.ExitCode.USAGE_ERROR
    partial.stderr.fnmatch_lines(["*did not come to its end*"])


def test_a_target_that_cannot_be_driven_is_no_pass(pytester):
    done = run(pytester, "--earwitness-target", "exec:/no/such/device")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*cannot be started*"])
