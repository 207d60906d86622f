"""The page: what its readers need, in a real browser, at the width of a phone and of a desk."""

from __future__ import annotations

import doctest
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from axe_playwright_python.sync_playwright import Axe
from bundles import (
    PACK,
    PROVED,
    clause,
    modelled_bundle,
    read,
    violated_bundle,
    write_bundle,
)
from playwright.sync_api import sync_playwright

from earwitness.conformance.evidence.signature import (
    generate_key,
    sign_bundle,
)
from earwitness.conformance.gate.judged import judge_bundle
from earwitness.conformance.gate.policy import Policy
from earwitness.conformance.gate.story import Row
from earwitness.conformance.gate.verdict import Verdict
from earwitness.model.satellite.satellite import SATELLITE_MODEL
from earwitness.policies.pack import shipped_file
from earwitness.policies.traceability import read_traceability
from earwitness.reports import html
from earwitness.reports.figures import (
    WIDTH,
    Diagram,
    arcs_of,
    draw_sequence,
    draw_states,
)
from earwitness.reports.html import render_page
from earwitness.reports.matrix import matrix_page

COMPONENT = Diagram(
    name="firmware",
    states=("idle", "listening", "follow_up"),
    edges=(
        ("idle", "listening", "restore_power"),
        ("listening", "idle", "cut_power"),
        ("follow_up", "listening", "close_stream"),
        ("idle", "listening", "close_stream"),
        ("listening", "follow_up", "close_stream"),
    ),
)


def page_of(bundle):
    policy = Policy(datetime(2026, 11, 26, tzinfo=UTC))
    return render_page(judge_bundle(read(bundle), policy))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    bundles = {
        "red": violated_bundle(folder / "a" / "out"),
        "green": modelled_bundle(
            folder / "b" / "out", setup="version 1.2, no zeroconf"
        ),
    }
    for name, bundle in bundles.items():
        (folder / f"{name}.html").write_bytes(page_of(bundle))
    return {name: folder / f"{name}.html" for name in bundles}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield opened
        opened.close()


@pytest.mark.parametrize("name", ["red", "green"])
@pytest.mark.parametrize(
    ("width", "scheme"),
    [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")],
)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser, pages, name, width, scheme
):
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = Axe().run(page).response["violations"]
    assert [
        (fault["id"], fault["nodes"][0]["html"][:120]) for fault in found
    ] == []
    assert asked == [pages[name].as_uri()]
    page.close()


def test_axe_finds_nothing_in_a_matrix_on_a_dark_phone(
    browser, pages, tmp_path
):
    policy = Policy(datetime(2026, 11, 26, tzinfo=UTC))
    bundles = (write_bundle(tmp_path / "a"), violated_bundle(tmp_path / "b"))
    judged = [judge_bundle(read(bundle), policy) for bundle in bundles]
    path = tmp_path / "matrix.html"
    path.write_text(matrix_page(judged, tmp_path))
    page = browser.new_page(
        viewport={"width": 360, "height": 800}, color_scheme="dark"
    )
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert Axe().run(page).response["violations"] == []
    page.close()


def test_letters_in_pictures_are_large_enough_on_a_phone(browser, pages):
    page = browser.new_page(viewport={"width": 360, "height": 800})
    for name in pages:
        page.goto(pages[name].as_uri())
        heights = page.evaluate(
            "[...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect().height)"
        )
        assert heights and min(heights) >= 9
    page.close()


def test_the_page_works_without_scripts_and_prints_all_it_shows(
    browser, pages
):
    text = pages["red"].read_text()
    assert "<script" not in text and "http" not in text.replace(
        "http-equiv", ""
    )
    page = browser.new_page(viewport={"width": 800, "height": 800})
    page.goto(pages["red"].as_uri())
    page.emulate_media(media="print")
    assert (
        page.evaluate(
            "document.querySelector('main').getBoundingClientRect().top"
        )
        < 40
    )
    seen = (
        "[...document.querySelectorAll('details:not([open]) > :not(summary)')]"
        ".map(part => part.checkVisibility())"
    )
    assert page.evaluate(seen) and all(page.evaluate(seen))
    page.emulate_media(media="screen")
    assert not any(page.evaluate(seen))
    page.close()


def test_what_is_wrong_comes_before_what_is_well(pages):
    text = pages["red"].read_text()
    order = [
        "<h1>",
        'id="counts"',
        'id="exceptions"',
        "Expected",
        "Play it again",
        'id="scope"',
        'id="clauses"',
        'id="trace"',
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_the_first_card_says_what_people_lose_and_by_which_violation(pages):
    card, _ = pages["red"].read_text().split("</header>", 1)
    (losses,) = re.findall(r'<ul class="losses">.*?</ul>', card)
    assert "Sound of the room is taken up" in losses
    assert '<a href="#story-MIC-1">MIC-1</a>' in losses
    assert '<ul class="losses">' not in pages["green"].read_text()


def test_what_is_wrong_is_counted_before_what_is_well(tmp_path):
    kinds = (Verdict.SATISFIED, Verdict.NOT_EXERCISED)
    results = tuple(
        clause(identity, verdict)
        for identity, verdict in zip(("MIC-1", "LED-1"), kinds, strict=True)
    )
    page = page_of(write_bundle(tmp_path / "out", clauses=results)).decode()
    heads = re.findall('<th scope="col">([^<]+)</th>', page)
    worst, best = (
        heads.index(name)
        for name in ("not exercised", "satisfied: witnessed")
    )
    assert worst < best


def test_a_violation_is_told_in_words_with_table_picture_and_command(pages):
    text = pages["red"].read_text()
    for part in (
        "Sound of the room is taken up while people rely on it not being heard.",
        "violates MIC-1",
        "press the microphone button of d1",
        'class="figure"',
        "earwitness replay",
        "Known from",
    ):
        assert part in text, part


def test_every_table_has_a_caption_and_every_head_a_scope(pages):
    for path in pages.values():
        text = path.read_text()
        assert text.count("<table") == text.count("<caption>")
        assert text.count("<th ") == text.count("<th scope=")


def test_words_that_could_mislead_are_explained_on_the_page(pages):
    text = pages["green"].read_text()
    for word in (
        "satisfied",
        "proved",
        "exercised",
        "witnessed",
        "not observable",
        "on its word",
    ):
        assert f"<dt>{word}</dt>" in text


def test_steps_from_many_states_are_told_in_words_and_the_others_drawn():
    arcs, shared = arcs_of(COMPONENT, {"restore_power": 3})
    assert [(a.source, a.target, a.times) for a in arcs] == [
        ("idle", "listening", 3),
        ("listening", "idle", 0),
        ("follow_up", "listening", 0),
        ("listening", "follow_up", 0),
    ]
    assert shared == ()
    picture = draw_states(COMPONENT, arcs)
    assert (
        f'viewBox="0 0 {WIDTH} ' in picture
        and picture.count("<rect") == 3
        and picture.count('class="tag"') == 4
    )


def test_pictures_need_no_style_sheet():
    """A printer of PDF gives a picture no style of its page: a line without a colour of its own is not
    there, and a curve without `fill` is a black blob."""
    rows = [
        Row(
            number=number,
            time="0.000 s",
            device="d1",
            event=event,
            words="",
            origin="witnessed",
            is_violation=number == 3,
        )
        for number, event in enumerate(("power", "speech", "stream.audio"), 1)
    ]
    arcs, _ = arcs_of(COMPONENT, {})
    for picture in (draw_sequence(rows), draw_states(COMPONENT, arcs)):
        shapes = ElementTree.fromstring(picture)
        for shape in shapes:
            if shape.tag == "line":
                assert shape.get("stroke"), shape.attrib
            elif shape.tag != "text":
                assert shape.get("fill"), shape.attrib


def test_the_model_that_is_drawn_is_that_of_the_packs_or_none(
    pages, tmp_path
):
    assert "no model of the system was asked" in pages["red"].read_text()
    text = pages["green"].read_text()
    assert "over the model <b>assistant</b>" in text
    assert "7 of 7 observations are steps of it" in text
    other = write_bundle(
        tmp_path / "out",
        pack=PROVED.replace("states:", "model: satellite\nstates:"),
    )
    page = page_of(other).decode()
    assert "over the model <b>satellite</b>" in page
    assert "no step is marked as taken" in page
    for table in SATELLITE_MODEL.tables:
        assert f"<b>{table.name.replace('_', ' ')}</b>:" in page


def test_steps_are_marked_that_a_run_of_the_model_took(pages):
    text = pages["green"].read_text()
    assert re.search(r">(once|\d+ times)</td>", text)
    assert ">never</td>" in text
    assert text.count('class="arc seen"') < text.count('class="arc')


def test_a_signature_is_called_checked_only_where_a_key_was_given(tmp_path):
    folder = write_bundle(tmp_path / "out")
    assert "<dt>Signature</dt><dd>none</dd>" in page_of(folder).decode()
    generate_key(tmp_path / "key")
    sign_bundle(read(folder), tmp_path / "key")
    assert "present and not checked" in page_of(folder).decode()
    now = datetime(2026, 11, 26, tzinfo=UTC)
    checked = judge_bundle(read(folder), Policy(now, is_signed=True))
    assert "checked: by the key" in render_page(checked).decode()


def test_faults_in_the_model_that_were_not_tried_are_told(tmp_path):
    strength = {
        "killed": 0,
        "explained": 0,
        "unexplained": 0,
        "equivalent": 0,
        "undecided": 0,
        "not_measured": 419,
        "kills": {},
        "bases": {},
    }
    page = page_of(write_bundle(tmp_path / "out", strength=strength))
    assert b"419 were not tried since model or pack changed" in page
    assert b"What each clause notices" not in page


def test_a_page_says_in_which_set_up_and_by_which_digest(pages):
    text = pages["green"].read_text()
    assert "<dt>Set-up</dt><dd>version 1.2, no zeroconf</dd>" in text
    assert re.search(
        "<dt>Digest of the bundle .*<code>[0-9a-f]{64}</code>", text
    )


def test_the_page_names_the_edition_and_the_digest_of_the_paper(tmp_path):
    shipped = shipped_file("alexa-smart-properties", "traceability.yaml")
    folder = write_bundle(
        tmp_path / "out",
        files=[("packs/small.traceability.yaml", shipped.read_bytes())],
    )
    page = page_of(folder).decode()
    paper = read_traceability(shipped)
    for text in (
        paper.edition,
        paper.sha256,
        paper.read_as,
        paper.titles["F1"],
    ):
        assert text in page


def test_each_clause_names_the_runs_that_exercised_it_and_each_run_its_clauses(
    pages,
):
    text = pages["red"].read_text()
    clause_, _ = text.split('id="parts-MIC-1"')[1].split("</details>", 1)
    assert 'Exercised in run <a href="#run-0">0</a>.' in clause_
    run = text.split('<tr id="run-0">')[1].split("</tr>")[0]
    assert '<a href="#parts-MIC-1">MIC-1</a>' in run
    assert '<a href="#parts-LED-1">LED-1</a>' in run


def test_every_link_of_the_page_leads_to_a_place_on_it(pages):
    for path in pages.values():
        text = path.read_text()
        wanted = set(re.findall('href="#([^"]+)"', text))
        assert wanted <= set(re.findall(' id="([^"]+)"', text))


def test_the_examples_of_the_page_run():
    assert doctest.testmod(html).attempted > 0
    assert doctest.testmod(html).failed == 0


def test_the_far_side_of_a_satellite_is_its_server(tmp_path):
    """A self-hosted one has no cloud."""
    page = page_of(violated_bundle(tmp_path / "a")).decode()
    assert ">cloud</text>" in page and ">server</text>" not in page
    speaks_of_it = PACK.replace(
        "audio.captured implies not microphone is off",
        "(audio.captured implies not microphone is off) and"
        " (server implies not server(on = true) or server(on = true))",
    )
    other = violated_bundle(tmp_path / "b", pack=speaks_of_it)
    page = page_of(other).decode()
    assert ">server</text>" in page and ">cloud</text>" not in page
