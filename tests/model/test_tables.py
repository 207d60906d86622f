"""The normative tables: every row gives its reason, and the reasons name clauses that exist."""

from __future__ import annotations

import re

import pytest

from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.systems.transition_system import PASS_TIME
from earwitness.policies.pack import find, shipped_packs

SYSTEM = ASSISTANT.system
CLAUSES = {
    clause.id for name in shipped_packs() for clause in find(name).clauses
}
ROWS = [
    row for row in (*SYSTEM.transitions, *SYSTEM.limits) if row != PASS_TIME
]


@pytest.mark.parametrize("row", ROWS, ids=lambda t: t.name)
def test_every_row_gives_its_reason(row):
    assert row.reason
    assert set(re.findall(r"\b[A-Z]{3,4}-\d\b", row.reason)) <= CLAUSES


def test_a_silent_row_says_so_and_carries_nothing():
    for row in SYSTEM.transitions:
        assert row.emits is not None or not row.attributes


def test_every_stream_has_a_number_of_its_own():
    opened = SYSTEM.transition("open_stream")
    assert opened.attributes["stream"] == opened.updates["number"]
    for name in ("send_audio", "close_stream", "finish_request"):
        assert SYSTEM.transition(name).attributes["stream"].name == "number"


def test_a_called_device_tells_and_shows_it():
    assert SYSTEM.transition("take_call").emits == "call.start"
    assert "blue" in repr(SYSTEM.transition("talk_to_device").guard)
