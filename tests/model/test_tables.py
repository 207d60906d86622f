"""The tables say what they said before they were rewritten for readers: guard, updates, event and attributes of every row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from earwitness.model.assistant.assistant import ASSISTANT

BEFORE = json.loads((Path(__file__).parent / "equations_before.json").read_text())
SYSTEM = ASSISTANT.system


def equation(expressions):
    return {name: repr(expression) for name, expression in expressions.items()}


@pytest.mark.parametrize("row", SYSTEM.transitions, ids=lambda t: t.name)
def test_a_row_is_the_one_before(row):
    before = BEFORE["transitions"][row.name]
    assert row.component.name == before["component"]
    assert repr(row.guard) == before["guard"]
    assert equation(row.updates) == before["updates"]
    assert row.emits == before["event"]
    assert equation(row.attributes) == before["attributes"]


def test_no_row_variable_or_limit_is_missing():
    assert {t.name for t in SYSTEM.transitions} == set(BEFORE["transitions"])
    assert {v.name: repr(v) for v in SYSTEM.variables} == BEFORE["variables"]
    assert [repr(h) for h in SYSTEM.hints] == BEFORE["hints"]
    limits = {
        limit.name: [
            limit.component.name,
            repr(limit.condition),
            repr(limit.since),
            limit.bound,
            list(limit.discharge),
        ]
        for limit in SYSTEM.limits
    }
    assert limits == BEFORE["limits"]


@pytest.mark.parametrize("row", [*SYSTEM.transitions, *SYSTEM.limits], ids=lambda t: t.name)
def test_every_row_gives_its_reason(row):
    assert row.reason or row.name == "pass_time"
