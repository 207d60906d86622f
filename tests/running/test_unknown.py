"""What nobody said is not known, and never reads as kept."""

from __future__ import annotations

from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.running.judgement import Circumstances, judge
from earwitness.conformance.running.tally import tally
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import vocabulary
from earwitness.policies.pack import find

PACK = find("alexa-smart-properties")
SIGHT = dict.fromkeys(vocabulary().events, Origin.WITNESSED)


def seen(time, event, origin=Origin.WITNESSED, **attributes):
    return Observation(time, "d1", event, attributes, origin)


def conjunct_of(trace, clause, name):
    clauses = (PACK.clause(clause),)
    (result,) = judge(
        clauses, [tally(clauses, trace)], Circumstances(sight=SIGHT)
    )
    return next(c for c in result.conjuncts if c.name == f"{clause}.{name}")


def test_sound_that_is_taken_and_of_whose_buffer_nobody_speaks_leaves_the_promise_open():
    trace = [
        seen(0, "power", on=True, kind="speaker"),
        seen(80_000, "audio.captured", bytes=2_560, buffered=80_000),
        seen(160_000, "audio.captured", bytes=2_560),
    ]
    told = [seen(o.time, o.event, bytes=2_560, buffered=0) for o in trace[1:]]
    open_, kept = (
        conjunct_of(each, "WAKE-2", "1")
        for each in (trace, [trace[0], *told])
    )
    assert open_.verdict is Verdict.NOT_OBSERVABLE
    assert (
        open_.reason == "nobody said what decides: buffered of audio.captured"
    )
    assert kept.verdict is Verdict.ON_ITS_WORD or kept.verdict is (
        Verdict.SATISFIED
    )


def test_what_is_not_said_where_it_decides_nothing_leaves_nothing_open():
    trace = [
        seen(0, "power", on=True, kind="speaker"),
        seen(1, "wake_word", word="alexa"),
        # Within two seconds of the word the promise does not speak of the buffer.
        seen(80_000, "audio.captured", bytes=2_560),
        seen(3_000_000, "audio.captured", bytes=2_560, buffered=80_000),
    ]
    found = conjunct_of(trace, "WAKE-2", "1")
    assert found.verdict is not Verdict.NOT_OBSERVABLE


def test_a_violation_elsewhere_stands_whatever_is_not_known():
    trace = [
        seen(0, "power", on=True, kind="speaker"),
        seen(80_000, "audio.captured", bytes=2_560),
        seen(160_000, "audio.captured", bytes=2_560, buffered=9_000_000),
    ]
    assert conjunct_of(trace, "WAKE-2", "1").verdict is Verdict.VIOLATED


def test_a_light_that_decides_nothing_weakens_nothing_and_one_that_does_weakens():
    def lit(time, on, origin):
        return seen(time, "light", origin, color="blue", on=on)

    beside = [
        seen(0, "power", on=True, kind="speaker"),
        lit(1, True, Origin.DEVICE),
        lit(2, False, Origin.DEVICE),
        lit(80_000, True, Origin.WITNESSED),
        seen(90_000, "wake_word", word="alexa"),
        seen(
            100_000, "stream.open", stream=1, cause="wake_word", **{"from": 0}
        ),
    ]
    relied_on = [*beside[:3], lit(80_000, True, Origin.DEVICE), *beside[4:]]
    assert conjunct_of(beside, "IND-1", "1").verdict is Verdict.SATISFIED
    assert conjunct_of(relied_on, "IND-1", "1").verdict is Verdict.ON_ITS_WORD
