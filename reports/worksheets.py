"""Worksheets an inspector can edit: one row a requirement, with the three questions of EN 18031-2 and the
Cyber Resilience Act."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import astuple, dataclass

from docx import Document
from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.summary import ClauseLine
from earwitness.reports.format import Format
from earwitness.reports.junit import xml_text

HEADS = (
    "Item",
    "Requirement",
    "What the decision rests on",
    "Conceptual: is it sound in the design?",
    "Completeness: is everything accounted for?",
    "Sufficiency: was it seen on the product?",
    "Result",
    "Justification",
    "Inspector's remarks",
)
WIDTHS = (10, 38, 30, 22, 30, 26, 16, 44, 24)
"""Characters of the columns; chosen for the eye."""


@dataclass(frozen=True, slots=True)
class WorksheetRow:
    """One requirement, in the order of HEADS."""

    item: str
    requirement: str
    rests_on: str
    conceptual: str
    completeness: str
    sufficiency: str
    result: str
    justification: str
    remarks: str = ""


def worksheet_rows(judged: JudgedBundle) -> Iterator[WorksheetRow]:
    """A row for each clause."""
    accounts = judged.bundle.results.accounts
    unexplained = sum(account.unexplained for account in accounts)
    counted = (
        f"{unexplained} bytes unexplained"
        if accounts
        else "bytes were not accounted for"
    )
    confinement = judged.bundle.manifest.confinement
    for line in judged.summary.clauses:
        yield WorksheetRow(
            item=line.id,
            requirement=xml_text(
                f"{line.title} ({line.pack} version {line.pack_version}, revision {line.revision})"
            ),
            rests_on=xml_text(
                "; ".join(
                    f"{part.name}: {part.detail or part.evidence}"
                    for part in line.parts
                )
            ),
            conceptual=f"{line.proof or 'not tried'} on the model",
            completeness=f"{counted}; confinement: {confinement}",
            sufficiency=f"{line.evidence or 'no evidence'}; exercised {line.exercised} times",
            result=line.verdict.value,
            justification=xml_text(_justify_result(line)),
        )


def _justify_result(line: ClauseLine) -> str:
    return (
        " ".join(text for text in (line.problem, line.note) if text)
        or f"In words: {line.english}"
    )


def render_xlsx(judged: JudgedBundle) -> bytes:
    """The worksheet as a workbook. Every cell is text: nothing in it is a formula."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Requirements"
    sheet.append([xml_text(judged.summary.sentence)])
    sheet.append(list(HEADS))
    for row in worksheet_rows(judged):
        sheet.append(list(astuple(row)))
    for cells in sheet.iter_rows():
        for cell in cells:
            _make_text(cell)
    for number, width in enumerate(WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    for cell in sheet[2]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "B3"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _make_text(cell: Cell) -> None:
    """A text that begins with = + - @ stays a text."""
    if cell.value is not None:
        cell.data_type = "s"
        cell.alignment = Alignment(wrap_text=cell.row > 1, vertical="top")


def render_docx(judged: JudgedBundle) -> bytes:
    """The worksheet as a document: a table for each requirement."""
    document = Document()
    document.core_properties.title = (
        f"Worksheets of run {judged.bundle.manifest.id}"
    )
    document.add_heading(xml_text(judged.summary.headline), level=1)
    document.add_paragraph(xml_text(judged.summary.sentence))
    for row in worksheet_rows(judged):
        document.add_heading(f"{row.item}: {row.requirement}", level=2)
        table = document.add_table(rows=0, cols=2)
        table.style = "Table Grid"
        for head, value in zip(HEADS[2:], astuple(row)[2:], strict=True):
            cells = table.add_row().cells
            cells[0].text = head
            cells[1].text = value
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


XLSX_FORMAT = Format("xlsx", "xlsx", render_xlsx)
DOCX_FORMAT = Format("docx", "docx", render_docx)
