"""Traces: what is written is read back; what is no observation is refused with its line."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from earwitness.model.trace import (
    LONGEST_LINE,
    Observation,
    Origin,
    TraceError,
    observation_from,
    observation_to_json,
    parse_line,
    partial_observation_from,
    read_trace,
    write_trace,
)
from earwitness.model.vocabulary import (
    Microseconds,
    trace_line_schema,
    vocabulary,
)

GOOD = b'{"time": 5, "device": "d1", "event": "tick"}\n'
FAMILIES = """power button microphone camera shutter light screen tone speech wake_word audio stream asr nlu skill
tts record metric access setting call network tick end"""


def test_every_family_of_the_white_paper_is_declared():
    assert set(FAMILIES.split()) <= {
        name.split(".")[0] for name in vocabulary().events
    }


def test_capabilities_are_one_closed_list_with_a_meaning_each():
    found = vocabulary().capabilities
    assert {
        "microphone_button",
        "camera",
        "microphone",
        "loudspeaker",
        "display",
    } <= found.keys()
    assert all(
        isinstance(meaning, str) and meaning for meaning in found.values()
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.sampled_from([True, False, None]))
    )
)
def test_what_is_written_is_read_back(rows):
    seen = [
        Observation(
            Microseconds(time),
            "d1",
            "microphone.power",
            {} if on is None else {"on": on},
            Origin.WITNESSED,
        )
        for time, on in sorted(rows, key=lambda row: row[0])
    ]
    out = io.StringIO()
    write_trace(seen, out)
    assert list(read_trace(io.BytesIO(out.getvalue().encode()), "t")) == seen


@pytest.mark.parametrize(
    ("bad", "part"),
    [
        (b"{", "not JSON"),
        (b"[1]", "one JSON object"),
        (
            b'{"time": 5, "device": "d1", "event": "tik"}',
            "Did you mean 'tick'?",
        ),
        (b'{"time": 4, "device": "d1", "event": "tick"}', "goes backwards"),
        (b'{"time": -1, "device": "d1", "event": "tick"}', "time must be"),
        (b'{"time": true, "device": "d1", "event": "tick"}', "time must be"),
        (b'{"time": 1e99, "device": "d1", "event": "tick"}', "time must be"),
        (
            b'{"time": 6, "device": "d1", "event": "power", "on": 1, "kind": "show"}',
            "true or false",
        ),
        (
            b'{"time": 6, "device": "d1", "event": "audio.captured", "bytes": 1'
            + b"0" * 30
            + b"}",
            "integer",
        ),
        (
            b'{"time": 6, "device": "d1", "event": "tick", "x": 1}',
            "no attribute",
        ),
        (
            b'{"time": 6, "device": "d1", "event": "tick", "x": null}',
            "no attribute",
        ),
        (
            b'{"time": 6, "device": "d1", "event": "tick", "origin": "sworn"}',
            "origin",
        ),
        (
            b'{"time": 6, "time": 7, "device": "d1", "event": "tick"}',
            "'time' is there twice",
        ),
        (
            b'{"time": 6, "device": "d1", "event": "power", "on": true, "on": false}',
            "'on' is there twice",
        ),
        (
            b'{"time": 6, "device": "\\ud800", "event": "tick"}',
            "half a character",
        ),
        (
            b'{"time": 6, "device": "d", "event": "asr.result", "text": "\\udfff"}',
            "half a character",
        ),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"x" * (LONGEST_LINE + 10), "longer than"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(bad, part):
    with pytest.raises(TraceError) as caught:
        list(read_trace(io.BytesIO(GOOD + bad + b"\n"), "log.jsonl"))
    assert str(caught.value).startswith("log.jsonl:2: ")
    assert part in str(caught.value)


def test_an_attribute_that_a_log_does_not_give_is_unknown():
    absent = {"time": 6, "device": "d1", "event": "power", "on": True}
    empty = absent | {"kind": None}
    assert partial_observation_from(absent).attributes == {"on": True}
    assert partial_observation_from(empty).attributes == {"on": True}
    assert parse_line(json.dumps(empty).encode()).attributes == {"on": True}


def test_a_target_must_name_every_attribute_and_may_say_that_it_is_unknown():
    absent = {"time": 6, "device": "d1", "event": "power", "on": True}
    with pytest.raises(
        TraceError,
        match="'kind' is missing; give one of speaker, show, or null",
    ):
        observation_from(absent)
    assert observation_from(absent | {"kind": None}).attributes == {
        "on": True
    }


@pytest.mark.parametrize("kind", ["show", None])
def test_the_schema_accepts_what_the_reader_accepts(kind):
    entry = {
        "time": 1,
        "device": "d",
        "event": "power",
        "on": True,
        "kind": kind,
    }
    validator = Draft202012Validator(trace_line_schema())
    validator.validate(entry)
    validator.validate(observation_to_json(observation_from(entry)))
