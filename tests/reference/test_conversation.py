"""The cloud's side of a connection: when a turn ends, what confidence means, and that no message, however
odd, goes unanswered or leaves sound behind."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.conformance.stimuli.clips import Clip, spoken
from earwitness.reference_impl.cloud.asr import (
    DomainRecognizer,
    Hypothesis,
    calibrate_share,
    rank_hypotheses,
)
from earwitness.reference_impl.cloud.cloud import Cloud
from earwitness.reference_impl.cloud.conversation import Conversation
from earwitness.reference_impl.cloud.endpoint import ENOUGH, HANG_OVER
from earwitness.reference_impl.cloud.nlu import fits_whole, understand_text
from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.sound import split_sound

NONSENSE = (ValueError, KeyError, TypeError, AttributeError)
"""What the server answers for; see `cloud.server`."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    made = Cloud(tmp_path_factory.mktemp("cloud"), DomainRecognizer())
    yield made
    made.host.end()


def silence_until_the_end(cloud, words: str) -> float:
    """Seconds from the last of the words until the cloud has heard enough."""
    conversation = Conversation(cloud, mail=None)
    conversation.message(
        {
            "type": "open",
            "device": "d1",
            "preroll": 0,
        }
    )
    sound = spoken(Clip(words, ""))
    said = int(np.nonzero(np.abs(sound.astype(int)) > 300)[0][-1])
    air = np.concatenate(
        [np.zeros(RATE // 4), sound[:said], np.zeros(2 * RATE)]
    ) + np.random.default_rng(4).normal(
        0,
        12,
        RATE // 4 + said + 2 * RATE,
    )
    for number, piece in enumerate(
        split_sound(air.astype(np.int16)), start=1
    ):
        if conversation.message(piece.tobytes())["stop"]:
            return number * CHUNK / RATE - said / RATE - 0.25
    return 2.0


def test_a_whole_sentence_ends_a_turn_sooner_than_one_that_something_may_follow(
    cloud,
):
    whole, broken = (
        silence_until_the_end(cloud, "what is the weather in boston"),
        silence_until_the_end(cloud, "what is the"),
    )
    assert (
        0.02 * ENOUGH
        <= whole
        < 0.02 * HANG_OVER
        <= broken
        < 0.02 * HANG_OVER + 0.3
    )


def test_a_pause_before_the_end_of_a_sentence_does_not_end_the_turn(cloud):
    conversation = Conversation(cloud, mail=None)
    conversation.message(
        {
            "type": "open",
            "device": "d1",
            "preroll": 0,
        }
    )
    begun, ended = (
        spoken(Clip(words, ""))
        for words in ("set a timer for", "ten minutes")
    )
    begun = begun[: np.nonzero(np.abs(begun.astype(int)) > 300)[0][-1]]
    air = np.concatenate(
        [np.zeros(RATE // 4), begun, np.zeros(RATE // 2), ended]
    )
    air = (
        air
        + np.random.default_rng(5).normal(
            0,
            12,
            len(air),
        )
    ).astype(np.int16)
    spoken_to_the_end = [
        conversation.message(p.tobytes())["stop"]
        for p in split_sound(
            air[: RATE // 4 + len(begun) + RATE // 2 + RATE // 4]
        )
    ]
    assert not any(spoken_to_the_end)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda x: (
        st.lists(x, max_size=2)
        | st.dictionaries(st.text(max_size=5), x, max_size=2)
    ),
    max_leaves=4,
)
messages = st.one_of(
    st.binary(max_size=3000),
    st.builds(
        lambda kind, more: {**more, "type": kind},
        st.sampled_from(["open", "end", "settings", "call.end", "dance"]),
        st.dictionaries(
            st.sampled_from(["preroll", "device", "cause", "x"]), anything
        ),
    ),
    st.dictionaries(st.text(max_size=5), anything, max_size=3),
)


class Deaf:
    def recognize_speech(self, sound: bytes) -> list[Hypothesis]:
        return []


@settings(max_examples=150, deadline=None)
@given(st.lists(messages, max_size=12))
def test_every_message_is_answered_and_no_sound_outlives_its_turn(
    cloud, said
):
    class Quiet:
        def end(self, device):
            return {"ok": True}

    honest, cloud.recognizer = cloud.recognizer, Deaf()
    conversation = Conversation(cloud, Quiet())
    try:
        for message in said:
            try:
                assert isinstance(conversation.message(message), dict)
            except NONSENSE:
                assert not isinstance(message, bytes)
            if isinstance(message, dict) and message.get("type") in (
                "open",
                "end",
            ):
                assert not conversation._sound
    finally:
        cloud.recognizer = honest


texts = st.lists(
    st.tuples(
        st.sampled_from(
            ["what is the weather", "what is a feather", "set a timer", "a"]
        ),
        st.floats(-400, 0),
    ),
    min_size=1,
    max_size=8,
)


@given(texts)
def test_hypotheses_are_ranked_merged_and_their_confidence_is_a_chance(
    listed,
):
    found = rank_hypotheses(listed)
    assert {h.text for h in found} == {text for text, _ in listed}
    assert all(
        one.confidence >= other.confidence for one, other in pairwise(found)
    ) and all(0 < h.confidence < 1 for h in found)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_is_never_less_confident(one, other):
    assert (calibrate_share(one) - calibrate_share(other)) * (
        one - other
    ) >= 0


@pytest.mark.parametrize(
    "text",
    [
        "what is the weather in boston",
        "set a timer for ten minutes",
        "a large iced drip coffee with lots of brown sugar",
    ],
)
def test_what_fits_is_understood(text):
    assert fits_whole(text) and understand_text(text) is not None


def test_values_are_composed_of_their_parts():
    made = understand_text(
        "can i get a twenty ounce double shot dark roast drip coffee"
        " with a bit of whole milk and lots of brown sugar"
    )
    assert made is not None and dict(made.slots) == {
        "size": "twenty ounce",
        "shots": "double shot",
        "roast": "dark roast",
        "drink": "drip coffee",
        "milk": "a bit of whole milk",
        "sugar": "lots of brown sugar",
    }
