"""What the device says takes time: it can be cut off, and only when it is over does the device listen for
an answer."""

from __future__ import annotations

import json
import subprocess
import sys
import wave

import numpy as np
import pytest

from earwitness.conformance.stimuli.clips import CLIPS, Clip, in_the_air
from earwitness.reference_impl.protocol import CHUNK
from earwitness.reference_impl.session import Session
from earwitness.reference_impl.sound import decode_sound

LONG_ANSWER = Clip(
    "Alexa, what is the weather in San Francisco", "alexa", tail=1.6
)


@pytest.fixture
def session():
    made = Session()
    made.devices["d1"].set_power(True)
    made.played = []
    made.devices["d1"].speaker.sink = made.played.append
    yield made
    made.stop()


def hear(session, clip, seed=3):
    session.out = []
    session.hear_sound({"device": "d1"}, in_the_air(clip, seed))
    return [m["event"] for m in session.out]


def test_an_answer_is_heard_in_the_room(session):
    events = hear(session, CLIPS["weather"])
    said = np.concatenate(session.played)
    (answer,) = [m["bytes"] for m in session.out if m["event"] == "tts.audio"]
    assert (
        "stream.close" in events
        and 0.9 * answer / 2 < np.count_nonzero(said) + 16_000
    )
    assert len(said) == len(session.played) * CHUNK and said.any()


def test_it_listens_for_an_answer_only_when_it_has_asked(session):
    hear(session, CLIPS["question"])
    spoken = next(m for m in session.out if m["event"] == "tts.audio")
    follow = next(
        m
        for m in session.out
        if m["event"] == "stream.open" and m["cause"] == "follow_up"
    )
    assert (
        follow["time"] - spoken["time"]
        >= spoken["bytes"] * 1_000_000 // 32_000
    )


def test_the_wake_word_cuts_it_off(session):
    hear(session, LONG_ANSWER)
    assert session.devices["d1"].speaker.playing
    events = hear(
        session,
        Clip(
            "Alexa, what is the",
            "alexa",
            tail=0.2,
        ),
    )
    assert (
        "stream.open" in events and not session.devices["d1"].speaker.playing
    )


@pytest.mark.parametrize("press", ["press_microphone", "press_action"])
def test_a_button_while_it_asks_ends_the_question(press, session):
    device = session.devices["d1"]
    hear(
        session,
        Clip(
            "Alexa, what is the weather",
            "alexa",
            tail=0.8,
        ),
    )
    assert device.asked and device.lights.blue
    session.out = []
    getattr(device, press)()
    assert not device.asked
    opened = [m["cause"] for m in session.out if m["event"] == "stream.open"]
    assert opened == (
        [] if press == "press_microphone" else ["action_button"]
    ) and device.lights.blue == bool(opened)


def test_a_file_in_and_a_file_out(tmp_path):
    air = in_the_air(CLIPS["weather"], 8)
    with wave.open(str(tmp_path / "in.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(air.tobytes())
    command = [
        sys.executable,
        "-m",
        "earwitness.reference_impl.live",
        "--hear",
        str(tmp_path / "in.wav"),
        "--speak",
        str(tmp_path / "out.wav"),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True
    )
    assert "tts.audio" in [
        json.loads(line)["event"] for line in done.stdout.splitlines()
    ]
    assert np.abs(decode_sound(tmp_path / "out.wav")).max() > 1_000


def test_a_pipe_in_and_a_pipe_out():
    air = in_the_air(CLIPS["weather"], 8)
    command = [
        sys.executable,
        "-m",
        "earwitness.reference_impl.live",
        "--hear",
        "-",
        "--speak",
        "-",
    ]
    done = subprocess.run(
        command,
        input=air.tobytes(),
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert (
        len(done.stdout) == -(-len(air) // CHUNK) * CHUNK * 2
        and np.abs(np.frombuffer(done.stdout, np.int16)).max() > 1_000
    )
    assert b"tts.audio" in done.stderr


def test_what_cannot_be_heard_is_named(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "earwitness.reference_impl.live",
            "--hear",
            "/nowhere.wav",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (
        done.returncode == 1
        and "cannot be decoded" in done.stderr
        and "Traceback" not in done.stderr
    )
