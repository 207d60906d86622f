"""Traces: what is written is read back; what is no observation is refused with its line."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.model.trace import (
    LONGEST_LINE,
    Observation,
    Origin,
    TraceError,
    observation_from,
    read,
    to_json,
    write,
)
from earwitness.model.vocabulary import Microseconds, trace_line_schema, vocabulary

GOOD = b'{"time": 5, "device": "d1", "event": "tick"}\n'


def test_every_family_of_the_white_paper_is_declared():
    families = {name.split(".")[0] for name in vocabulary().events}
    wanted = {
        "power",
        "button",
        "microphone",
        "camera",
        "shutter",
        "light",
        "screen",
        "tone",
        "speech",
        "wake_word",
        "audio",
        "stream",
        "asr",
    }
    wanted |= {
        "nlu",
        "skill",
        "tts",
        "record",
        "metric",
        "access",
        "setting",
        "call",
        "network",
        "tick",
        "end",
    }
    assert wanted <= families


@given(st.lists(st.tuples(st.integers(0, 10**9), st.booleans())))
def test_what_is_written_is_read_back(rows):
    seen = [
        Observation(Microseconds(t), "d1", "microphone.power", {"on": on}, Origin.WITNESSED)
        for t, on in sorted(rows)
    ]
    out = io.StringIO()
    write(seen, out)
    assert list(read(io.BytesIO(out.getvalue().encode()), "t")) == seen


@pytest.mark.parametrize(
    ("bad", "part"),
    [
        (b"{", "not JSON"),
        (b"[1]", "one JSON object"),
        (b'{"time": 5, "device": "d1", "event": "tik"}', "Did you mean 'tick'?"),
        (b'{"time": 4, "device": "d1", "event": "tick"}', "goes backwards"),
        (b'{"time": -1, "device": "d1", "event": "tick"}', "time must be"),
        (b'{"time": true, "device": "d1", "event": "tick"}', "time must be"),
        (b'{"time": 6, "device": "d1", "event": "power", "on": 1, "kind": "show"}', "true or false"),
        (b'{"time": 6, "device": "d1", "event": "power", "on": true}', "'kind' is missing"),
        (b'{"time": 6, "device": "d1", "event": "tick", "x": 1}', "no attribute"),
        (b'{"time": 6, "device": "d1", "event": "tick", "origin": "sworn"}', "origin"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"x" * (LONGEST_LINE + 10), "longer than"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(bad, part):
    with pytest.raises(TraceError) as caught:
        list(read(io.BytesIO(GOOD + bad + b"\n"), "log.jsonl"))
    assert str(caught.value).startswith("log.jsonl:2: ")
    assert part in str(caught.value)


def test_the_schema_accepts_what_the_reader_accepts():
    from jsonschema import Draft202012Validator

    entry = to_json(
        observation_from({"time": 1, "device": "d", "event": "power", "on": True, "kind": "show"})
    )
    Draft202012Validator(trace_line_schema()).validate(entry)
