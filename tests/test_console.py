"""The reference as a person uses it: one command, typed words, a picture of the device."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from earwitness.reference_impl.console import Desk, converse, panel
from earwitness.reference_impl.session import Session


@pytest.fixture(scope="module")
def desk():
    session = Session()
    yield Desk(session)
    session.stop()


def picture(desk):
    console = Console(file=io.StringIO(), width=80)
    console.print(panel(desk.device, desk.face))
    return console.file.getvalue()


def test_typed_words_are_spoken_heard_and_understood(desk):
    console = Console(file=io.StringIO(), width=80)
    converse(desk, iter(["alexa, what is the weather in boston", "/quit", "never said"]), console)
    assert "it understood: what is the weather in boston" in console.file.getvalue()
    assert [e["event"] for e in desk.face.events].count("stream.open") == 1


def test_the_blue_ring_is_seen_while_it_streams(desk):
    seen = []
    desk.watch = lambda: seen.append((desk.face.streaming, desk.face.blue))
    desk.do("alexa, set a timer for five minutes")
    desk.watch = lambda: None
    assert (True, True) in seen and (True, False) not in seen and seen[-1] == (False, False)


def test_muting_is_seen_and_nothing_is_heard_then(desk):
    desk.do("/device d2")
    desk.do("/mute")
    assert "muted" in picture(desk) and "Ø" in picture(desk) and desk.face.red
    desk.do("alexa, what is the weather in boston")
    assert not [e for e in desk.face.events if e["event"] == "stream.open"]
    desk.do("/mute")
    assert "listening" in picture(desk)


@pytest.mark.parametrize(
    ("line", "part"),
    [("/dance", "there is no /dance"), ("/file /nowhere.wav", "cannot be decoded"), ("/device d9", "there is no device"), ("/listen x", "could not convert")],
)
def test_what_cannot_be_done_is_said(desk, line, part):
    assert part in desk.do(line)
