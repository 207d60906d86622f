"""The page as it is printed: where a page ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from bundles import read, violated_bundle

from earwitness.conformance.gate.judged import judge_bundle
from earwitness.conformance.gate.policy import Policy
from earwitness.reports.html import render_page


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    bundle = read(violated_bundle(tmp_path_factory.mktemp("red") / "out"))
    return judge_bundle(bundle, Policy(datetime(2026, 11, 26, tzinfo=UTC)))


def sequence_on_pages(one):
    """For each printed page with a part of the sequence: how many events of it, and whether under heads."""
    from weasyprint import HTML

    pages = HTML(string=render_page(one).decode()).render().pages
    found = []
    for page in pages:
        boxes = list(page._page_box.descendants())
        rows = [
            box
            for box in boxes
            if box.element_tag == "tr" and type(box).__name__ == "TableRowBox"
        ]
        of_sequence = {
            id(row)
            for table in boxes
            if type(table).__name__ == "TableBox"
            and "sequence" in (table.element.get("class") or "").split()
            for row in table.descendants()
        }
        cells = [
            {
                cell.element.get("scope")
                for cell in row.descendants()
                if cell.element_tag == "th"
            }
            for row in rows
            if id(row) in of_sequence
        ]
        if cells:
            found.append((cells.count({"row"}), {"col"} in cells))
    return found


@pytest.mark.parametrize(("count", "pages"), [(8, 1), (16, 2)])
def test_a_long_sequence_goes_on_on_the_next_page_and_a_short_one_stays_whole(
    red, count, pages
):
    """Each event takes two lines or three, so that neither table fits below its picture."""
    (story,) = red.summary.stories
    words = "the device sent what it had heard to its cloud " * (
        2 if count > 8 else 6
    )
    rows = tuple(
        replace(story.rows[-1], number=number, words=words)
        for number in range(1, count + 1)
    )
    summary = replace(red.summary, stories=(replace(story, rows=rows),))
    found = sequence_on_pages(replace(red, summary=summary))
    assert len(found) == pages, found
    assert sum(events for events, _ in found) == count
    assert all(under_heads for _, under_heads in found)
