"""The reference as a person uses it: one command, typed words, a picture of the device."""

from __future__ import annotations

import hashlib
import io
import ssl

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from earwitness.reference_impl.console import Room, hold_conversation
from earwitness.reference_impl.device.screen import BLUE, RED, SIZE
from earwitness.reference_impl.protocol import CHUNK
from earwitness.reference_impl.session import Session


@pytest.fixture(scope="module")
def room():
    session = Session()
    yield Room(session)
    session.stop()


def picture(room):
    console = Console(
        file=io.StringIO(),
        width=80,
    )
    console.print(room.view())
    return console.file.getvalue()


def covered(room, color):
    """The share of the device's front that is lit in a colour."""
    return float(
        (
            np.abs(np.asarray(room.visible_front()).astype(int) - color).max(
                axis=2
            )
            < 8
        ).mean()
    )


def test_typed_words_are_spoken_heard_and_understood(room):
    console = Console(
        file=io.StringIO(),
        width=80,
    )
    hold_conversation(
        room,
        iter(["alexa, what is the weather in boston", "/quit", "never said"]),
        console,
    )
    assert (
        "it understood: what is the weather in boston"
        in console.file.getvalue()
    )
    assert "it said: In Boston it is usually windy" in console.file.getvalue()
    assert [e["event"] for e in room.face.events].count("stream.open") == 1


@pytest.mark.parametrize(
    ("typed", "answered"),
    [
        ("alexa, two coffees please", "Two coffees are on their way."),
        ("alexa, 3 lattes please", "Three lattes are on their way."),
        ("alexa, six coffees please", "Six coffees are on their way."),
        ("alexa, 12 mochas please", "Twelve mochas are on their way."),
        ("alexa, a coffee please", "One coffee is on its way."),
    ],
)
def test_as_many_as_were_ordered_are_answered_in_the_view(
    room, typed, answered
):
    console = Console(file=io.StringIO(), width=80)
    hold_conversation(room, iter([typed]), console)
    assert f"it said: {answered}" in picture(room)


def test_the_blue_ring_is_seen_while_it_streams(room):
    seen = []
    room.watch = lambda: seen.append(
        (room.face.streaming, room.face.blue, covered(room, BLUE) > 0.01)
    )
    room.do("alexa, set a timer for five minutes")
    room.watch = lambda: None
    assert (
        set(seen) == {(True, True, True), (False, False, False)}
        and not seen[-1][0]
    )


def test_muting_is_seen_and_nothing_is_heard_then(room):
    room.do("/device d2")
    room.do("/mute")
    assert (
        "muted" in picture(room)
        and "mute symbol" in picture(room)
        and room.face.red
    )
    assert covered(room, RED) > 0.01
    room.do("alexa, what is the weather in boston")
    assert not [e for e in room.face.events if e["event"] == "stream.open"]
    room.do("/mute")
    assert "listening" in picture(room) and covered(room, RED) == 0


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("/film /nowhere.png", "cannot be decoded"),
        ("/picture /nowhere/a.png", "No such file"),
        ("/call mother", "cannot call"),
        ("/dance", "there is no /dance"),
        ("/file /nowhere.wav", "cannot be decoded"),
        ("/device d9", "there is no device"),
        ("/listen x", "could not convert"),
    ],
)
def test_what_cannot_be_done_is_said(room, line, part):
    assert part in room.do(line)


def test_the_camera_sees_a_film_from_a_file_and_one_sees_oneself_in_a_call(
    room, tmp_path
):
    Image.new(
        "RGB",
        (64, 36),
        (0, 200, 0),
    ).save(tmp_path / "green.png")
    room.do("/device d2")
    assert room.do(f"/film {tmp_path / 'green.png'}") == ""
    room.do("/call telephone")
    room.hear_sound(np.zeros(2 * CHUNK, np.int16))
    assert covered(room, (0, 200, 0)) > 0.3
    room.do("/hang-up")
    room.hear_sound(np.zeros(2 * CHUNK, np.int16))
    assert covered(room, (0, 200, 0)) == 0


def test_the_panel_and_the_pages_token_fit_a_terminal_of_80_by_24(room):
    room.do("/device d2")
    room.do("/mute")
    room.face.heard = room.face.said = "a very long text " * 20
    shown = picture(room).splitlines()
    # Below the panel are what was typed and the prompt.
    assert len(shown) <= 22 and max(len(line) for line in shown) <= 80
    assert room.entrance.token in picture(
        room
    ) and room.entrance.address in picture(room)
    room.do("/mute")
    room.do("/device d1")


def test_the_page_is_told_with_the_fingerprint_that_a_browser_would_show(
    room,
):
    port = int(room.entrance.address.rpartition(":")[2])
    certificate = ssl.PEM_cert_to_DER_cert(
        ssl.get_server_certificate(("localhost", port))
    )
    assert (
        hashlib.sha256(certificate).hexdigest()
        in room.do("/page").replace(":", "").lower()
    )


def test_an_old_answer_is_gone_when_a_new_request_begins(room):
    room.do("alexa, what is the weather in boston")
    assert "Boston" in room.face.said
    room.do("/network")
    room.do("/network")
    room.do("alexa, the meeting is at ten and nobody may know")
    assert "Boston" not in picture(room) and "boston" not in picture(room)


def test_a_picture_of_the_device_can_be_kept(room, tmp_path):
    room.do(f"/picture {tmp_path / 'front.png'}")
    with Image.open(tmp_path / "front.png") as kept:
        assert kept.size == SIZE
