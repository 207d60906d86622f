"""Logs: what a log shows is judged, what it does not show is left open, and every clause is in the result."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from earwitness.conformance.cli.main import cli
from earwitness.conformance.running.log_judgement import (
    Beginning,
    LogVerdict,
    judge_log,
    judge_log_file,
)
from earwitness.conformance.running.log_reading import (
    MOST_BAD_LINES,
    log_of,
    read_log,
)
from earwitness.model.trace import Observation, TraceError
from earwitness.policies.pack import find

PACKS = [find(name) for name in ("alexa-smart-properties", "voice-baseline")]
FIELD = Path(__file__).parents[1] / "field"
"""Incidents that the public reported, as minimal logs."""
OWED = {
    "00": [],
    "01a": ["MIC-3"],
    "02": ["MIC-1"],
    "10": ["IND-1", "IND-2"],
    "11": ["MIC-2"],
    "13": ["BASE-1"],
    "15": ["RET-1"],
    "21": ["STR-2"],
    "33": ["STR-1"],
    "35": ["WAKE-1"],
    "40": [],
    "42": [],
}
"""What the clauses of 2026-11-26 owe to each trace of the field (its README has the whole table)."""


def at(milliseconds, event, device="d1", **attributes):
    return Observation(milliseconds * 1000, device, event, attributes)


def verdicts(judgement):
    return {clause.id: clause.verdict for clause in judgement.clauses}


def conjunct(judgement, name):
    return next(
        c
        for clause in judgement.clauses
        for c in clause.conjuncts
        if c.name == name
    )


@pytest.mark.parametrize("prefix", OWED)
def test_a_field_trace_has_the_violations_it_is_owed(prefix):
    (file,) = FIELD.glob(f"{prefix}-*.jsonl")
    found = verdicts(judge_log_file(file, PACKS))
    violated = {
        identity
        for identity, verdict in found.items()
        if verdict is LogVerdict.VIOLATED
    }
    assert set(OWED[prefix]) <= violated
    if not OWED[prefix]:
        assert violated == set()


def test_every_clause_is_in_the_result():
    assert set(verdicts(judge_log(log_of([]), PACKS))) == {
        c.id for pack in PACKS for c in pack.clauses
    }


def test_an_empty_log_shows_nothing():
    assert (
        LogVerdict.HOLDS
        not in verdicts(judge_log(log_of([]), PACKS)).values()
    )


CAPTURE = at(60_000, "audio.captured", bytes=1, buffered=1)


def test_a_state_from_before_the_log_is_not_known():
    assert (
        verdicts(judge_log(log_of([CAPTURE]), PACKS))["MIC-2"]
        is not LogVerdict.VIOLATED
    )
    mute = at(0, "microphone.power", on=False)
    judgement = judge_log(log_of([mute, CAPTURE]), PACKS)
    assert verdicts(judgement)["MIC-2"] is LogVerdict.VIOLATED
    assert conjunct(judgement, "MIC-2.1").first_violation.line == 2
    assert (
        "line 2: audio.captured of d1 at 60000000 us"
        in conjunct(judgement, "MIC-2.1").reason
    )


def test_a_log_that_begins_with_power_coming_on_knows_that_all_was_off():
    power = at(0, "power", on=True, kind="speaker")
    opened = at(
        500, "stream.open", stream=1, cause="wake_word", **{"from": 0}
    )
    later = at(2000, "tick")
    judgement = judge_log(log_of([power, opened, later]), PACKS)
    assert judgement.pieces[0].beginning is Beginning.POWER_ON
    assert verdicts(judgement)["IND-1"] is LogVerdict.VIOLATED
    assert (
        verdicts(judge_log(log_of([opened, later]), PACKS))["IND-1"]
        is not LogVerdict.VIOLATED
    )


def test_a_clock_that_steps_back_splits_the_log_and_what_was_known_is_forgotten():
    mute = at(100_000, "microphone.power", on=False)
    judgement = judge_log(log_of([mute, CAPTURE]), PACKS)
    assert judgement.gaps == 1
    assert [
        (p.beginning, p.first_line, p.last_line) for p in judgement.pieces
    ] == [
        (Beginning.MID_LIFE, 1, 1),
        (Beginning.CLOCK_STEPPED_BACK, 2, 2),
    ]
    assert verdicts(judgement)["MIC-2"] is LogVerdict.NOT_KNOWN


def test_the_clock_of_one_device_says_nothing_of_another():
    judgement = judge_log(
        log_of([at(9, "tick"), at(5, "tick", "d2"), at(10, "tick")]), PACKS
    )
    assert judgement.gaps == 0 and len(judgement.pieces) == 2


def test_events_that_the_source_cannot_show_make_a_clause_not_observable():
    log = log_of(
        [
            at(0, "power", on=True, kind="speaker"),
            at(1000, "wake_word", word="alexa"),
            at(
                1010,
                "stream.open",
                stream=1,
                cause="wake_word",
                **{"from": 900_000},
            ),
            at(1100, "stream.audio", stream=1, voice=True, encrypted=True),
            at(1200, "stream.close", stream=1),
            at(9000, "end"),
        ]
    )
    assert verdicts(judge_log(log, PACKS))["IND-1"] is LogVerdict.VIOLATED
    sees = {
        "power",
        "wake_word",
        "stream.open",
        "stream.audio",
        "stream.close",
        "end",
    }
    blind = judge_log(log, PACKS, sees)
    assert LogVerdict.VIOLATED not in verdicts(blind).values()
    assert verdicts(blind)["IND-1"] is LogVerdict.NOT_OBSERVABLE
    assert "light" in conjunct(blind, "IND-1.1").unseen


def test_an_attribute_that_is_not_given_leaves_the_comparison_open():
    known = at(0, "stream.audio", stream=1, voice=True, encrypted=False)
    unknown = at(0, "stream.audio", stream=1, voice=True)
    assert (
        verdicts(judge_log(log_of([known]), PACKS))["STR-2"]
        is LogVerdict.VIOLATED
    )
    assert (
        verdicts(judge_log(log_of([unknown]), PACKS))["STR-2"]
        is LogVerdict.NOT_KNOWN
    )


def test_a_deadline_that_is_open_where_the_log_ends_is_undecided():
    log = log_of(
        [at(0, "microphone.power", on=True), at(1, "button.microphone")]
    )
    assert verdicts(judge_log(log, PACKS))["MIC-1"] is LogVerdict.UNDECIDED


def lines(*entries):
    return io.BytesIO(
        b"\n".join(
            e if isinstance(e, bytes) else json.dumps(e).encode()
            for e in entries
        )
    )


PLAIN = {
    "time": 5,
    "device": "d1",
    "event": "stream.audio",
    "stream": 1,
    "voice": True,
    "encrypted": False,
}
SEALED = PLAIN | {"encrypted": True}


def test_bad_lines_are_counted_and_named_and_end_nothing():
    twice = b'{"time": 1, "time": 2, "device": "d1", "event": "tick"}'
    judgement = judge_log(read_log(lines(b"{", PLAIN, twice)), PACKS)
    assert not judgement.is_complete and judgement.is_violated
    assert [line.number for line in judgement.log.bad_lines] == [1, 3]
    assert "'time' is there twice" in judgement.log.bad_lines[1].reason
    assert (
        "if none of the lines that could not be read says otherwise"
        in conjunct(judgement, "STR-2.1").reason
    )


def test_with_a_bad_line_nothing_is_shown_to_hold():
    whole = judge_log(read_log(lines(SEALED)), PACKS)
    assert verdicts(whole)["STR-2"] is LogVerdict.HOLDS
    torn = judge_log(read_log(lines(SEALED, b"\xff")), PACKS)
    assert verdicts(torn)["STR-2"] is LogVerdict.NOT_KNOWN
    assert (
        "1 lines of the log could not be read"
        in conjunct(torn, "STR-2.1").reason
    )


def test_of_very_many_bad_lines_the_first_are_named_and_all_are_counted():
    log = read_log(lines(*[b"x"] * (MOST_BAD_LINES + 50)))
    assert (
        len(log.bad_lines) == MOST_BAD_LINES
        and log.bad_line_count == MOST_BAD_LINES + 50
    )


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(
        TraceError, match=r"cannot be read .*; name a file of observations"
    ):
        judge_log_file(tmp_path / "none", PACKS)


def test_the_command_takes_what_the_source_can_show(tmp_path):
    file = tmp_path / "log.jsonl"
    file.write_text(
        '{"time": 0, "device": "d1", "event": "audio.captured"}\n'
    )
    misspelt = CliRunner().invoke(
        cli, ["judge", "--sees", "ligth", str(file)]
    )
    assert (
        misspelt.exit_code == 2 and "Did you mean 'light'?" in misspelt.output
    )
    blind = CliRunner().invoke(
        cli,
        ["judge", "--sees", "audio.captured", "--clause", "MIC-2", str(file)],
    )
    assert "not observable" in blind.output
