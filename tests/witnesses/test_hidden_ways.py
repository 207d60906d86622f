"""What was said is found where nothing but its form was changed, or where it changes what is always sent."""

from __future__ import annotations

import codecs
import json
import os

import pytest
from test_wire_reader import crossing

from earwitness.conformance.running.situations import SAID, situations
from earwitness.conformance.targets.doorman.listing import (
    is_set_by_hand,
    times_as_text,
)
from earwitness.conformance.witnesses.exchanged_letters import exchange_back
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.reader import EXCHANGED, Reader
from earwitness.conformance.witnesses.spoken_words import (
    SpokenWords,
    WordsKind,
)
from earwitness.conformance.witnesses.twins import (
    TwinOutcome,
    compare_twins,
    take_footprint,
)

SPOKEN = "what is the weather in menlo park"
OTHER = "what is the weather in menlo bark"


@pytest.fixture(scope="module")
def reader():
    words = SpokenWords(["alexa"])
    words.add(SPOKEN)
    with Reader(HeardSound(), words) as made:
        yield made


def test_words_are_found_whose_letters_were_exchanged(reader):
    text = codecs.encode(f"{SPOKEN}\n{OTHER}\n", "rot13").encode()
    kinds = {
        found.words.kind: found.wrappings for found in reader.read(text).words
    }
    assert kinds == {
        WordsKind.SAME: (EXCHANGED,),
        WordsKind.LIKE: (EXCHANGED,),
    }


@pytest.mark.parametrize(
    "text",
    [
        SPOKEN,
        "they do the things that we never see here",
        "aaaa aa aaa aaaaaaa aa aaaaa aaaa",
        "jung vf gur jrngure va zrayb cnex"[:20],
        "",
    ],
)
def test_words_that_are_no_exchange_of_what_was_said_stay_as_they_are(text):
    assert exchange_back(text, [tuple(SPOKEN.split())]) == ""


def test_words_in_the_times_of_files_are_listed(tmp_path, reader):
    times = []
    for begin in range(0, len(OTHER), 7):
        file = tmp_path / f"{begin:03d}"
        file.touch()
        assert not is_set_by_hand(file.stat())
        time = int.from_bytes(OTHER[begin : begin + 7].encode(), "big")
        os.utime(file, ns=(time, time))
        assert is_set_by_hand(file.stat())
        times.append(file.stat().st_mtime_ns)
    listed = next(iter(times_as_text(times)))
    found = reader.read(listed["text"].encode("latin-1")).words
    assert OTHER in {each.words.text for each in found}


def footprint(digits):
    messages = [
        {"id": 17 + number, "device": "d1", "note": digit}
        for number, digit in enumerate(digits)
    ]
    return take_footprint(
        [crossing(json.dumps(each).encode()) for each in messages],
        began=0,
        growth={},
        log_lines={},
    )


def test_a_digit_that_changes_only_where_somebody_speaks_tells_twins_apart():
    room = footprint("00000")
    pairs = [(footprint(d), room) for d in ("00450", "07600", "00310") * 2]
    found = compare_twins(pairs)
    assert found.outcome is TwinOutcome.APART and "place 5" in found.mark


def test_a_counter_that_changes_with_and_without_speech_tells_nothing():
    found = compare_twins([(footprint("11111"), footprint("11111"))] * 2)
    assert found.outcome is TwinOutcome.ALIKE


def test_two_devices_hear_all_that_is_said_in_two_pairs_each():
    listening = situations("d1", "noise")[0]
    first = {
        listening.beginning_with(2 * device).clip(number)
        for device in (0, 1)
        for number in (0, 1)
    }
    assert first == set(SAID)


def test_what_a_situation_says_itself_keeps_its_order():
    muted = situations("d1", "noise")[1]
    assert muted.beginning_with(3).clip(1) == "noise"
