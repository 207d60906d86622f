"""What a check writes down of itself: of the model, only of the one that its packs ask about."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from bundles import MUTED

from earwitness.conformance.running.fast_form import Searched
from earwitness.conformance.running.run_records import search_records
from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.satellite.satellite import SATELLITE_MODEL

SESSION = SimpleNamespace(
    runs=[SimpleNamespace(trace=MUTED)],
    searched=[Searched(where="the target itself", sequences=3, steps=9)],
)


def unvisited(model):
    (record,) = search_records(SESSION, model)
    return set(record.unvisited)


@pytest.mark.parametrize("model", [ASSISTANT, SATELLITE_MODEL])
def test_what_nobody_saw_are_steps_of_the_model_that_was_asked(model):
    known = {transition.name for transition in model.system.transitions}
    found = unvisited(model)
    assert found and found < known


def test_what_was_seen_is_not_among_it():
    assert "cut_power" in unvisited(ASSISTANT)
    assert "restore_power" not in unvisited(ASSISTANT)


def test_without_a_model_nothing_is_said_of_one():
    assert unvisited(None) == set()
