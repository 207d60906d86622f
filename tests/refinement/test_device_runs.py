"""The runs of a check against the model: admitted ones lie in the bundle and replay without search; a step
that the model cannot take is named."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest

from earwitness.conformance.evidence.redaction import Redactor
from earwitness.conformance.refinement.device_runs import (
    DeviceRunRecord,
    admit_devices,
    fault_of_run,
    line_of,
)
from earwitness.conformance.running.refining import refine_traces
from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.trace import Observation

REDACTOR = Redactor(b"a key of this test")


def seen(time, event, device="d1", **attributes):
    return Observation(time, device, event, attributes)


MUTED = [
    seen(0, "power", on=True, kind="speaker"),
    seen(20_000, "microphone.power", on=True),
    seen(40_000, "light", color="red", on=False),
    seen(1_000_000, "button.microphone"),
    seen(1_040_000, "microphone.power", on=False),
    seen(1_050_000, "light", color="red", on=True),
    seen(2_000_000, "tick"),
]
LATE = [
    replace(o, time=o.time + 60_000) if o.time > 1_000_000 else o
    for o in MUTED
]
CAPTURES = [*MUTED, seen(3_000_000, "audio.captured", bytes=2560, buffered=0)]


def both_devices(trace):
    """The trace on two devices at once."""
    return [o for one in trace for o in (one, replace(one, device="d2"))]


def test_every_device_of_every_run_is_admitted_and_the_line_says_so():
    record, lines = refine_traces(
        [both_devices(MUTED), MUTED], ASSISTANT, REDACTOR
    )
    assert [(t.run, t.device, t.outcome) for t in record.traces] == [
        (0, "d1", "admitted"),
        (0, "d2", "admitted"),
        (1, "d1", "admitted"),
    ]
    assert record.line.startswith("All 18 observed steps")
    assert record.left_out == {"time passes": 3}
    for line in lines.splitlines():
        record = msgspec.json.decode(line, type=DeviceRunRecord)
        assert fault_of_run(record, MUTED, ASSISTANT) == ""


@pytest.mark.parametrize(
    ("trace", "at", "because"),
    [
        (LATE, 4, "limit rail: one of its steps was due at 1.08 s"),
        (CAPTURES, 7, "guard"),
    ],
)
def test_the_first_step_that_the_model_cannot_take_is_named(
    trace, at, because
):
    record, lines = refine_traces([MUTED, trace], ASSISTANT, REDACTOR)
    refused = record.traces[-1]
    assert (refused.outcome, refused.at) == ("refused", at)
    assert because in refused.because and because in record.line
    assert "The proofs do not speak of this device." in record.line
    assert len(lines.splitlines()) == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda e: e["steps"].pop(),
        lambda e: e["steps"].append(["press_microphone", 9_000_000, {}]),
        lambda e: e["steps"].__setitem__(0, ["no such row", 0, {}]),
        lambda e: e["initial"].__setitem__("powered", True),
        lambda e: e["initial"].pop("powered"),
        lambda e: [s.__setitem__(1, s[1] + 200_000) for s in e["steps"]],
    ],
)
def test_a_forged_run_is_noticed(forge):
    _, lines = refine_traces([MUTED], ASSISTANT, REDACTOR)
    entry = json.loads(lines)
    forge(entry)
    record = msgspec.convert(entry, DeviceRunRecord)
    assert fault_of_run(record, MUTED, ASSISTANT) != ""


def test_what_a_trace_of_nothing_says_is_little():
    found = admit_devices({0: []}, ASSISTANT)
    assert line_of(found, ASSISTANT).startswith("All 0 observed steps")
