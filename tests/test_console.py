"""The reference as a person uses it: one command, typed words, a picture of the device."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from earwitness.reference_impl.console import Desk, converse
from earwitness.reference_impl.device.screen import BLUE, RED, SIZE
from earwitness.reference_impl.protocol import CHUNK
from earwitness.reference_impl.session import Session


@pytest.fixture(scope="module")
def desk():
    session = Session()
    yield Desk(session)
    session.stop()


def picture(desk):
    console = Console(file=io.StringIO(), width=80)
    console.print(desk.view())
    return console.file.getvalue()


def covered(desk, color):
    """The share of the device's front that is lit in a colour."""
    return float((np.abs(np.asarray(desk.front()).astype(int) - color).max(axis=2) < 8).mean())


def test_typed_words_are_spoken_heard_and_understood(desk):
    console = Console(file=io.StringIO(), width=80)
    converse(desk, iter(["alexa, what is the weather in boston", "/quit", "never said"]), console)
    assert "it understood: what is the weather in boston" in console.file.getvalue()
    assert "it says: In Boston it is usually windy" in console.file.getvalue()
    assert [e["event"] for e in desk.face.events].count("stream.open") == 1


def test_the_blue_ring_is_seen_while_it_streams(desk):
    seen = []
    desk.watch = lambda: seen.append((desk.face.streaming, desk.face.blue, covered(desk, BLUE) > 0.01))
    desk.do("alexa, set a timer for five minutes")
    desk.watch = lambda: None
    assert set(seen) == {(True, True, True), (False, False, False)} and not seen[-1][0]


def test_muting_is_seen_and_nothing_is_heard_then(desk):
    desk.do("/device d2")
    desk.do("/mute")
    assert "muted" in picture(desk) and "mute symbol" in picture(desk) and desk.face.red
    assert covered(desk, RED) > 0.01
    desk.do("alexa, what is the weather in boston")
    assert not [e for e in desk.face.events if e["event"] == "stream.open"]
    desk.do("/mute")
    assert "listening" in picture(desk) and covered(desk, RED) == 0


@pytest.mark.parametrize(
    ("line", "part"),
    [("/film /nowhere.png", "cannot be decoded"), ("/picture /nowhere/a.png", "No such file"), ("/dance", "there is no /dance"), ("/file /nowhere.wav", "cannot be decoded"), ("/device d9", "there is no device"), ("/listen x", "could not convert")],
)
def test_what_cannot_be_done_is_said(desk, line, part):
    assert part in desk.do(line)


def test_the_camera_sees_a_film_from_a_file_and_one_sees_oneself_in_a_call(desk, tmp_path):
    Image.new("RGB", (64, 36), (0, 200, 0)).save(tmp_path / "green.png")
    desk.do("/device d2")
    assert desk.do(f"/film {tmp_path / 'green.png'}") == ""
    desk.do("/call telephone")
    desk.hear(np.zeros(2 * CHUNK, np.int16))
    assert covered(desk, (0, 200, 0)) > 0.5
    desk.do("/hang-up")
    desk.hear(np.zeros(2 * CHUNK, np.int16))
    assert covered(desk, (0, 200, 0)) == 0


def test_a_picture_of_the_device_can_be_kept(desk, tmp_path):
    desk.do(f"/picture {tmp_path / 'front.png'}")
    with Image.open(tmp_path / "front.png") as kept:
        assert kept.size == SIZE
