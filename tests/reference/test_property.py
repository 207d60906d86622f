"""The property's side: the policy against every role and resource, the interface over TLS, and the page in
a real browser."""

from __future__ import annotations

import shutil

import httpx
import pytest

from earwitness.conformance.running.tour import REFUSED
from earwitness.conformance.stimuli.stimulus import RESOURCES, ROLES
from earwitness.reference_impl.property.access import (
    NEEDS,
    Person,
    StoredRecord,
    decide_access,
)
from earwitness.reference_impl.property.disclosure import (
    FEWEST,
    without_small,
)
from earwitness.reference_impl.session import Session

HIDDEN = {"recordings", "transcripts"}


@pytest.fixture(scope="module")
def session():
    made = Session()
    yield made
    made.stop()


@pytest.fixture
def ask(session):
    list(session.handle_request({"id": 0, "do": "reset"}))
    return lambda role, ours, method, path, entry=None: (
        session.cloud.ask_property(
            role,
            ours,
            method,
            f"/api/devices/{path}",
            entry,
        )
    )


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
@pytest.mark.parametrize("kind", RESOURCES)
def test_only_what_a_role_needs_of_its_own_is_permitted(role, kind):
    own = decide_access(
        Person(
            "x",
            role,
            "us",
        ),
        "read",
        StoredRecord(kind, "us"),
    )
    assert (
        own.permitted
        == own.needed
        == (kind in NEEDS.get(role, ()) and kind not in HIDDEN)
    )
    assert not decide_access(
        Person(
            "x",
            role,
            "them",
        ),
        "read",
        StoredRecord(kind, "us"),
    ).permitted
    changes = role == "organisation" and kind in (
        "skills",
        "unit",
        "settings",
    )
    assert (
        decide_access(
            Person(
                "x",
                role,
                "us",
            ),
            "change",
            StoredRecord(kind, "us"),
        ).permitted
        == changes
    )
    assert not decide_access(
        Person(
            "x",
            role,
            "us",
        ),
        "erase",
        StoredRecord(kind, "us"),
    ).permitted


def test_a_policy_that_cannot_be_read_denies():
    assert not decide_access(
        Person("x", "organisation", "us"),
        "read",
        StoredRecord("settings", "us"),
        "permit (principal",
    ).permitted
    assert not decide_access(
        Person("x", "organisation", "us"),
        "read",
        StoredRecord("settings", "us"),
        "",
    ).permitted


def test_an_organisation_sees_its_aggregates_and_another_does_not(
    session, ask, tmp_path
):
    from earwitness.conformance.stimuli.clips import (
        CLIPS,
        in_the_air,
        write_wav,
    )

    list(
        session.handle_request(
            {
                "id": 1,
                "do": "power",
                "device": "d1",
                "state": "restore",
            }
        )
    )
    write_wav(in_the_air(CLIPS["timer"], 3), tmp_path / "t.wav")
    list(
        session.handle_request(
            {
                "id": 2,
                "do": "say",
                "device": "d1",
                "audio": str(tmp_path / "t.wav"),
                "words": "",
            }
        )
    )
    assert ask(
        "organisation",
        True,
        "GET",
        "d1/top_skills",
    )["data"] == {"timer": None}
    assert ask(
        "organisation",
        True,
        "GET",
        "d1/intent_distribution",
    )["data"] == {"SetTimer": None}
    assert (
        ask(
            "organisation",
            True,
            "GET",
            "d1/active_devices",
        )["data"]
        == 1
    )
    assert (
        ask(
            "organisation",
            True,
            "GET",
            "d1/device_count",
        )["data"]
        == 2
    )
    assert (
        ask(
            "organisation",
            True,
            "GET",
            "d1/daily_dialogues",
        )["data"]
        == {}
    )
    for kind in RESOURCES:
        said = ask(
            "organisation",
            False,
            "GET",
            f"d1/{kind}",
        )
        assert said["decision"] == "deny" and said["data"] is None, kind


def test_counts_in_which_a_guest_cannot_hide_are_withheld():
    assert without_small(
        {"GetWeather": 40, "SetTimer": FEWEST, "ForgetWords": 1}
    ) == {
        "GetWeather": 40,
        "SetTimer": FEWEST,
        "ForgetWords": None,
    }


def test_settings_reach_the_device_that_they_are_for(session, ask):
    *seen, reply = session.handle_request(
        {
            "id": 3,
            "do": "set",
            "device": "d1",
            "value": True,
        }
    )
    assert "ok" in reply and [e["event"] for e in seen] == ["setting.tone"]
    assert ask(
        "organisation",
        True,
        "GET",
        "d1/settings",
    )["data"] == {"tone": True, "wake_word": "alexa"}
    assert ask(
        "organisation",
        True,
        "GET",
        "d2/settings",
    )["data"] == {"tone": False, "wake_word": "alexa"}


@pytest.mark.parametrize("skill", REFUSED)
def test_a_refused_kind_is_never_enabled(skill, session, ask):
    *seen, reply = session.handle_request(
        {
            "id": 4,
            "do": "skill",
            "device": "d1",
            "state": "enable",
            "skill": skill,
        }
    )
    assert (
        seen == []
        and reply["definite"]
        and "does not run on this property" in reply["error"]
    )
    assert (
        skill
        not in ask(
            "organisation",
            True,
            "GET",
            "d1/skills",
        )["data"]
    )


def test_a_request_that_makes_no_sense_is_told_so(session):
    client = httpx.Client(
        base_url=session.cloud.property,
        verify=session.cloud._client._transport._pool._ssl_context,
        trust_env=False,
    )
    token = {"authorization": f"Bearer {session.cloud.people[0]['token']}"}
    assert client.get("/api/devices/d1/settings").status_code == 401
    assert (
        client.get(
            "/api/devices/d1/settings",
            headers={"authorization": "Bearer guess"},
        ).status_code
        == 401
    )
    assert (
        client.get("/api/devices/d9/settings", headers=token).status_code
        == 404
    )
    assert (
        client.get("/api/devices/d1/secrets", headers=token).status_code
        == 404
    )
    for content in (b"", b"{", b"[]", b'{"tone": "loud"}', b"x" * 10_000):
        assert (
            client.put(
                "/api/devices/d1",
                headers=token,
                content=content,
            ).status_code
            == 400
        ), content[:20]
    assert (
        client.put(
            "/api/devices/d1/skills/nothing",
            headers=token,
            json={"enabled": True},
        ).status_code
        == 409
    )
    client.close()


@pytest.fixture
def client(session):
    made = httpx.Client(
        base_url=session.cloud.property,
        verify=session.cloud._client._transport._pool._ssl_context,
        trust_env=False,
    )
    yield made
    made.close()


@pytest.mark.parametrize("token", [b"\xe9\xff", b"a" * 5000, "é".encode()])
def test_an_odd_token_is_not_known_and_nothing_more(token, client):
    assert (
        client.get(
            "/", headers={b"authorization": b"Bearer " + token}
        ).status_code
        == 401
    )
    assert (
        client.get(
            "/", headers={b"cookie": b"earwitness=" + token}
        ).status_code
        == 401
    )
    assert client.post("/enter", content=b"token=" + token).status_code in (
        400,
        401,
    )


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"x" * 10_000, b"", b"token=%ff%00", b"device=d1&tone"],
)
def test_an_odd_form_is_refused_in_a_sentence(body, client, session):
    person = next(
        p for p in session.cloud.people if p["role"] == "organisation"
    )
    token = {"authorization": f"Bearer {person['token']}"}
    for path in ("/enter", "/act"):
        answer = client.post(
            path,
            headers=token,
            content=body,
        )
        assert answer.status_code in (400, 401), (path, answer.status_code)


@pytest.mark.parametrize(
    "body",
    [
        "[" * 3_000,
        '{"unit": "\\ud800"}',
        '{"unit": ""}',
        '{"tone": 1e999}',
        '{"wake_word": "\\u0000"}',
    ],
)
def test_an_odd_body_is_refused_in_a_sentence(body, client, session):
    token = {"authorization": f"Bearer {session.cloud.people[0]['token']}"}
    answer = client.put(
        "/api/devices/d1",
        headers=token,
        content=body,
    )
    assert answer.status_code in (400, 409) and answer.json()["error"]


@pytest.mark.parametrize(
    "path", ["/", "/api/devices/d1/settings", "/nothing"]
)
def test_every_answer_says_what_a_browser_may_do_with_it(path, client):
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert (
        headers["x-content-type-options"] == "nosniff"
        and headers["x-frame-options"] == "DENY"
    )
    assert (
        headers["cache-control"] == "no-store"
        and headers["referrer-policy"] == "no-referrer"
    )


def test_who_leaves_is_not_known_any_more(client, session):
    entered = client.post(
        "/enter", data={"token": session.cloud.people[0]["token"]}
    )
    assert entered.status_code == 303 and client.get("/").status_code == 200
    left = client.post("/leave")
    assert left.status_code == 303 and client.get("/").status_code == 401


def test_the_page_in_a_real_browser(session, ask):
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, (
        "chromium is missing; run scripts/install-system-packages --for-tests"
    )
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_context(
            ignore_https_errors=True, viewport={"width": 1100, "height": 900}
        ).new_page()
        page.goto(session.cloud.property)

        def follow(selector: str) -> None:
            # A click returns before the page it leads to is there.
            with page.expect_navigation():
                page.click(selector)

        page.fill("input[name=token]", "a wrong one")
        follow("button:has-text('Enter')")
        assert "not known" in page.content()
        page.fill(
            "input[name=token]",
            next(
                p["token"]
                for p in session.cloud.people
                if p["role"] == "organisation"
            ),
        )
        follow("button:has-text('Enter')")
        assert (
            page.inner_text("h1") == "Harbour Hotel"
            and page.locator("section").count() == 2
        )
        follow("#d1 >> text=Tone off")
        assert page.locator("#d1 >> text=Tone on").count() == 1
        # What is on is said in words and to screen readers, not by colour alone.
        assert (
            page.locator(
                "#d1 button[aria-pressed=true] >> text=Tone on"
            ).count()
            == 1
        )
        assert page.locator("#d1 >> text=Alexa, chosen").count() == 1
        assert page.locator("#d2 >> text=trivia: on").count() == 1
        follow("#d2 >> text=trivia")
        assert page.locator("#d2 >> text=trivia: off").count() == 1
        page.fill("#d2 input[name=unit]", "205")
        follow("#d2 >> text=Move")
        assert "menlo" not in page.content().lower()
        for role, shown in (
            ("skill_developer", {"skill_metrics", "own_logs"}),
            ("operator", {"service_metrics"}),
            ("guest", set()),
        ):
            follow("button:has-text('Log out')")
            assert "fingerprint" in page.content()
            page.fill(
                "input[name=token]",
                next(
                    p["token"]
                    for p in session.cloud.people
                    if p["role"] == role
                ),
            )
            follow("button:has-text('Enter')")
            assert {
                card.get_attribute("id")
                for card in page.locator(".figures .card").all()
            } == shown and page.locator("section").count() == 0
        browser.close()
    assert ask("organisation", True, "GET", "d1/device_count")["data"] == 2
