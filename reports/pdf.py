"""The page as PDF for a file: tagged (PDF/UA), with page numbers, run and digest at the foot; the same
bytes twice."""

from __future__ import annotations

import os
from datetime import datetime

from weasyprint import CSS, HTML

from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.reports.format import Format
from earwitness.reports.html import render_page


def render_pdf(judged: JudgedBundle) -> bytes:
    """The page, printed."""
    manifest = judged.bundle.manifest
    foot = (
        f"Earwitness run {manifest.id} · sha256 {judged.bundle.digest[:32]}"
    )
    look = "font: 7.5pt sans-serif; color: #333"
    style = f"""
        @page {{
            @bottom-left {{ content: {css_string(foot)}; {look} }}
            @bottom-right {{ content: counter(page) " of " counter(pages); {look} }}
        }}
    """
    # WeasyPrint takes the date of the document and its identifier from here.
    os.environ["SOURCE_DATE_EPOCH"] = str(
        int(datetime.fromisoformat(manifest.started).timestamp())
    )
    page = HTML(
        string=render_page(judged).decode("utf-8"),
        url_fetcher=_refuse_network,
    )
    content: bytes = page.write_pdf(
        stylesheets=[CSS(string=style)],
        pdf_variant="pdf/ua-1",
        pdf_identifier=judged.bundle.digest.encode(),
    )
    return content


def css_string(text: str) -> str:
    """The text as a string of CSS that nothing in it can end."""
    inert = text.replace("\\", "\\5c ").replace('"', "\\22 ")
    return f'"{inert}"'


def _refuse_network(url: str, *_: object, **__: object) -> dict[str, object]:
    raise ValueError(f"a report loads nothing, not even {url}")


FORMAT = Format("pdf", "pdf", render_pdf)
