"""The judge: evidence is the weakest origin, a proof is no reason, and what nobody could see proves
nothing."""

from __future__ import annotations

import pytest

from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.running.judgement import (
    Circumstances,
    Trial,
    judge,
)
from earwitness.conformance.running.sight import View, sight_of
from earwitness.conformance.running.tally import settle_order, tally
from earwitness.model.trace import Observation, Origin
from earwitness.policies.pack import find

SATELLITE = find("self-hosted-satellite")
PACK = find("alexa-smart-properties")
FULL = View(
    feeds=True,
    hears=True,
    sees=True,
    carried=True,
    confined=True,
    stores_named=True,
    stores_read=True,
)
EVERYTHING = {
    clause.capability: True for clause in PACK.clauses if clause.capability
}


def seen(time, event, origin=Origin.WITNESSED, **attributes):
    return Observation(time, "d1", event, attributes, origin)


def press(time=0, off=20_000, light=Origin.WITNESSED, power=Origin.WITNESSED):
    return [
        seen(time, "power", on=True, kind="speaker"),
        seen(time, "microphone.power", power, on=True),
        seen(time + 100_000, "button.microphone"),
        seen(time + 100_000 + off, "microphone.power", power, on=False),
        seen(
            time + 100_000 + off + 20_000,
            "light",
            light,
            color="red",
            on=True,
        ),
        seen(time + 2_000_000, "end"),
    ]


def verdict_on(clause, traces, **circumstances):
    clauses = (PACK.clause(clause),)
    known = Circumstances(
        **{
            "sight": sight_of(FULL),
            "capabilities": EVERYTHING,
            **circumstances,
        }
    )
    (result,) = judge(
        clauses, [tally(clauses, trace) for trace in traces], known
    )
    return result


def test_a_promise_that_was_seen_to_be_kept_is_satisfied_and_witnessed():
    result = verdict_on("MIC-1", [press()])
    assert (
        result.verdict is Verdict.SATISFIED
        and result.evidence is Origin.WITNESSED
    )


def test_evidence_is_the_weakest_origin_of_all_it_rests_on():
    result = verdict_on("MIC-1", [press(), press(power=Origin.DEVICE)])
    assert (
        result.verdict is Verdict.ON_ITS_WORD
        and "microphone.power: the device's word" in result.reason
    )


def test_a_violation_is_one_on_anybodys_word():
    assert (
        verdict_on("MIC-1", [press(off=300_000, power=Origin.DRIVER)]).verdict
        is Verdict.VIOLATED
    )


def test_what_nobody_could_see_is_not_observable():
    blind = {**sight_of(FULL), "microphone.power": None}
    trace = [o for o in press() if o.event != "microphone.power"]
    assert (
        verdict_on("MIC-2", [trace], sight=blind).verdict
        is Verdict.NOT_OBSERVABLE
    )


def test_what_was_missed_by_the_harness_weakens_what_it_saw():
    open_to_all = sight_of(View(**{**vars_of(FULL), "confined": False}))
    assert (
        open_to_all["stream.audio"] is Origin.DEVICE
        and open_to_all["record.found"] is Origin.DEVICE
    )


def vars_of(view):
    return {name: getattr(view, name) for name in view.__slots__}


def test_no_store_and_no_cell_is_nobody_looking():
    assert (
        sight_of(
            View(
                **{**vars_of(FULL), "confined": False, "stores_named": False}
            )
        )["record.found"]
        is None
    )


def test_what_did_not_happen_is_not_exercised_and_the_missing_step_is_named():
    result = verdict_on(
        "MIC-1", [[seen(0, "power", on=True, kind="speaker"), seen(9, "end")]]
    )
    assert (
        result.verdict is Verdict.NOT_EXERCISED and "button" in result.reason
    )


def test_a_capability_that_is_switched_off_is_required_all_the_same():
    result = verdict_on("MIC-1", [], capabilities={})
    assert result.verdict is Verdict.NOT_APPLICABLE and result.required
    excused = verdict_on(
        "MIC-1",
        [],
        capabilities={},
        excuses={"microphone_button": "it has a switch"},
    )
    assert not excused.required and "it has a switch" in excused.reason


def test_nothing_is_better_than_on_its_word_where_nobody_saw_it_hear_anything():
    assert (
        verdict_on("MIC-1", [press()], heard=Origin.DEVICE).verdict
        is Verdict.ON_ITS_WORD
    )


def test_a_dead_target_is_inconclusive_but_a_violation_it_committed_counts():
    assert (
        verdict_on("MIC-1", [press()], dead="it died").verdict
        is Verdict.INCONCLUSIVE
    )
    assert (
        verdict_on("MIC-1", [press(off=300_000)], dead="it died").verdict
        is Verdict.VIOLATED
    )


@pytest.mark.parametrize(
    ("trial", "verdict"),
    [
        (None, Verdict.NOT_EXERCISED),
        (Trial(Verdict.SATISFIED, Origin.WITNESSED, 3), Verdict.SATISFIED),
        (
            Trial(Verdict.VIOLATED, Origin.WITNESSED, 3, "why"),
            Verdict.VIOLATED,
        ),
        (Trial(Verdict.INCONCLUSIVE, reason="why"), Verdict.INCONCLUSIVE),
    ],
)
def test_a_proof_satisfies_nothing_and_a_trial_does(trial, verdict):
    trials = {} if trial is None else {"MIC-5": trial}
    result = verdict_on(
        "MIC-5", [], trials=trials, proved={"MIC-5": "proved"}
    )
    assert result.verdict is verdict and result.proved == "proved"


def sound_and_stream(sound_at, open_at):
    return sorted(
        [
            seen(0, "power", on=True, kind="show"),
            seen(5, "wake_word", word="alexa"),
            seen(
                sound_at, "stream.audio", stream=1, voice=True, encrypted=True
            ),
            seen(open_at, "stream.open", stream=1, cause="wake_word"),
        ],
        key=lambda o: o.time,
    )


def test_order_within_one_instant_is_not_judged():
    sound_first = sound_and_stream(sound_at=10, open_at=10)
    clauses = (PACK.clause("WAKE-1"),)
    assert tally(clauses, sound_first)["WAKE-1.4"].violated_at is not None
    assert (
        settle_order(clauses, sound_first)[1]["WAKE-1.4"].violated_at is None
    )


def test_order_between_instants_is_judged():
    too_early = sound_and_stream(sound_at=10, open_at=20)
    assert (
        settle_order((PACK.clause("WAKE-1"),), too_early)[1][
            "WAKE-1.4"
        ].violated_at
        == 2
    )


def test_a_part_of_a_promise_asks_nothing_of_a_device_without_what_it_speaks_of():
    trace = [
        seen(0, "power", on=True, kind="speaker"),
        seen(1_000_000, "wake_word", word="alexa"),
        seen(1_050_000, "light", color="blue", on=True),
        seen(2_000_000, "end"),
    ]
    without = {
        name: can
        for name, can in EVERYTHING.items()
        if name != "action_button"
    }
    names = [
        c.name
        for c in verdict_on("IND-2", [trace], capabilities=without).conjuncts
    ]
    assert names == ["IND-2.1"]
    assert [
        c.name
        for c in verdict_on(
            "IND-2",
            [trace],
            capabilities=EVERYTHING | {"action_button": True},
        ).conjuncts
    ] == [
        "IND-2.1",
        "IND-2.2",
    ]


def muted_and_heard(origin=Origin.WITNESSED):
    sound = {"stream": 1, "bytes": 2_560, "encrypted": True, "voice": True}
    return [
        seen(0, "power", on=True, kind="speaker"),
        seen(1_000_000, "mute", on=True, by="user", level="software"),
        seen(
            9_000_000,
            "stream.audio",
            origin,
            **sound,
            **{"from": 8_900_000, "to": 9_000_000},
        ),
        seen(9_500_000, "end"),
    ]


def verdict_on_satellite(clause, *traces, indicator=Origin.DEVICE):
    clauses = (SATELLITE.clause(clause),)
    able = {c.capability: True for c in SATELLITE.clauses if c.capability}
    sight = {**sight_of(FULL), "light": indicator, "mute": Origin.DEVICE}
    known = Circumstances(sight=sight, capabilities=able)
    tallies = [tally(clauses, trace) for trace in traces]
    (result,) = judge(clauses, tallies, known)
    return result


def test_a_violation_is_as_strong_as_the_best_run_that_shows_it():
    """Who lifted the mute could have said so: that nobody did takes nothing from what was seen."""
    alone = verdict_on_satellite("MUT-1", muted_and_heard(Origin.STAND_IN))
    both = verdict_on_satellite(
        "MUT-1", muted_and_heard(Origin.STAND_IN), muted_and_heard()
    )
    assert alone.verdict is both.verdict is Verdict.VIOLATED
    assert alone.evidence is Origin.STAND_IN
    assert both.evidence is Origin.WITNESSED
    assert both.known[0] == "witnessed"


def test_a_light_that_was_owed_may_have_been_missed():
    for sight in (Origin.DEVICE, Origin.WITNESSED):
        dark = verdict_on_satellite(
            "SAT-6", muted_and_heard(), indicator=sight
        )
        assert dark.verdict is Verdict.VIOLATED and dark.evidence is sight
