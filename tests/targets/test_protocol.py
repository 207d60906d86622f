"""The protocol's types, its schemas and its page say the same."""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path

import jsonschema
import pytest

from earwitness.conformance.printable import printable
from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.lines import (
    answer_from,
    decode_line,
    decode_request,
    encode_request,
    hello_from,
)
from earwitness.conformance.targets.process import ProcessTarget
from earwitness.conformance.targets.protocol import (
    REQUESTS,
    CallRequest,
    PressRequest,
    TargetError,
    WaitRequest,
)
from earwitness.conformance.targets.schemas import (
    FOLDER,
    protocol_schemas,
    render_schema,
)

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
BLOCKS = re.findall(
    r"```(request|reply|reply hello|observation|conversation)\n(.*?)```",
    PAGE,
    re.DOTALL,
)
VALIDATORS = {
    name: jsonschema.Draft202012Validator(schema)
    for name, schema in protocol_schemas().items()
}


def messages_of(*kinds):
    return [json.loads(text) for kind, text in BLOCKS if kind in kinds]


def conversation():
    (lines,) = (
        text.splitlines() for kind, text in BLOCKS if kind == "conversation"
    )
    return [(line[0], json.loads(line[2:])) for line in lines]


def schema_name(message):
    if "do" in message:
        return "request"
    return "observation" if "event" in message else "reply"


def everything_shown():
    shown = messages_of("request", "reply", "reply hello", "observation")
    return [*shown, *(message for _, message in conversation())]


def decoder_accepts(message):
    """What the harness says of a line of a program, or of a stored request."""
    try:
        line = decode_line(json.dumps(message).encode())
        match schema_name(message):
            case "request":
                number = line.pop("id")
                decode_request(line)
                return (
                    isinstance(number, int)
                    and not isinstance(number, bool)
                    and number >= 1
                    and "id" in message
                )
            case "reply" if (
                isinstance(line.get("ok"), dict)
                and {"name", "devices"} & line["ok"].keys()
            ):
                hello_from([line], line["id"])
            case "reply":
                answer_from([line], line["id"])
            case _:
                answer_from([line, {"id": 1, "ok": {}}], 1)
    except (TargetError, KeyError):
        return False
    return True


@pytest.mark.parametrize("name", protocol_schemas())
def test_the_stored_schemas_are_those_of_the_types(name):
    stored = (FOLDER / f"{name}.json").read_text("utf-8")
    assert stored == render_schema(protocol_schemas()[name]), (
        "python -m earwitness.conformance.targets.schemas"
    )


@pytest.mark.parametrize(
    "message", everything_shown(), ids=lambda m: json.dumps(m)[:60]
)
def test_what_the_page_shows_is_valid_for_schema_and_decoder(message):
    VALIDATORS[schema_name(message)].validate(message)
    assert decoder_accepts(message)


def test_the_page_shows_every_request():
    assert {message["do"] for message in messages_of("request")} == set(
        REQUESTS
    )


def spoilt(message, random):
    """The message with one thing wrong or left out, somewhere."""
    changed = json.loads(json.dumps(message))
    place = random.choice(
        [changed, *(v for v in changed.values() if isinstance(v, dict) and v)]
    )
    if place is changed.get("ok") and random.random() < 0.5:
        inner = [v for v in place.values() if isinstance(v, dict) and v]
        place = random.choice([place, *inner])
    # Without `earwitness` it would be a program of version 1, whose unknown keys are left out.
    name = random.choice(sorted(place.keys() - {"earwitness"}))
    match random.randrange(4):
        case 0:
            del place[name]
        case 1:
            place[name] = random.choice(
                [
                    None,
                    True,
                    -1,
                    1 << 80,
                    0.5,
                    "",
                    "x" * 5000,
                    [],
                    {},
                    ["x"],
                    "cut",
                ]
            )
        case 2:
            place[name + "x"] = place.pop(name)
        case 3:
            place["further"] = 1
    return changed


def test_schema_and_decoder_refuse_the_same():
    """Both directions: what either of them takes the other takes, for 4,000 spoilt messages."""
    chance = random.Random(7)
    shown = everything_shown()
    apart = []
    refused = 0
    for _ in range(4_000):
        message = spoilt(chance.choice(shown), chance)
        valid = VALIDATORS[schema_name(message)].is_valid(message)
        refused += not valid
        if valid != decoder_accepts(message):
            apart.append((message, valid))
    assert apart == [], apart[:3]
    assert refused > 2_000


def test_the_conversation_is_really_held(tmp_path):
    """A program that answers as the page says is driven with the page's requests; it checks every one of
    them."""
    script = tmp_path / "program.py"
    script.write_text(
        "import json, sys\n"
        f"for way, message in {conversation()!r}:\n"
        "    if way == '>':\n"
        "        asked = json.loads(sys.stdin.readline())\n"
        "        number = asked.pop('id')\n"
        "        assert asked | {'id': message['id']} == message, (asked, message)\n"
        "    else:\n"
        "        message = message | {'id': number} if 'id' in message else message\n"
        "        print(json.dumps(message), flush=True)\n"
    )
    requests = [
        dict(message) for way, message in conversation() if way == ">"
    ]
    target = ProcessTarget(
        f"{sys.executable} {script}", TargetOptions(patience=10.0)
    )
    try:
        hello = target.introduce()
        answers = [
            target.request(
                decode_request({k: v for k, v in r.items() if k != "id"})
            )
            for r in requests[1:]
        ]
    finally:
        target.close()
    assert hello.can("kitchen", "microphone") and not hello.can(
        "kitchen", "camera"
    )
    assert [len(a.observations) for a in answers] == [0, 0, 3, 1, 3, 0, 0, 0]
    assert (
        answers[-2].unsupported
        and answers[-1].failed
        and answers[-1].definite
    )


def test_a_request_crosses_and_comes_back_the_same():
    for request in (
        PressRequest("d1", "action"),
        CallRequest("d1", "start", "device", answered=False),
    ):
        message = json.loads(encode_request(3, request))
        assert message.pop("id") == 3
        assert decode_request(message) == request


HELLO = {
    "name": "n",
    "version": "1",
    "clock": "virtual",
    "devices": [{"device": "d1", "kind": "speaker"}],
    "capabilities": {},
}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (
            {"capabilities": {"microfone_button": True}},
            "Did you mean 'microphone_button'?",
        ),
        ({"clock": "vrtual"}, "Did you mean 'virtual'?"),
        (
            {"devices": [{"device": "d1", "kind": "speeker"}]},
            "Did you mean 'speaker'?",
        ),
        (
            {"devices": [{"device": "", "kind": "speaker"}]},
            "devices[0].device",
        ),
        (
            {"devices": [{"device": "[/x]", "kind": "speaker"}]},
            "devices[0].device",
        ),
        (
            {"devices": [{"device": "d1\n", "kind": "speaker"}]},
            "devices[0].device",
        ),
        ({"devices": []}, "devices"),
        ({"devices": [{"device": "d1", "kind": "speaker"}] * 2}, "twice"),
        (
            {
                "devices": [{"device": "d1", "kynd": "speaker"}],
                "earwitness": 2,
            },
            "Did you mean 'kind'?",
        ),
        ({"cloud": "ab"}, "cloud"),
        (
            {"cloud": {"host": "h", "port": "1", "authority": ""}},
            "cloud.port",
        ),
        ({"earwitness": 2, "data_path": []}, "Did you mean 'data_paths'?"),
        ({"earwitness": 3}, "earwitness"),
        ({"display": {"blu": [0, 0, 1, 1]}}, "Did you mean 'blue'?"),
        ({"capabilities": {"camera": "yes"}}, "capabilities"),
        ({"name": 7}, "name"),
    ],
)
def test_a_wrong_introduction_is_refused_by_field_and_nearest_name(
    change, part
):
    with pytest.raises(TargetError) as caught:
        hello_from([{"id": 1, "ok": HELLO | change}], 1)
    assert part in str(caught.value)


def test_a_program_of_version_1_may_add_keys_that_nobody_knows():
    hello = hello_from(
        [{"id": 1, "ok": HELLO | {"comment": "x", "cloud": {}}}], 1
    )
    assert (hello.earwitness, hello.cloud) == (1, None)
    assert (
        answer_from([{"id": 2, "ok": {"comment": 1}}], 2, spoken=1).ok
        is not None
    )
    with pytest.raises(TargetError, match="'comment'"):
        answer_from([{"id": 2, "ok": {"comment": 1}}], 2)


def test_a_device_overrides_what_holds_for_all():
    devices = [
        {
            "device": "hall",
            "kind": "show",
            "capabilities": {"camera": True, "tone": False},
        },
        {"device": "desk", "kind": "speaker", "wake_words": ["echo"]},
    ]
    entry = HELLO | {
        "devices": devices,
        "capabilities": {"tone": True},
        "wake_words": ["alexa"],
    }
    hello = hello_from([{"id": 1, "ok": entry}], 1)
    assert hello.can("hall", "camera") and not hello.can("desk", "camera")
    assert not hello.can("hall", "tone") and hello.can("desk", "tone")
    assert hello.profiles["hall"].wake_words == ("alexa",) and hello.profiles[
        "desk"
    ].wake_words == ("echo",)
    assert hello.capabilities["camera"] and not hello.capabilities["shutter"]


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": 1, "id": 2, "ok": {}}',
        b'{"id": 1, "error": "\\ud800"}',
        b'{"id": NaN}',
        b"[" * 100_000,
        b"\xff",
        b"7",
        b'{"id": ' + b"9" * 5_000 + b"}",
        b'"' + b"x" * (1 << 20) + b'"',
    ],
)
def test_a_line_that_is_no_message_is_refused_in_one_printable_sentence(line):
    with pytest.raises(TargetError) as caught:
        decode_line(line)
    assert len(str(caught.value)) < 400 and str(caught.value).isprintable()


@pytest.mark.parametrize(
    "reply",
    [
        {"id": 1, "ok": {}, "error": "x"},
        {"id": 1},
        {"id": 1, "ok": []},
        {"id": True, "ok": {}},
        {"id": "1", "ok": {}},
        {"id": 1, "ok": {"now": -1}},
        {"id": 1, "ok": {"now": 1 << 62}},
        {"id": 1, "error": 5},
    ],
)
def test_a_wrong_reply_is_refused(reply):
    with pytest.raises(TargetError):
        answer_from([reply], 1)


@pytest.mark.parametrize(
    "more",
    [
        {"text": "x" * 5_000},
        {"confidence": 1 << 70},
        {"origin": "witnessed"},
        {"device": "\ud800"},
    ],
)
def test_an_observation_is_bounded(more):
    entry = {
        "event": "asr.result",
        "time": 1,
        "device": "d1",
        "text": "x",
        "confidence": 1,
        "best": 1,
        "hypotheses": 1,
    }
    assert answer_from([entry, {"id": 1, "ok": {}}], 1).observations
    with pytest.raises(TargetError):
        answer_from([entry | more, {"id": 1, "ok": {}}], 1)


def test_a_wait_is_bounded():
    with pytest.raises(TargetError, match="microseconds"):
        decode_request({"do": "wait", "device": "d1", "microseconds": 10**11})
    assert decode_request(
        {"do": "wait", "device": "d1", "microseconds": 5}
    ) == WaitRequest("d1", 5)


def test_nothing_of_a_target_steers_a_terminal():
    assert printable("a\x1b[31mb\u202ec\n") == "a\\u001b[31mb\\u202ec\\u000a"
    with pytest.raises(TargetError) as caught:
        hello_from([{"id": 1, "error": "\x1b]0;owned\x07" + "x" * 5_000}], 1)
    assert "\x1b" not in str(caught.value) and len(str(caught.value)) < 2_100
