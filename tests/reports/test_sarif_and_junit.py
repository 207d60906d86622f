"""SARIF and JUnit, read by somebody else: the standard's schema and foreign readers."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import date

import msgspec
import pytest
from bundles import (
    LEAKY,
    clause,
    read,
    violated_bundle,
    write_bundle,
)
from jsonschema import Draft7Validator
from rendering import STANDARDS, judged, render

from earwitness.conformance.gate.baseline import ClauseChange
from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.gate.waivers import Waiver
from earwitness.reports.sarif import BASELINE_STATES


def test_sarif_follows_the_schema_of_the_standard(red, green, hostile):
    validator = Draft7Validator(
        json.loads((STANDARDS / "sarif-2.1.0-rtm.5.json").read_text())
    )
    for one in (red, green, hostile):
        validator.validate(json.loads(render("sarif", one)))


def test_sarif_is_read_by_foreign_tools_and_points_at_the_clause(
    red, tmp_path
):
    path = tmp_path / "report.sarif.json"
    path.write_bytes(render("sarif", red))
    command = [
        sys.executable,
        "-m",
        "sarif",
        "--check",
        "error",
        "summary",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "MIC-1" in done.stdout, done.stderr
    (result,) = [
        r
        for r in json.loads(path.read_bytes())["runs"][0]["results"]
        if r["kind"] == "fail"
    ]
    place = result["locations"][0]["physicalLocation"]
    pack = red.bundle.folder / place["artifactLocation"]["uri"]
    assert (
        "id: MIC-1"
        in pack.read_text().splitlines()[place["region"]["startLine"] - 1]
    )
    assert (
        result["partialFingerprints"]["earwitness/v1"]
        == red.decision.clauses[0].fingerprint
    )


@pytest.mark.parametrize(
    ("before", "version", "states"),
    [
        ("red", 3, ["unchanged", "unchanged"]),
        ("green", 3, ["new", "unchanged"]),
        ("green that lacks it", 3, ["new", "unchanged"]),
        ("green that lacks it", 2, ["new", "unchanged"]),
        ("green of another revision", 2, ["updated", "unchanged"]),
    ],
)
def test_sarif_tells_what_became_of_each_clause_since_the_baseline(
    red, green, before, version, states
):
    """What the baseline lacks is new to whoever reads the results, whether its pack explains that or not."""
    results = green.bundle.results
    first, *others = results.clauses
    known = {
        "red": red.bundle.results.clauses,
        "green": results.clauses,
        "green that lacks it": tuple(others),
        "green of another revision": (
            replace(first, revision="00000000"),
            *others,
        ),
    }[before]
    manifest = green.bundle.manifest
    packs = tuple(
        msgspec.structs.replace(pack, version=version)
        for pack in manifest.packs
    )
    baseline = replace(
        green.bundle,
        manifest=msgspec.structs.replace(manifest, packs=packs),
        results=msgspec.structs.replace(results, clauses=known),
    )
    document = json.loads(
        render("sarif", judged(red.bundle, baseline=baseline))
    )
    Draft7Validator(
        json.loads((STANDARDS / "sarif-2.1.0-rtm.5.json").read_text())
    ).validate(document)
    found = document["runs"][0]["results"]
    assert [result["baselineState"] for result in found] == states


def test_sarif_has_a_word_for_every_change_since_a_baseline():
    assert set(BASELINE_STATES) == {change.value for change in ClauseChange}


def test_a_waiver_is_a_suppression_in_sarif_and_skipped_in_junit(tmp_path):
    waiver = Waiver(
        id="W-1",
        clause="MIC-1",
        reason="fixed soon",
        risk="r",
        owner="o",
        approved_by="A. Person",
        expires=date(2027, 1, 1),
    )
    one = judged(read(violated_bundle(tmp_path / "out")), waivers=(waiver,))
    results = json.loads(render("sarif", one))["runs"][0]["results"]
    assert "A. Person" in results[0]["suppressions"][0]["justification"]
    cases = list(
        ElementTree.fromstring(render("junit", one)).iter("testcase")
    )
    assert (
        cases[0].find("skipped") is not None
        and cases[0].find("failure") is None
    )
    assert (
        "A. Person" in render("html", one).decode()
        and "A. Person" in render("markdown", one).decode()
    )


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.VIOLATED, "failure"),
        (Verdict.INCONCLUSIVE, "error"),
        (Verdict.ON_ITS_WORD, "error"),
        (Verdict.NOT_EXERCISED, "error"),
        (Verdict.NOT_OBSERVABLE, "error"),
    ],
)
def test_in_junit_nothing_but_satisfied_is_a_pass(tmp_path, verdict, kind):
    results = (clause("MIC-1", verdict, severity="critical"), clause("LED-1"))
    one = judged(
        read(
            write_bundle(
                tmp_path / "out", clauses=results, trace=LEAKY, exit_code=3
            )
        )
    )
    cases = list(
        ElementTree.fromstring(render("junit", one)).iter("testcase")
    )
    assert cases[0].find(kind) is not None
    assert len(cases[1]) == 1 and cases[1].find("system-out") is not None


def test_junit_is_read_by_a_foreign_reader(red, hostile):
    from junitparser import JUnitXml

    for one in (red, hostile):
        document = JUnitXml.fromstring(render("junit", one))
        assert (document.tests, document.failures) == (3, 1)


def test_junit_follows_the_schema_by_which_a_ci_reads_it(red, green, hostile):
    from lxml import etree

    schema = etree.XMLSchema(etree.parse(STANDARDS / "junit-10.xsd"))
    for one in (red, green, hostile):
        document = etree.fromstring(render("junit", one))
        schema.assertValid(document)
    next(document.iter("testcase")).set("surprise", "1")
    assert not schema.validate(document)
