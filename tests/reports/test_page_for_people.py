"""The page: what its readers need, in a real browser, at the width of a phone and of a desk."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from bundles import read, violated_bundle, write_bundle
from playwright.sync_api import sync_playwright

from earwitness.conformance.evidence.records import (
    ComponentRecord,
    ModelRecord,
)
from earwitness.conformance.gate.decision import Policy
from earwitness.conformance.gate.judged import judge_bundle
from earwitness.reports.figures import WIDTH, arcs_of, draw_states
from earwitness.reports.html import render_page

MODEL = ModelRecord(
    components=(
        ComponentRecord(
            name="firmware",
            states=("idle", "listening", "follow_up"),
            edges=(
                ("idle", "listening", "restore_power"),
                ("listening", "idle", "cut_power"),
                ("follow_up", "listening", "close_stream"),
                ("idle", "listening", "close_stream"),
                ("listening", "follow_up", "close_stream"),
            ),
        ),
    ),
    visited=("restore_power",),
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, bundle in (
        (
            "red",
            violated_bundle(folder / "a" / "out")
            if (folder / "a").mkdir() is None
            else None,
        ),
        (
            "green",
            write_bundle(folder / "b" / "out", model=MODEL)
            if (folder / "b").mkdir() is None
            else None,
        ),
    ):
        path = folder / f"{name}.html"
        path.write_bytes(
            render_page(
                judge_bundle(
                    read(bundle), Policy(datetime(2026, 11, 26, tzinfo=UTC))
                )
            )
        )
        made[name] = path
    return made


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
    assert (
        "<script" not in text
        and "<details" not in text
        and "http" not in text.replace("http-equiv", "")
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
    (component,) = MODEL.components
    arcs, shared = arcs_of(component, frozenset(MODEL.visited))
    assert [(a.source, a.target, a.is_seen) for a in arcs] == [
        ("idle", "listening", True),
        ("listening", "idle", False),
        ("follow_up", "listening", False),
        ("listening", "follow_up", False),
    ]
    assert shared == ()
    picture = draw_states(component, arcs)
    assert (
        f'viewBox="0 0 {WIDTH} ' in picture
        and picture.count("<rect") == 3
        and picture.count('class="tag"') == 4
    )
