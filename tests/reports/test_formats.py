"""Every report format, read by somebody else: the standard's schema or a foreign reader. Nothing hostile
acts in any of them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click
import jsonschema_rs
import msgspec
import pytest
from bundles import (
    LEAKY,
    clause,
    leak,
    read,
    small_pack,
    violated_bundle,
    write_bundle,
)
from google.protobuf.json_format import ParseDict, ParseError
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from jsonschema import Draft7Validator, Draft202012Validator

from earwitness.conformance.cli.terminal import (
    deadlines_told,
    github_lines,
    last_lines,
    story_lines,
    table_lines,
)
from earwitness.conformance.evidence.records import (
    AccountRecord,
    FindingRecord,
    NearMiss,
    SearchRecord,
    StoresRecord,
)
from earwitness.conformance.evidence.schemas import schema_text
from earwitness.conformance.gate.baseline import ClauseChange
from earwitness.conformance.gate.judged import judge_bundle
from earwitness.conformance.gate.policy import Policy
from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.gate.waivers import Waiver
from earwitness.model.trace import Origin
from earwitness.reports.format import (
    DEFAULT,
    ReportError,
    installed_formats,
    load_format,
    write_reports,
)
from earwitness.reports.json import json_schema, schema_file
from earwitness.reports.matrix import matrix_markdown, matrix_page
from earwitness.reports.pdf import css_string
from earwitness.reports.sarif import BASELINE_STATES
from earwitness.reports.worksheets import worksheet_rows

NOW = datetime(2026, 11, 26, tzinfo=UTC)
STANDARDS = Path(__file__).with_name("standards")
HOSTILE = (
    "</title><script>alert(1)</script>\"'=cmd|/C calc!A0 "
    "\x1b[31m\u202eabc\u2066|`::error::@all\x00\n## forged\r\n"
)
"""Markup, quotes, a spreadsheet formula, a terminal escape, right-to-left and isolate marks, Markdown,
workflow commands, NUL."""


def judged(bundle, **policy):
    return judge_bundle(bundle, Policy(NOW, **policy))


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    return judged(
        read(violated_bundle(tmp_path_factory.mktemp("red") / "out"))
    )


@pytest.fixture(scope="module")
def green(tmp_path_factory):
    return judged(
        read(write_bundle(tmp_path_factory.mktemp("green") / "out"))
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A bundle whose target chose its name, version and words to do harm."""
    base = read(violated_bundle(tmp_path_factory.mktemp("hostile") / "out"))
    manifest = base.manifest
    target = msgspec.structs.replace(
        manifest.target,
        name=HOSTILE,
        version=HOSTILE,
        given=HOSTILE,
        setup=HOSTILE,
    )
    manifest = msgspec.structs.replace(
        manifest,
        target=target,
        arguments=(HOSTILE,),
        environment={"CI": HOSTILE},
    )
    results = msgspec.structs.replace(
        base.results,
        reason=HOSTILE,
        skipped=(HOSTILE,),
        kept_promises=(HOSTILE,),
        two_runs=HOSTILE,
        sight={**base.results.sight, HOSTILE: Origin.DEVICE},
        stores=StoresRecord(files=1, unread=(HOSTILE,), finds=(HOSTILE,)),
        accounts=(AccountRecord(device=HOSTILE, direction=HOSTILE, read=1),),
        findings=(FindingRecord(kind=HOSTILE, text=HOSTILE, device=HOSTILE),),
        searches=(SearchRecord(where=HOSTILE, unvisited=(HOSTILE,)),),
        near_misses=(
            NearMiss(clause=HOSTILE, bound=2, closest=1),
            NearMiss(clause=HOSTILE, bound=2, closest=0),
        ),
        clauses=tuple(
            replace(c, reason=HOSTILE, english=HOSTILE)
            for c in base.results.clauses
        ),
    )
    failure = msgspec.structs.replace(
        leak(), scenario=({"do": HOSTILE, "device": HOSTILE},)
    )
    return judged(
        replace(
            base,
            manifest=manifest,
            results=results,
            failures={"MIC-1": failure},
        )
    )


RENDERED = {}
"""What was rendered, by format and bundle: a PDF takes seconds. It holds the bundle too, so that no other
one takes its place."""


def render(name, one):
    key = name, id(one)
    if key not in RENDERED:
        RENDERED[key] = load_format(name).render(one), one
    return RENDERED[key][0]


# What all have in common


@pytest.mark.parametrize("name", installed_formats())
def test_every_format_renders_a_green_and_a_red_bundle_differently(
    name, green, red
):
    assert len(render(name, green)) > 40
    assert render(name, green) != render(name, red)


@pytest.mark.parametrize(
    "name",
    ["html", "json", "markdown", "junit", "sarif", "attestation", "oscal"],
)
def test_every_result_names_the_revision_of_its_clause(name, red):
    text = render(name, red).decode()
    for clause_ in small_pack().clauses:
        assert clause_.revision in text, clause_.id


def test_worksheets_name_the_revision_of_each_clause(red):
    rows = [row.requirement for row in worksheet_rows(red)]
    for clause_, row in zip(small_pack().clauses, rows, strict=True):
        assert f"small version 3, revision {clause_.revision}" in row


def test_reports_are_written_where_they_were_asked_for(red, tmp_path):
    written = write_reports(
        red, ["json", f"junit:{tmp_path / 'deep' / 'junit.xml'}"], tmp_path
    )
    assert written == [
        tmp_path / "report.json",
        tmp_path / "deep" / "junit.xml",
    ]
    assert all(path.stat().st_size for path in written)
    assert set(DEFAULT) <= set(installed_formats())


def test_a_format_that_is_not_there_is_told_with_the_nearest(red, tmp_path):
    with pytest.raises(ReportError, match="Did you mean 'sarif'"):
        write_reports(red, ["sarf"], tmp_path)


def test_a_module_of_ours_that_is_missing_is_no_package_to_install(
    monkeypatch,
):
    monkeypatch.setitem(sys.modules, "earwitness.reports.badge", None)
    with pytest.raises(ImportError, match=r"earwitness\.reports\.badge"):
        load_format("badge")
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.delitem(sys.modules, "earwitness.reports.pdf", raising=False)
    with pytest.raises(ReportError, match=r"pip install .*reports"):
        load_format("pdf")


def test_reports_in_a_bundle_do_not_make_it_invalid(tmp_path):
    folder = violated_bundle(tmp_path / "out")
    write_reports(judged(read(folder)), ["html", "junit", "sarif"], folder)
    read(folder)


# Each by its standard


def test_json_follows_its_schema(red, green):
    validator = Draft202012Validator(json_schema())
    Draft202012Validator.check_schema(json_schema())
    for one in (red, green):
        document = json.loads(render("json", one))
        validator.validate(document)
        assert document["exit"] == one.decision.exit.value
    assert not validator.is_valid({**document, "exit": "0"})


def test_json_follows_the_published_schema_in_another_language_too(
    red, green, hostile
):
    """jsonschema-rs is written in Rust and shares no code with the validator above."""
    published = json.loads(schema_file().read_text())
    validator = jsonschema_rs.Draft202012Validator(published)
    for one in (red, green, hostile):
        validator.validate(json.loads(render("json", one)))
    document = json.loads(render("json", red))
    for spoilt in ({"exit": "1"}, {"surprise": 1}, {"clauses": [{}]}):
        assert not validator.is_valid({**document, **spoilt})


def test_the_published_schema_of_the_report_is_that_of_the_declaration():
    """Otherwise: python -m earwitness.reports.json"""
    assert schema_file().read_text() == schema_text(json_schema())


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


def test_oscal_is_read_by_trestle(red, hostile):
    from trestle.oscal.assessment_results import Model

    for one in (red, hostile):
        document = Model.model_validate_json(render("oscal", one))
        results = document.assessment_results.results
        states = [
            finding.target.status.state for finding in results[0].findings
        ]
        assert [getattr(state, "value", state) for state in states] == [
            "not-satisfied",
            "satisfied",
        ]


def test_a_test_result_is_passed_only_where_all_is_witnessed(
    tmp_path, red, green
):
    assert (
        json.loads(render("test-result", red))["predicate"]["result"]
        == "FAILED"
    )
    predicate = json.loads(render("test-result", green))["predicate"]
    assert predicate["result"] == "WARNED" and predicate["warnedTests"] == [
        "LED-1"
    ]
    results = (clause("MIC-1", severity="critical"), clause("LED-1"))
    whole = judged(read(write_bundle(tmp_path / "out", clauses=results)))
    assert (
        json.loads(render("test-result", whole))["predicate"]["result"]
        == "PASSED"
    )


@pytest.mark.parametrize("name", ["attestation", "test-result"])
def test_a_statement_is_read_by_the_library_of_in_toto(
    name, red, green, hostile
):
    for one in (red, green, hostile):
        read_statement(json.loads(render(name, one)))
    document = json.loads(render(name, red))
    with pytest.raises(ParseError):
        read_statement({**document, "surprise": 1})
    with pytest.raises(ValueError, match="At least one subject"):
        read_statement({**document, "subject": []})


def read_statement(document):
    """Raises ParseError for a field that in-toto does not know, ValueError for what it does not admit."""
    parsed = ParseDict(document, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()


def test_a_test_result_is_read_by_the_library_of_in_toto(red, green, hostile):
    for one in (red, green, hostile):
        predicate = json.loads(render("test-result", one))["predicate"]
        parsed = ParseDict(predicate, test_result_pb2.TestResult())
        assert parsed.result in ("FAILED", "WARNED", "PASSED")
        tests = (
            *parsed.passed_tests,
            *parsed.warned_tests,
            *parsed.failed_tests,
        )
        assert sorted(tests) == ["LED-1", "MIC-1"]
    with pytest.raises(ParseError):
        ParseDict({**predicate, "outcome": 1}, test_result_pb2.TestResult())


@pytest.mark.parametrize("name", ["attestation", "test-result"])
def test_a_statement_names_the_bundle_by_its_digest(name, red):
    document = json.loads(render(name, red))
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["subject"][0]["digest"]["sha256"] == red.bundle.digest


def test_pdf_is_tagged_titled_numbered_and_the_same_twice(red):
    import pikepdf

    first = render("pdf", red)
    assert first == load_format("pdf").render(red)
    with pikepdf.open(io.BytesIO(first)) as document:
        assert document.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in document.Root
        assert str(document.Root.Lang).startswith("en")
        assert "Violated" in str(document.open_metadata()["dc:title"])
        assert document.open_metadata()["pdfuaid:part"] == "1"


def test_a_pdf_of_a_hostile_bundle_does_nothing_when_it_is_opened(hostile):
    import pikepdf

    content = render("pdf", hostile)
    with pikepdf.open(io.BytesIO(content)) as document:
        assert "/OpenAction" not in document.Root
        assert "/AA" not in document.Root
        for page in document.pages:
            for note in page.get("/Annots", []):
                assert note.get("/Dest") is not None or "/A" not in note


@pytest.mark.parametrize("text", ['"; } x { y: "', "a\\", '\\"', "plain"])
def test_a_foot_of_a_page_is_one_string_of_its_style(text):
    import tinycss2

    (token,) = tinycss2.parse_component_value_list(css_string(text))
    assert (token.type, token.value) == ("string", text)


def test_worksheets_open_and_hold_no_formula(red, hostile):
    from docx import Document
    from openpyxl import load_workbook

    for one in (red, hostile):
        sheet = load_workbook(io.BytesIO(render("xlsx", one))).active
        cells = [
            cell
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
        ]
        assert {cell.data_type for cell in cells} == {"s"}
        assert [row[0].value for row in sheet.iter_rows(min_row=3)] == [
            "MIC-1",
            "LED-1",
        ]
        document = Document(io.BytesIO(render("docx", one)))
        assert len(document.tables) == 2


def test_a_badge_is_what_the_service_of_badges_takes(green, red, hostile):
    """The service refuses a badge with any other field, and one without a message."""
    schema = json.loads((STANDARDS / "badge-endpoint.json").read_text())
    validator = jsonschema_rs.Draft202012Validator(schema)
    for one in (green, red, hostile):
        validator.validate(json.loads(render("badge", one)))
    badge = json.loads(render("badge", red))
    for spoilt in ({"message": ""}, {"schemaVersion": 2}, {"url": "x"}):
        assert not validator.is_valid({**badge, **spoilt})


def test_a_badge_is_green_for_exit_0_alone(green, red):
    assert json.loads(render("badge", green))["color"] == "brightgreen"
    assert json.loads(render("badge", red))["color"] == "red"


def test_a_matrix_has_a_cell_for_each_clause_and_implementation(
    green, red, tmp_path
):
    text = matrix_markdown([green, red])
    assert (
        "| MIC-1 | ✅ satisfied, witnessed | ❌ violated, witnessed |" in text
    )
    assert "exit 0" in text and "exit 1" in text
    page = matrix_page([green, red], tmp_path)
    assert page.count('<th scope="row">') == 3 and "report.html#MIC-1" in page


# Hostile names


@pytest.mark.parametrize(
    "name",
    [
        "html",
        "json",
        "markdown",
        "badge",
        "junit",
        "sarif",
        "attestation",
        "test-result",
        "oscal",
    ],
)
def test_what_a_target_says_does_not_act(name, hostile):
    text = render(name, hostile).decode("utf-8")
    assert (
        "\x1b" not in text
        and "\x00" not in text
        and "\u202e" not in text
        and "\u2066" not in text
    )
    if name == "html":
        assert "<script" not in text
    if name == "markdown":
        from markdown_it import MarkdownIt

        shown = (
            MarkdownIt("commonmark", {"html": True})
            .enable("table")
            .render(text)
        )
        assert (
            "<script" not in shown
            and "forged</h2>" not in shown
            and "&lt;script" in shown
        )
    if name == "junit":
        ElementTree.fromstring(text)
    if name in (
        "json",
        "badge",
        "sarif",
        "attestation",
        "test-result",
        "oscal",
    ):
        json.loads(text)


def test_what_a_target_says_does_not_act_on_a_terminal_or_in_a_matrix(
    hostile,
):
    summary = hostile.summary
    shown = [
        *table_lines(summary.clauses, 80),
        *(
            line
            for story in summary.stories
            for line in story_lines(story, 80)
        ),
        *deadlines_told(summary, 80, most=9),
        *last_lines(summary, 80),
        *github_lines(summary),
        matrix_markdown([hostile]),
        matrix_page([hostile], Path()),
    ]
    for text in shown:
        plain = click.unstyle(text)
        assert not set(plain) & {"\x1b", "\x00", "\r", "\u202e", "\u2066"}
    assert "<script" not in matrix_page([hostile], Path())
    for line in github_lines(summary):
        assert "\n" not in line and line.count("::error") <= 2


def test_what_is_accounted_for_and_how_close_deadlines_came_is_shown(
    tmp_path,
):
    facts = {
        "accounts": (
            AccountRecord(
                device="d1",
                direction="from the device",
                attributed=4_711,
                read=1_234,
                unexplained=77,
            ),
        ),
        "near_misses": (
            NearMiss(clause="LED-1.1", bound=200_000, closest=190_000),
        ),
    }
    one = judged(read(write_bundle(tmp_path / "out", **facts)))
    page = render("html", one).decode()
    for text in ("4711", "1234", "77 bytes that crossed are not explained"):
        assert text in page
    assert "200 ms" in page and "190 ms" in page and "5 %" in page
    told = "LED-1.1 took 190 ms of 200 ms (5 % left)"
    assert told in " ".join(deadlines_told(one.summary, 200, most=3))
    row = "| LED-1.1 | 200 ms | 190 ms | 5 % left |"
    assert row in render("markdown", one).decode()
    (line,) = json.loads(render("json", one))["deadlines"]
    assert (line["part"], line["left"]) == ("LED-1.1", 5)


def test_an_answer_that_is_late_by_a_little_is_never_called_in_time(tmp_path):
    near = NearMiss(clause="LED-1.1", bound=1_000_000, closest=1_000_001)
    one = judged(read(write_bundle(tmp_path / "out", near_misses=(near,))))
    for name in ("html", "markdown"):
        assert "too late" in render(name, one).decode()
