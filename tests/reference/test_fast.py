"""The fast reference does what the real one does: the same requests, the same observations, the same
messages to the cloud."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.conformance.stimuli.stimulus import Say
from earwitness.conformance.targets.entry_points import open_target
from earwitness.conformance.targets.protocol import PowerRequest, PressRequest
from earwitness.reference_impl.cloud.asr import DomainRecognizer
from earwitness.reference_impl.device.wake import make_detector
from earwitness.reference_impl.fast.known_answers import (
    FILE,
    KnownAnswers,
    load_answers,
    write_answers,
)
from earwitness.reference_impl.fast.remembered import (
    QUIET_ROOM,
    RememberedSpeech,
    RememberedWord,
    sound_token,
)
from earwitness.reference_impl.fast.session import (
    SPEECH,
    FastSession,
    fast_class,
)
from earwitness.reference_impl.faults.variants import VARIANTS
from earwitness.reference_impl.session import Session

CHUNK = 1_280


def with_unique_bits(clip: str, seed: int) -> np.ndarray:
    """The clip, the same each time but for its two lowest bits."""
    sound = in_the_air(CLIPS[clip], 5)
    dice = np.random.default_rng(seed)
    return (
        sound // 4 * 4
        + dice.integers(
            0,
            4,
            len(sound),
        )
    ).astype(np.int16)


def press(button, device="d1"):
    return {
        "do": "press",
        "device": device,
        "button": button,
    }


def call(state, leg="device"):
    return {
        "do": "call",
        "device": "d1",
        "state": state,
        "leg": leg,
    }


def query(actor, role, resource):
    return {
        "do": "query",
        "device": "d1",
        "actor": actor,
        "role": role,
        "resource": resource,
    }


SEQUENCES = {
    "requests": [
        "weather",
        "question",
        "chatter",
        "timer",
        "other-word",
        "cut-short",
        "quiet",
        "weather",
    ],
    "buttons": [
        press("microphone"),
        "weather",
        press("microphone"),
        press("action"),
        "timer",
        "question",
        press("microphone"),
    ],
    "faults of the world": [
        "cut-short",
        {"do": "network", "device": "d1", "state": "down"},
        "weather",
        {"do": "network", "device": "d1", "state": "up"},
        {"do": "power", "device": "d1", "state": "cut"},
        {"do": "power", "device": "d1", "state": "restore"},
        "weather",
        {"do": "kill", "device": "d1"},
        "quiet",
    ],
    "settings": [
        {"do": "set", "device": "d1", "value": True},
        "weather",
        {"do": "choose", "device": "d1", "word": "computer"},
        "computer",
        "weather",
        {"do": "choose", "device": "d1", "word": "jarvis"},
        {
            "do": "skill",
            "device": "d1",
            "state": "disable",
            "skill": "weather",
        },
        {
            "do": "skill",
            "device": "d1",
            "state": "enable",
            "skill": "after_dark",
        },
        {"do": "choose", "device": "d1", "word": "alexa"},
        "weather",
    ],
    "calls": [
        call("start"),
        "chatter",
        press("microphone"),
        "quiet",
        call("end"),
        call("start", "telephone"),
        "quiet",
        call("end"),
    ],
    "questions": [
        "timer",
        query("ours", "organisation", "top_skills"),
        query("theirs", "organisation", "settings"),
        query("ours", "skill_developer", "own_logs"),
        query("ours", "operator", "service_metrics"),
        query("ours", "nobody", "settings"),
        query("ours", "organisation", "dreams"),
    ],
}


def carried_out(session: Session, steps, frames: bool) -> list:
    """All observations and replies of some steps, each begun again with the same sound."""
    seen = list(session.handle_request({"id": 0, "do": "reset"}))
    for name in ("d1", "d2"):
        seen += session.handle_request(
            {
                "id": 0,
                "do": "power",
                "device": name,
                "state": "restore",
            }
        )
    for number, step in enumerate(steps, 1):
        if isinstance(step, dict):
            seen += session.handle_request({"id": number, **step})
            continue
        session.out = []
        pieces = (
            np.split(
                with_unique_bits(step, number), range(CHUNK, 10**6, CHUNK)
            )
            if frames
            else []
        )
        for piece in pieces or [with_unique_bits(step, number)]:
            session.hear_sound({"device": "d1"}, piece)
        seen += session.out
    return [comparable(entry) for entry in seen]


VARYING = {
    # How many packets of a call left at once.
    "call.media": {"bytes"},
    # The recogniser adapts to what it heard before, so how sure it is differs.
    "asr.result": {"confidence", "best", "hypotheses"},
}


def comparable(entry: dict) -> dict:
    """Without what differs from run to run of the real one too."""
    without = VARYING.get(entry.get("event", ""), set())
    return {
        name: value for name, value in entry.items() if name not in without
    }


@pytest.fixture(scope="module")
def real():
    made = Session()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def fast():
    made = FastSession()
    yield made
    made.stop()


@pytest.mark.parametrize("name", SEQUENCES)
def test_both_observe_the_same(name, real, fast):
    steps = SEQUENCES[name]
    assert carried_out(
        fast,
        steps,
        frames=False,
    ) == carried_out(
        real,
        steps,
        frames=False,
    )
    # A second time everything is remembered.
    assert carried_out(
        fast,
        steps,
        frames=False,
    ) == carried_out(
        fast,
        steps,
        frames=False,
    )


def test_what_was_sent_can_be_taken_message_by_message(fast):
    list(fast.handle_request({"id": 0, "do": "reset"}))
    list(
        fast.handle_request(
            {
                "id": 0,
                "do": "power",
                "device": "d1",
                "state": "restore",
            }
        )
    )
    fast.take_sent()
    fast.out = []
    fast.hear_sound({"device": "d1"}, with_unique_bits("weather", 1))
    uploads = [
        entry for entry in fast.out if entry["event"] == "stream.audio"
    ]
    sent = [
        one for one in fast.take_sent() if not one.content.startswith(b"{")
    ]
    assert [len(one.content) - 4 for one in sent] == [
        entry["bytes"] for entry in uploads
    ]
    assert {(one.device, one.encrypted) for one in sent} == {("d1", True)}
    assert fast.take_sent() == []


def test_a_plain_link_is_seen_to_be_plain():
    session = fast_class("plain-text-transport")("plain-text-transport")
    try:
        list(
            session.handle_request(
                {
                    "id": 0,
                    "do": "power",
                    "device": "d1",
                    "state": "restore",
                }
            )
        )
        session.hear_sound({"device": "d1"}, with_unique_bits("weather", 1))
        assert {one.encrypted for one in session.take_sent()} == {False}
    finally:
        session.stop()


def test_a_detector_is_asked_only_about_what_was_never_heard():
    asked = []

    class Counting:
        word = "alexa"

        def __init__(self) -> None:
            self.real = make_detector("alexa")

        def forget_sound(self) -> None:
            self.real.forget_sound()

        def hear_word(self, samples):
            asked.append(1)
            return self.real.hear_word(samples)

    firings: dict = {}
    for _ in range(2):
        remembered = RememberedWord(
            "test",
            "alexa",
            Counting,
            firings,
        )
        pieces = with_unique_bits("weather", len(asked))
        heard = [
            remembered.hear_word(p)
            for p in pieces[: len(pieces) // CHUNK * CHUNK].reshape(-1, CHUNK)
        ]
        assert heard.count("alexa") == 1
        if asked:
            first, asked = len(asked), asked
    assert len(asked) == first


def test_a_quiet_room_is_a_quiet_room():
    dice = np.random.default_rng(1)
    assert {
        sound_token(dice.normal(0, 12, CHUNK).astype(np.int16))
        for _ in range(9)
    } == {QUIET_ROOM}


def test_the_recogniser_is_asked_once_for_what_differs_in_its_lowest_bits():
    asked = []
    speech = RememberedSpeech(
        {},
        lambda: type(
            "Ear",
            (),
            {
                "recognize_speech": lambda self, sound: (
                    asked.append(sound) or []
                )
            },
        )(),
    )
    for seed in range(3):
        speech.recognize_speech(with_unique_bits("weather", seed).tobytes())
    speech.recognize_speech(with_unique_bits("timer", 1).tobytes())
    assert len(asked) == 2


def test_the_answers_that_come_with_the_code_rest_on_what_is_here():
    """Where this fails: scripts/remember-answers."""
    known = load_answers()
    assert len(known.speech) > 100
    assert set(known.firings.values()) == {True, False}
    assert json.loads(write_answers(known)) == json.loads(
        files("earwitness.reference_impl.fast").joinpath(FILE).read_text()
    )


def test_answers_that_rest_on_anything_else_do_not_count(tmp_path):
    kept = tmp_path / FILE
    kept.write_text(write_answers(load_answers()))
    assert load_answers(kept).speech
    stored = json.loads(kept.read_text())
    kept.write_text(json.dumps({**stored, "rests_on": "another recogniser"}))
    assert load_answers(kept) == KnownAnswers()
    assert load_answers(tmp_path / "none") == KnownAnswers()


def test_the_answers_that_come_with_the_code_are_the_recognisers(monkeypatch):
    """What a search plays most is known, and known as the real one answers it."""
    heard = []
    answer = RememberedSpeech.recognize_speech

    def noted(self, sound):
        heard.append((sound, answer(self, sound)))
        return heard[-1][1]

    def asks_nobody():
        raise AssertionError("a request of every search is not known")

    monkeypatch.setattr(RememberedSpeech, "recognize_speech", noted)
    monkeypatch.setattr(SPEECH, "_make", asks_nobody)
    monkeypatch.setattr(SPEECH, "_real", None)
    monkeypatch.setattr(SPEECH, "_answers", load_answers().speech)
    with Harness(open_target("ref:fast"), (), seed=5) as harness:
        harness.run((Say("d1", "weather"), Say("d2", "question")))
    real = DomainRecognizer()
    assert len(heard) >= 4, "two requests, and the controls"
    for sound, known in heard:
        asked = real.recognize_speech(sound)
        # A follow-up that nobody answers holds no words.
        assert [h.text for h in known[:1]] == [h.text for h in asked[:1]]
        # The lowest bits differ, and a recogniser adapts to what it heard before.
        assert [h.confidence for h in known[:1]] == pytest.approx(
            [h.confidence for h in asked[:1]], abs=0.05
        )
    assert sum(bool(known) for _, known in heard) >= 4


TRIED = [
    "weather",
    "chatter",
    press("microphone"),
    press("microphone"),
    {"do": "network", "device": "d1", "state": "down"},
    {"do": "network", "device": "d1", "state": "up"},
    {"do": "kill", "device": "d1"},
    call("start"),
    "quiet",
    call("end"),
    {"do": "shutter", "device": "d2"},
    query("theirs", "organisation", "settings"),
]


@pytest.mark.parametrize("name", VARIANTS)
def test_everyone_of_the_zoo_can_be_driven(name):
    """None breaks in a way that is none of its promises, whatever happens to it."""
    session = fast_class(name)(name)
    try:
        for reply in carried_out(session, TRIED, frames=True):
            assert "failed" not in str(reply.get("error", "")), reply
    finally:
        session.stop()


def test_it_is_a_target_and_its_messages_are_taken_as_a_relays_are():
    target = open_target("ref:fast")
    try:
        hello = target.introduce()
        assert not hello.capabilities["route"] and hello.cloud is None
        target.request(
            PowerRequest(
                device="d1",
                state="restore",
            )
        )
        target.request(
            PressRequest(
                device="d1",
                button="action",
            )
        )
        (crossing,) = target.take()
        assert (
            b'"type": "open"' in crossing.content
            and crossing.device == "d1"
            and crossing.encrypted
        )
    finally:
        target.close()
