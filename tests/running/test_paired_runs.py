"""Metrics count: where the same is said twice, numbers grow and entries do not."""

from __future__ import annotations

import numpy as np
import pytest

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.paired_runs import (
    VOICES,
    RunLikeness,
    _compare_counts,
    compare,
    look_of,
)
from earwitness.conformance.running.run import Run
from earwitness.conformance.stimuli.clips import CLIPS, spoken
from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.stimuli.stimulus import Query
from earwitness.conformance.targets.fast import FastReferenceTarget
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


def voice_of(clip):
    """How long a clip's words take in seconds, how loud they are, and how high the voice is in Hz."""
    samples = spoken(CLIPS[clip].said_to("alexa", "computer")).astype(float)
    pieces = samples[: len(samples) // 1024 * 1024].reshape(-1, 1024)
    loud = pieces[np.abs(pieces).max(axis=1) > 0.3 * np.abs(samples).max()]
    alike = np.fft.irfft(np.abs(np.fft.rfft(loud, 4096)) ** 2)
    periods = alike[:, RATE // 320 : RATE // 70] / alike[:, :1]
    nearly = periods > 0.85 * periods.max(axis=1, keepdims=True)
    pitches = RATE / (RATE // 320 + nearly.argmax(axis=1))
    strength = float(np.sqrt((samples**2).mean()))
    return len(samples) / RATE, strength, float(np.median(pitches))


@pytest.mark.parametrize("place", [0, 1])
def test_the_voices_differ_in_pace_in_loudness_and_in_height(place):
    fast, slow, womans = (voice_of(clips[place]) for clips in VOICES)
    # A count of whole seconds, of loud voices, or of high ones tells them apart.
    assert slow[0] > fast[0] + 0.7
    assert slow[1] < 0.5 * min(fast[1], womans[1])
    assert womans[2] > 1.4 * max(fast[2], slow[2])


@pytest.mark.parametrize("name", ["durations", "loudness", "gender"])
def test_a_metric_by_how_somebody_speaks_is_found(name, clauses):
    with Harness(FastReferenceTarget(name), clauses) as harness:
        assert compare(harness).likeness is RunLikeness.APART
