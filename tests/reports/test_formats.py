"""Every report format, read by somebody else: the standard's schema or a foreign reader."""

from __future__ import annotations

import io
import json
import sys

import jsonschema_rs
import pytest
from bundles import (
    read,
    small_pack,
    violated_bundle,
    write_bundle,
)
from jsonschema import Draft202012Validator
from rendering import STANDARDS, judged, render

from earwitness.conformance.cli.terminal import (
    deadlines_told,
)
from earwitness.conformance.evidence.records import (
    AccountRecord,
    NearMiss,
)
from earwitness.conformance.evidence.schemas import schema_text
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
from earwitness.reports.worksheets import worksheet_rows


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
