"""Who may say what to the cloud: a device only for itself, and a stranger nothing."""

from __future__ import annotations

import os
import stat

import pytest

from earwitness.reference_impl.cloud.call_mail import CallMail
from earwitness.reference_impl.cloud.cloud import Cloud
from earwitness.reference_impl.cloud.conversation import (
    LONGEST_LETTER,
    Conversation,
)
from earwitness.reference_impl.device.link import Link, LinkLost, Route
from earwitness.reference_impl.session import Session


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    made = Cloud(
        tmp_path_factory.mktemp("cloud"),
        type(
            "Deaf",
            (),
            {"recognize": lambda self, sound: []},
        )(),
    )
    yield made
    made.end()


@pytest.fixture
def conversation(cloud):
    """As d1 holds it."""
    begun = Conversation(
        cloud,
        CallMail(None),
        party=None,
    )
    assert begun.reply(
        {"type": "hello", "credential": cloud.credentials["d1"]}
    ) == {"ok": True}
    return begun


def letter(**more):
    return {
        "type": "mail.put",
        "to": "d2",
        "from": "d1",
        "text": "offer",
        "signature": "00",
        **more,
    }


@pytest.mark.parametrize(
    "message",
    [
        b"\0\0",
        {"type": "settings", "device": "d1"},
        letter(),
        {"type": "reset"},
    ],
)
def test_who_has_not_said_who_he_is_is_told_nothing(message, cloud):
    stranger = Conversation(
        cloud,
        CallMail(None),
        party=None,
    )
    assert "hello" in stranger.reply(message)["error"]


@pytest.mark.parametrize(
    "credential", ["", "guess", None, 5, "é\ud800", ["d1"]]
)
def test_a_credential_that_is_not_known_is_refused(credential, cloud):
    stranger = Conversation(
        cloud,
        CallMail(None),
        party=None,
    )
    assert (
        "not known"
        in stranger.reply({"type": "hello", "credential": credential})[
            "error"
        ]
    )
    assert stranger.party is None


@pytest.mark.parametrize(
    "message",
    [
        {"type": "settings", "device": "d2"},
        {"type": "open", "device": "d2"},
        {"type": "mail.take", "device": "d2"},
        {"type": "call.end", "device": "d2"},
        {
            "type": "call.telephone",
            "device": "d2",
            "telephone": ["127.0.0.1", 9],
            "sdp": "",
        },
        letter(**{"from": "d2"}),
        {"type": "reset"},
    ],
)
def test_a_device_speaks_for_itself_alone(message, conversation):
    assert "error" in conversation.reply(message)
    assert conversation.reply({"type": "settings", "device": "d1"}) == {
        "tone": False,
        "word": "alexa",
    }


def test_mail_is_held_for_devices_that_there_are_and_no_more_than_it_may_be(
    conversation,
):
    for to in ("nobody", "", "d" * 1000):
        assert "no such device" in conversation.reply(letter(to=to))["error"]
    assert (
        "letters"
        in conversation.reply(letter(text="x" * (LONGEST_LETTER + 1)))[
            "error"
        ]
    )
    for _ in range(100):
        assert conversation.reply(letter()) == {"ok": True}
    assert sum(len(mail) for mail in conversation.mail._mail.values()) <= 4


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    made = Session(data=tmp_path_factory.mktemp("data") / "reference")
    yield made
    made.stop()


def test_the_socket_of_the_devices_is_for_devices(session):
    route = session.cloud.route
    stranger = Link(
        Route(
            route.host,
            route.port,
            route.authority,
            "guess",
        )
    )
    with pytest.raises(LinkLost, match="does not know us"):
        stranger.ask({"type": "settings", "device": "d1"})
    own = Link(session.cloud.route_of("d1"))
    assert own.ask({"type": "settings", "device": "d1"}) == {
        "tone": False,
        "word": "alexa",
    }
    own.drop()


def test_nobody_else_on_the_machine_may_read_what_is_kept(session):
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
    for folder, _, files in os.walk(session.folder):
        top = stat.S_IMODE(os.stat(session.folder).st_mode)
        assert top == 0o700, folder
        if folder.endswith("cloud"):
            assert files and all(
                not os.stat(f"{folder}/{name}").st_mode & 0o077
                for name in files
            )
