"""Incidents of the field: each trace has the verdict it is owed, no more and no less. Ours stand beside
the public ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from field_traces import OURS, PACKS, PAPER_AND_BASELINE

from earwitness.conformance.running.log_judgement import (
    LogVerdict,
    judge_log,
    judge_log_file,
)
from earwitness.conformance.running.log_reading import log_of
from earwitness.model.trace import partial_observation_from

FIELD = Path(__file__).parents[1] / "field"

OWED = {
    "00-clean-request": set(),
    "01a-avs1539-mute-then-tap-hwlog": {"MIC-3"},
    "02-avs2066-mic-not-powered-down": {"MIC-1"},
    "04-voicepe621-followup-hears-own-tts": {"TTS-2"},
    "08-light-stuck-on-idle": {"IND-5"},
    "10-satellite1-150-no-light": {"IND-1", "IND-2"},
    "11-esphome232-mute-during-request": {"MIC-2"},
    "13-gassistpi722-wake-lifts-mute": {"BASE-1"},
    "15-mycroft538-wake-wav-kept": {"RET-1"},
    "16-transcript-in-log": {"RET-5"},
    "18-jitsi7516-heard-in-call-while-muted": {"MIC-6"},
    "19-call-media-after-end": {"CALL-4"},
    "21-wyoming11-plain-audio": {"STR-2"},
    "23-ftc-transcript-kept-after-deletion": set(),  # the request to delete has no event there: see OURS
    "27-reset-leaves-data": set(),  # the reset has no event there: see OURS
    "29-webex-telemetry-while-muted": {"RET-4", "MIC-7"},
    "31b-server-opens-mic-as-follow-up": {"STR-4"},
    "33-core178614-streams-to-timeout": {"STR-1"},
    "35-vad-mode-streams-without-wake": {"WAKE-1"},
    "40-midlife-log-clean": set(),
    "41-midlife-log-mute-not-enacted": {"MIC-1", "WAKE-1"},
    "42-clock-steps-back": set(),
    "44-light-3ms-after-open": set(),
}


@pytest.mark.parametrize("name", OWED)
def test_a_public_incident_has_the_verdict_it_is_owed(name):
    judged = judge_log_file(FIELD / f"{name}.jsonl", PAPER_AND_BASELINE)
    assert violated_in(judged) == OWED[name]


SIBLINGS = json.loads((FIELD / "ours" / "owed.json").read_text("utf-8"))


@pytest.mark.parametrize("name", SIBLINGS)
def test_an_incident_of_the_same_kind_has_the_verdict_it_is_owed(name):
    """Ours: other devices, another order, a log in mid-life, attributes that are missing, clocks that step
    back, lights by their role, two streams at once."""
    entry = SIBLINGS[name]
    packs = [*PAPER_AND_BASELINE, *map(PACKS.get, entry.get("packs", ()))]
    judged = judge_log_file(FIELD / "ours" / f"{name}.jsonl", packs)
    assert violated_in(judged) == set(entry["owed"])


def test_every_trace_of_ours_is_judged():
    files = {path.stem for path in (FIELD / "ours").glob("*.jsonl")}
    assert files == set(SIBLINGS)


def violated_in(judgement) -> set[str]:
    return {
        c.id for c in judgement.clauses if c.verdict is LogVerdict.VIOLATED
    }


def trace(*lines: str):
    """Lines such as `1.5 light color=blue on=true`: seconds, event, attributes."""
    for line in lines:
        seconds, event, *pairs = line.split()
        attributes = {
            name: value_of(text)
            for name, _, text in (pair.partition("=") for pair in pairs)
        }
        entry = {
            "time": round(float(seconds) * 1e6),
            "device": "d1",
            "event": event,
            **attributes,
        }
        yield partial_observation_from(entry)


def value_of(text: str):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


@pytest.mark.parametrize("name", OURS)
def test_a_trace_shows_the_difference(name):
    packs, owed, lines = OURS[name]
    judged = judge_log(
        log_of(sorted(trace(*lines), key=lambda seen: seen.time)),
        [PACKS[p] for p in packs],
    )
    assert violated_in(judged) == owed
