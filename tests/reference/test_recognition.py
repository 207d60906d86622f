"""The recogniser with odd lists, and with sound on which it once failed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from earwitness.conformance.stimuli.clips import Clip, in_the_air
from earwitness.reference_impl.cloud.asr import DomainRecognizer
from earwitness.reference_impl.cloud.nlu import understand_text
from earwitness.reference_impl.cloud.skills import room_service
from earwitness.reference_impl.cloud.speech import words_of_markup
from earwitness.reference_impl.sound import decode_sound


@pytest.fixture(scope="module")
def recognizer():
    return DomainRecognizer()


class Decoder:
    """A decoder whose list is as given."""

    def __init__(self, entries) -> None:
        self.entries = entries

    def start_utt(self) -> None: ...

    def process_raw(self, sound: bytes, full_utt: bool) -> None: ...

    def end_utt(self) -> None: ...

    def hyp(self):
        return SimpleNamespace(hypstr="one small latte")

    def nbest(self):
        return iter(self.entries)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [None],
        [None, SimpleNamespace(hypstr="one small latte", score=0.9)],
        [
            SimpleNamespace(hypstr=None, score=0.9),
            SimpleNamespace(hypstr="tea", score=0.0),
        ],
    ],
)
def test_entries_that_are_empty_are_left_out(
    entries, recognizer, monkeypatch
):
    monkeypatch.setattr(
        recognizer,
        "_decoder",
        Decoder(entries),
    )
    found = recognizer.recognize_speech(bytes(32_000))
    assert [hypothesis.text for hypothesis in found] == ["one small latte"]


def test_an_order_whose_list_had_an_empty_entry_is_recognised(
    recognizer, recordings
):
    path = (
        next(iter(recordings)).parents[1]
        / "regression"
        / "order-with-empty-nbest.flac"
    )
    # As in benchmarks/orders.py: the noise with which it happened is that of this seed.
    air = np.concatenate(
        [np.zeros(1_600), decode_sound(path).astype(float), np.zeros(16_000)]
    )
    air += np.random.default_rng(196).normal(
        0,
        12,
        len(air),
    )
    assert recognizer.recognize_speech(
        np.clip(
            air,
            -32768,
            32767,
        )
        .astype(np.int16)
        .tobytes()
    )


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("two coffees", "Two coffees are on their way."),
        (
            "i would like three lattes please",
            "Three lattes are on their way.",
        ),
        ("could i maybe get two coffees", "Two coffees are on their way."),
        ("get two coffee to us", "Two coffees are on their way."),
        ("order six coffees", "Six coffees are on their way."),
        (
            "could i maybe get twelve mochas",
            "Twelve mochas are on their way.",
        ),
        (
            "bring an eight ounce latte",
            "One eight ounce latte is on its way.",
        ),
        ("coffee for me", "One coffee is on its way."),
        (
            "a large coffee with milk",
            "One large coffee with milk is on its way.",
        ),
        ("something to drink", "What would you like to drink?"),
    ],
)
def test_an_order_is_answered_with_as_many_as_were_ordered(text, answered):
    understood = understand_text(text)
    assert understood is not None and understood.skill == "room_service"
    assert (
        words_of_markup(
            room_service.answer_request(
                understood.intent,
                understood.slots,
                {},
            ).markup
        )
        == answered
    )


@pytest.mark.parametrize(
    "text", ["zero coffees", "twenty one coffees", "coffees please"]
)
def test_several_of_which_nobody_knows_how_many_are_not_one(text):
    assert understand_text(text) is None


def test_two_coffees_are_heard(recognizer):
    sound = in_the_air(
        Clip(
            "two coffees please",
            "",
            "en-us",
        ),
        5,
    )
    understood = understand_text(
        recognizer.recognize_speech(sound.tobytes())[0].text
    )
    assert understood is not None and understood.slots == {
        "number": "two",
        "drinks": "coffees",
    }
