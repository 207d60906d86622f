"""Metrics count: where the same is said twice, numbers grow and entries do not."""

from __future__ import annotations

from earwitness.conformance.running.paired_runs import (
    RunLikeness,
    _compare_counts,
    look_of,
)
from earwitness.conformance.running.run import Run
from earwitness.conformance.stimuli.stimulus import Query
from earwitness.conformance.witnesses.files import StoreSearch

ASKED = Query("d1", "ours", "organisation", "intent_distribution")


def run_with(data):
    return Run((), (), {}, StoreSearch((), 0, ()), journal=((ASKED, data),))


def likeness(once, twice):
    return _compare_counts(
        look_of(run_with(once)), run_with(twice), 1
    ).likeness


def test_numbers_may_double():
    once = {"GetWeather": 2, "SetTimer": [1, {"kitchen": 1}], "": 0}
    twice = {"GetWeather": 4, "SetTimer": [2, {"kitchen": 2}], "": 0}
    assert likeness(once, twice) is RunLikeness.ALIKE


def test_a_row_for_each_utterance_is_no_aggregate():
    def rows(number):
        return [{"intent": "GetWeather", "row": n} for n in range(number)]

    assert likeness(rows(4), rows(8)) is RunLikeness.APART


def test_a_key_for_each_utterance_is_no_aggregate_whatever_the_keys_are():
    def keys(number):
        return {"GetWeather": number} | {f"{n}": 1 for n in range(number)}

    assert likeness(keys(4), keys(8)) is RunLikeness.APART


def test_a_new_day_between_two_runs_is_no_utterance():
    assert likeness({"25": 4}, {"25": 6, "26": 2}) is RunLikeness.ALIKE
