"""The vocabulary: what can be observed, and how it is said."""

from __future__ import annotations

import json

import pytest

from earwitness.model.trace import TraceError, observation_from, parse_line
from earwitness.model.vocabulary import vocabulary

EVENTS = vocabulary().events.values()


def line(event: str, **attributes: object) -> bytes:
    return json.dumps(
        {"time": 0, "device": "d1", "event": event, **attributes}
    ).encode()


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.name)
def test_an_event_speaks_only_of_attributes_and_values_that_exist(event):
    attributes = vocabulary().attributes
    for conditions in event.phrases:
        for name, value in conditions:
            assert name in event.attributes
            read = {"true": True, "false": False}.get(value, value)
            assert attributes[name].has_name(read), (
                f"{event.name}: {name} = {value}"
            )


def test_every_attribute_belongs_to_an_event():
    carried = {name for event in EVENTS for name in event.attributes}
    assert carried == set(vocabulary().attributes)


def test_an_open_list_has_a_name_for_all_others():
    for attribute in vocabulary().attributes.values():
        assert not attribute.is_open or "other" in attribute.choices, (
            attribute.name
        )


def test_a_wake_word_of_ones_own_can_be_observed():
    assert parse_line(line("wake_word", word="hey jarvis")).attributes == {
        "word": "hey jarvis"
    }


def test_a_closed_list_stays_closed():
    with pytest.raises(TraceError, match="symbol must be one of"):
        parse_line(line("screen", symbol="flag", on=True))


def test_a_target_that_does_not_know_a_later_attribute_need_not_name_it():
    entry = {
        "time": 0,
        "device": "d1",
        "event": "light",
        "color": "blue",
        "on": True,
    }
    assert observation_from(entry).attributes["role"] == "other"
    with pytest.raises(TraceError, match="'on' is missing"):
        observation_from(
            {"time": 0, "device": "d1", "event": "light", "color": "blue"}
        )


def test_the_roles_of_lights_are_names_beside_their_colours():
    seen = parse_line(line("light", color="purple", role="muted", on=True))
    assert seen.attributes["role"] == "muted"


@pytest.mark.parametrize(
    "event",
    [
        {"event": "mute", "on": True, "by": "app", "level": "software"},
        {"event": "playback", "on": True},
        {"event": "request.end", "stream": 1, "outcome": "not_for_us"},
        {
            "event": "deletion.request",
            "subject": "parent",
            "category": "recording",
        },
        {"event": "reset"},
        {
            "event": "consent",
            "subject": "guest",
            "purpose": "improvement",
            "on": False,
        },
        {
            "event": "data.sent",
            "peer": "a.example",
            "category": "recording",
            "purpose": "answer",
            "subject": "guest",
        },
        {
            "event": "record.found",
            "store": "s",
            "category": "transcript",
            "acted_on": True,
            "subject": "guest",
        },
        {
            "event": "call.start",
            "leg": "device",
            "by": "server",
            "direction": "received",
        },
    ],
    ids=lambda e: e["event"],
)
def test_the_events_of_field_reports_can_be_observed(event):
    assert (
        parse_line(
            json.dumps({"time": 0, "device": "d1", **event}).encode()
        ).event
        == event["event"]
    )


def test_an_attribute_that_came_later_means_what_the_event_always_meant():
    media = {
        "leg": "device",
        "bytes": 320,
        "encrypted": True,
        "end_to_end": True,
    }
    assert (
        parse_line(line("call.media", **media)).attributes["direction"]
        == "sent"
    )
    assert (
        "direction"
        not in parse_line(
            line("call.media", direction=None, **media)
        ).attributes
    )
