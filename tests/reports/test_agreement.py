"""Every format tells of the same bundle the same: its exit code, and numbers that come to the number of rows."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from bundles import clause, read, violated_bundle, write_bundle

from earwitness.conformance.cli.terminal import last_lines
from earwitness.conformance.gate.alike import group_alike
from earwitness.conformance.gate.judged import judge_bundle
from earwitness.conformance.gate.policy import Policy
from earwitness.conformance.gate.verdict import Verdict
from earwitness.model.trace import Origin
from earwitness.reports.format import load_format

NOW = datetime(2026, 11, 26, tzinfo=UTC)
CASES = {
    "violated without a sequence": (1, {"second": Verdict.VIOLATED}),
    "green": (0, {}),
    "on its word": (3, {"second": Verdict.ON_ITS_WORD}),
    "not exercised": (3, {"second": Verdict.NOT_EXERCISED}),
    "not observable": (3, {"second": Verdict.NOT_OBSERVABLE}),
    "inconclusive": (3, {"second": Verdict.INCONCLUSIVE}),
    "not applicable": (3, {"second": Verdict.NOT_APPLICABLE}),
    "on the driver's word": (0, {"evidence": Origin.DRIVER}),
}


def two_clauses(second=Verdict.SATISFIED, evidence=Origin.WITNESSED):
    return (
        clause("MIC-1", severity="critical"),
        clause("LED-1", second, evidence=evidence, needs=Origin.DRIVER),
    )


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    made = {
        name: write_bundle(
            folder / str(number) / "out", clauses=two_clauses(**facts)
        )
        for number, (name, (_, facts)) in enumerate(CASES.items())
    }
    made["violated"] = violated_bundle(folder / "red" / "out")
    return {
        name: judge_bundle(read(bundle), Policy(NOW))
        for name, bundle in made.items()
    }


NAMES = [*CASES, "violated"]


def exits_told(one):
    """The exit code that each format tells."""
    made = {
        name: load_format(name).render(one).decode()
        for name in ("json", "sarif", "attestation", "html")
    }
    (run,) = json.loads(made["sarif"])["runs"]
    return {
        "json": json.loads(made["json"])["exit"],
        "sarif": run["invocations"][0]["exitCode"],
        "attestation": json.loads(made["attestation"])["predicate"]["exit"],
        "html": int(re.search(r"</span> exit (\d+)<", made["html"])[1]),
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_format_tells_the_same_exit_code(cases, name):
    expected = CASES[name][0] if name in CASES else 1
    one = cases[name]
    assert one.summary.exit.value == expected
    assert set(exits_told(one).values()) == {expected}
    junit = ElementTree.fromstring(load_format("junit").render(one))
    wrong = junit.findall(".//failure") + junit.findall(".//error")
    assert bool(wrong) is (expected != 0)
    markdown = load_format("markdown").render(one).decode()
    assert markdown.splitlines()[0].endswith(one.summary.headline)
    badge = json.loads(load_format("badge").render(one))
    assert (badge["color"] == "brightgreen") is (expected == 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_of_the_headline_come_to_the_number_of_rows(cases, name):
    summary = cases[name].summary
    rows = len(summary.clauses)
    assert sum(map(int, re.findall(r"\b(\d+) ", summary.counts))) == rows
    assert f"Of {rows} clauses: {summary.counts}." in summary.sentence
    assert sum(summary.by_verdict.values()) == rows
    assert sum(sum(row.values()) for row in summary.matrix.values()) == rows
    good = summary.by_verdict.get("satisfied", 0)
    assert sum(summary.by_evidence.values()) == good
    oscal = json.loads(load_format("oscal").render(cases[name]))
    (result,) = oscal["assessment-results"]["results"]
    states = [f["target"]["status"]["state"] for f in result["findings"]]
    assert (len(states), states.count("satisfied")) == (rows, good)


@pytest.mark.parametrize("name", NAMES)
def test_every_clause_that_is_not_well_is_named_in_the_last_block(
    cases, name
):
    """Also one that is violated and has no sequence, as where several runs are compared."""
    summary = cases[name].summary
    shown = "\n".join(last_lines(summary, 80))
    for line in summary.failing:
        assert line.id in shown


def test_clauses_with_the_same_reason_are_told_once_with_all_their_names():
    lines = tuple(
        SimpleNamespace(
            id=f"MIC-{number}",
            verdict=Verdict.ON_ITS_WORD,
            problem=f"on its word: MIC-{number}.1: nobody saw it",
        )
        for number in range(9)
    )
    summary = SimpleNamespace(stories=(), failing=lines)
    assert group_alike(summary) == {
        (Verdict.ON_ITS_WORD, "on its word: nobody saw it"): lines
    }
