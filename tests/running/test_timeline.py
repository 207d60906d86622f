"""From moments to a trace: the harness's own deeds, what it saw, and what is left to the word of others."""

from __future__ import annotations

import pytest

from earwitness.conformance.running.moment import Frame, Moment, Passage
from earwitness.conformance.running.timeline import Timeline
from earwitness.model.trace import Observation, Origin

ON, OFF = {"on": True}, {"on": False}


def said(time, event, **attributes):
    return Observation(time, "d1", event, attributes, Origin.DEVICE)


def done(time, event, **attributes):
    return Observation(time, "d1", event, attributes, Origin.WITNESSED)


def moment(began, ended, **more):
    return Moment({"d1": began}, {"d1": ended}, **more)


POWERED = moment(0, 0, caused=(done(0, "power", on=True, kind="speaker"),))


def trace_of(*moments, **options):
    timeline = Timeline(**options)
    for each in (POWERED, *moments):
        timeline.add(each)
    return timeline.finish(), timeline.findings


def origins(trace, event):
    return [o.origin.value for o in trace if o.event == event]


def test_a_press_is_the_harnesss_and_its_report_is_not_counted_again():
    pressed = moment(
        0,
        0,
        caused=(done(0, "button.action"),),
        declared=(said(0, "button.action"),),
    )
    trace, findings = trace_of(pressed)
    assert origins(trace, "button.action") == ["witnessed"] and not findings


def test_a_press_that_nobody_made_is_no_press_but_a_finding():
    trace, findings = trace_of(
        moment(0, 80_000, declared=(said(5, "button.action"),))
    )
    assert origins(trace, "button.action") == []
    assert findings[0].kind == "invented" and findings[0].blocking


def test_what_is_the_case_anyway_may_be_said_again():
    assert not trace_of(
        moment(0, 0, declared=(said(0, "power", on=True, kind="speaker"),))
    )[1]


@pytest.mark.parametrize(
    ("taken", "origin"), [(2_560, "witnessed"), (0, "device")]
)
def test_what_was_captured_is_what_the_microphones_took(taken, origin):
    heard = said(80_000, "audio.captured", bytes=2_560, buffered=0)
    trace, _ = trace_of(
        moment(
            0, 80_000, declared=(heard,), frames={"d1": Frame(2_560, taken)}
        )
    )
    assert origins(trace, "audio.captured") == [origin]


def test_microphones_that_drain_behind_a_report_that_they_are_off_capture_without_power():
    trace, _ = trace_of(
        moment(0, 0, declared=(said(0, "microphone.power", on=True),)),
        moment(0, 80_000, frames={"d1": Frame(2_560, 2_560)}),
        moment(
            80_000,
            100_000,
            declared=(said(100_000, "microphone.power", on=False),),
        ),
        moment(100_000, 180_000, frames={"d1": Frame(2_560, 2_560)}),
    )
    assert origins(trace, "microphone.power") == ["witnessed", "device"]
    assert [o.event for o in trace][-1] == "audio.captured"


def test_microphones_that_nobody_reports_are_seen_to_lose_their_power():
    trace, _ = trace_of(
        moment(0, 80_000, frames={"d1": Frame(2_560, 2_560)}),
        moment(80_000, 160_000, frames={"d1": Frame(2_560, 0)}),
    )
    assert [
        (o.time, o.attributes["on"])
        for o in trace
        if o.event == "microphone.power"
    ] == [
        (0, True),
        (80_000, False),
    ]


def test_sound_that_crossed_takes_the_place_of_what_was_said_of_it():
    audio = said(
        80_000,
        "stream.audio",
        stream=3,
        bytes=9,
        encrypted=True,
        voice=True,
        **{"from": 0, "to": 80_000},
    )
    crossed = Passage("d1", 0, 80_000, 2_560, encrypted=False)
    trace, _ = trace_of(
        moment(0, 80_000, declared=(audio,), passages=(crossed,))
    )
    (seen,) = [o for o in trace if o.event == "stream.audio"]
    assert seen.origin is Origin.WITNESSED and seen.attributes["stream"] == 3
    assert (
        seen.attributes["encrypted"] is False
        and seen.attributes["bytes"] == 2_560
    )


def test_sound_that_crossed_without_a_word_is_in_the_trace_when_it_crossed():
    trace, _ = trace_of(
        moment(
            80_000,
            160_000,
            passages=(Passage("d1", 0, 80_000, 64, encrypted=True),),
        )
    )
    (seen,) = [o for o in trace if o.event == "stream.audio"]
    assert seen.time == 160_000 and seen.attributes["from"] == 0


def test_sound_that_crossed_a_moment_later_than_reported_is_there_once():
    audio = said(
        80_000,
        "stream.audio",
        stream=1,
        bytes=9,
        encrypted=True,
        voice=True,
        **{"from": 0, "to": 80_000},
    )
    trace, _ = trace_of(
        moment(0, 80_000, declared=(audio,)),
        moment(
            80_000,
            160_000,
            passages=(Passage("d1", 0, 80_000, 2_560, encrypted=True),),
        ),
    )
    assert origins(trace, "stream.audio") == ["witnessed"]


def test_a_light_counts_as_witnessed_where_the_front_shows_it_and_is_put_right_where_not():
    blue = said(10, "light", color="blue", on=True)
    trace, _ = trace_of(
        moment(
            0,
            80_000,
            declared=(blue,),
            shown={"d1": {("light", "blue"): True}},
        )
    )
    assert origins(trace, "light") == ["witnessed"]
    trace, findings = trace_of(
        moment(
            0,
            80_000,
            declared=(blue,),
            shown={"d1": {("light", "blue"): False}},
        )
    )
    assert (
        origins(trace, "light") == [] and findings[0].kind == "contradicted"
    )


def test_a_light_that_nobody_reports_is_seen():
    trace, _ = trace_of(
        moment(0, 80_000, shown={"d1": {("light", "red"): True}})
    )
    assert [
        (o.time, dict(o.attributes)) for o in trace if o.event == "light"
    ] == [(80_000, {"color": "red", "on": True})]


def test_a_wake_word_is_witnessed_only_within_words_that_hold_it():
    speech = done(
        0, "speech", words="Alexa, stop", addressed=True, until=2_000_000
    )
    trace, _ = trace_of(
        moment(
            0,
            2_000_000,
            caused=(speech,),
            declared=(said(900_000, "wake_word", word="alexa"),),
        ),
        moment(
            9_000_000,
            9_080_000,
            declared=(said(9_000_000, "wake_word", word="alexa"),),
        ),
    )
    assert origins(trace, "wake_word") == ["witnessed", "device"]


@pytest.mark.parametrize(
    ("sent", "origin"), [(False, "witnessed"), (True, "device")]
)
def test_who_knows_the_words_without_being_told_has_heard_them(sent, origin):
    speech = done(
        0,
        "speech",
        words="Alexa, what is the weather",
        addressed=True,
        until=2_000_000,
    )
    result = said(
        2_000_000,
        "asr.result",
        text="what is the weather",
        confidence=9,
        best=9,
        hypotheses=1,
    )
    trace, _ = trace_of(
        moment(0, 2_000_000, caused=(speech,), declared=(result,)),
        words_sent=sent,
    )
    assert origins(trace, "asr.result") == [origin]


def test_what_is_played_is_witnessed_where_the_loudspeaker_sounds_soon_after():
    tone = moment(
        0, 80_000, declared=(said(80_000, "tone"),), sounding={"d1": False}
    )
    silent, _ = trace_of(
        tone, moment(80_000, 160_000, sounding={"d1": False})
    )
    heard, _ = trace_of(tone, moment(80_000, 160_000, sounding={"d1": True}))
    assert origins(silent, "tone") == ["device"] and origins(
        heard, "tone"
    ) == ["witnessed"]


def test_what_is_told_late_stands_where_it_happened():
    wake = said(100_000, "wake_word", word="alexa")
    opened = said(
        100_000, "stream.open", stream=1, cause="wake_word", **{"from": 0}
    )
    crossed = Passage("d1", 0, 160_000, 2_560, True)
    trace, findings = trace_of(
        moment(80_000, 160_000, passages=(crossed,)),
        moment(160_000, 240_000),
        moment(240_000, 320_000, declared=(wake, opened)),
        watched=True,
    )
    assert [o.event for o in trace] == [
        "power",
        "wake_word",
        "stream.open",
        "stream.audio",
    ]
    assert not findings and origins(trace, "stream.open") == ["witnessed"]


def test_a_press_may_be_told_of_late_once():
    pressed = moment(0, 0, caused=(done(0, "button.action"),))
    late = said(0, "button.action")
    trace, findings = trace_of(
        pressed, moment(80_000, 160_000, declared=(late,))
    )
    assert origins(trace, "button.action") == ["witnessed"] and not findings
    _, findings = trace_of(
        pressed, moment(80_000, 160_000, declared=(late, late))
    )
    assert [f.kind for f in findings] == ["invented"]


@pytest.mark.parametrize(("ends", "counts"), [(60, 2), (90_000, 0)])
def test_a_light_that_came_and_went_between_two_looks_may_be_told_of_late(
    ends, counts
):
    dark = {"d1": {("light", "blue"): False}}
    pulse = (
        said(10, "light", color="blue", on=True),
        said(ends, "light", color="blue", on=False),
    )
    trace, _ = trace_of(
        moment(0, 80_000, shown=dark),
        moment(160_000, 240_000, declared=pulse, shown=dark),
    )
    assert origins(trace, "light") == ["witnessed"] * counts


def test_a_light_of_a_watched_front_cannot_be_told_of_late():
    shown = {"d1": {("light", "blue"): True}}
    late = said(10, "light", color="blue", on=True)
    trace, _ = trace_of(
        moment(80_000, 160_000, declared=(late,), shown=shown)
    )
    (light,) = [o for o in trace if o.event == "light"]
    assert (light.time, light.origin) == (160_000, Origin.WITNESSED)


@pytest.mark.parametrize("told", [True, False])
def test_who_reports_in_batches_tells_of_the_sound_that_was_taken(told):
    def heard(time, buffered):
        return said(time, "audio.captured", bytes=2_560, buffered=buffered)

    reports = [heard(80_000, 1), heard(160_000, 2), heard(240_000, 3)]
    frame = {"d1": Frame(2_560, 2_560)}
    trace, _ = trace_of(
        moment(0, 80_000, frames=frame),
        moment(80_000, 160_000, frames=frame),
        moment(
            160_000,
            240_000,
            frames=frame,
            declared=tuple(reports if told else ()),
        ),
    )
    captured = [o for o in trace if o.event == "audio.captured"]
    assert [o.time for o in captured] == [80_000, 160_000, 240_000]
    assert {o.origin for o in captured} == {Origin.WITNESSED}
    expected = [1, 2, 3] if told else [None] * 3
    assert [o.attributes.get("buffered") for o in captured] == expected


@pytest.mark.parametrize(
    ("crossed", "origin"), [(0, "device"), (7, "device"), (40, "witnessed")]
)
def test_bytes_that_nobody_can_read_are_the_sound_that_their_device_says(
    crossed, origin
):
    told = said(
        80_000,
        "stream.audio",
        stream=1,
        bytes=40,
        to=80_000,
        encrypted=True,
        voice=True,
        **{"from": 0},
    )
    trace, _ = trace_of(
        moment(0, 80_000, declared=(told,), unread={"d1": crossed}),
        watched=True,
    )
    assert origins(trace, "stream.audio") == [origin]


def test_a_stand_in_speaks_of_what_was_seen_to_cross_and_not_of_when_it_was_heard():
    """Old pieces arrive at once, and the server tells of them one after another."""

    def of_server(time):
        sent = {
            "stream": 1,
            "bytes": 2_560,
            "voice": True,
            "encrypted": False,
        }
        told = {**sent, "from": time - 80_000, "to": time}
        return Observation(time, "d1", "stream.audio", told, Origin.STAND_IN)

    def passage(first):
        return Passage("d1", first, first + 80_000, 2_560, encrypted=False)

    now = 5_000_000
    old = moment(
        now,
        now,
        declared=(of_server(now),),
        passages=(passage(80_000), passage(240_000)),
    )
    later = [
        moment(at, at, declared=(of_server(at),)) for at in (now + 1, now + 2)
    ]
    trace, _ = trace_of(old, *later, watched=True)
    sent = [o for o in trace if o.event == "stream.audio"]
    assert [o.origin.value for o in sent] == [
        "witnessed",
        "witnessed",
        "stand-in",
    ], "of the third nobody saw anything"
    assert sent[2].time == now + 2
