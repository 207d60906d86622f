"""Anybody may send anything, to the cloud and to a device: nothing but the link is lost."""

from __future__ import annotations

import asyncio
import json
import ssl
import time

import numpy as np
import pytest
from surviving import served
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from earwitness.conformance.stimuli.clips import (
    CLIPS,
    in_the_air,
)
from earwitness.reference_impl.calls.identity import Identity
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import SPEAKER, Control
from earwitness.reference_impl.device.link import (
    Link,
    LinkLost,
    Route,
)
from earwitness.reference_impl.messages import WINDOW
from earwitness.reference_impl.protocol import CHUNK

GARBAGE = [
    b"",
    b"\0" * 7,
    b"\xff" * 5000,
    "",
    "{",
    "[]",
    "null",
    '{"type": "dance"}',
    '{"type": "open", "preroll": "much"}',
    '{"type": "end"}',
    '{"type": "mail.put"}',
    '{"type": "call.telephone", "telephone": 5}',
    "[" * 5000,
]


def test_a_cloud_that_is_sent_nonsense_goes_on_serving(session, say):
    async def torment() -> int:
        context, answered = (
            ssl.create_default_context(cadata=session.cloud.route.authority),
            0,
        )
        for content in GARBAGE:
            async with connect(
                f"wss://localhost:{session.cloud.route.port}",
                ssl=context,
                proxy=None,
            ) as connection:
                await connection.send(content)
                answered += isinstance(
                    json.loads(await asyncio.wait_for(connection.recv(), 10)),
                    dict,
                )
        return answered

    assert asyncio.run(torment()) == len(GARBAGE)
    assert "tts.audio" in say("weather")


@pytest.mark.parametrize("reply", ["", "{", "[]", "null", "3", b"\xff\xfe"])
def test_a_device_that_is_answered_nonsense_loses_the_link_and_nothing_else(
    reply,
):
    context, authority = served()

    async def nonsense(connection):
        async for _ in connection:
            await connection.send(reply)

    async def talk() -> None:
        async with serve(
            nonsense,
            "127.0.0.1",
            0,
            ssl=context,
        ) as server:
            link = Link(
                Route(
                    "127.0.0.1",
                    server.sockets[0].getsockname()[1],
                    authority,
                )
            )
            with pytest.raises(LinkLost):
                await asyncio.to_thread(link.ask, {"type": "settings"})

    asyncio.run(talk())


GOOD = {"events": [], "speech": "", "caption": "", "follow_up": False}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"error": "no"},
        GOOD | {"events": 5},
        GOOD | {"events": [{}]},
        GOOD | {"events": [{"event": "tick", "time": 1}]},
        GOOD | {"speech": "%%"},
        GOOD | {"speech": "QQ=="},
        GOOD | {"follow_up": "maybe"},
        GOOD | {"caption": None},
    ],
)
def test_a_device_whose_request_is_answered_nonsense_closes_the_stream_and_goes_on(
    answer, tmp_path
):
    seen = []
    context, authority = served()

    async def strange(connection):
        async for content in connection:
            number = (
                int.from_bytes(content[:4])
                if isinstance(content, bytes)
                else json.loads(content)["id"]
            )
            ending = (
                isinstance(content, str)
                and json.loads(content)["type"] == "end"
            )
            await connection.send(
                json.dumps(
                    {
                        "id": number,
                        "stop": True,
                        **(answer if ending else {}),
                    }
                )
            )

    def hear(port: int) -> None:
        device = Device(
            "d1",
            SPEAKER,
            Route(
                "127.0.0.1",
                port,
                authority,
            ),
            tmp_path,
            lambda event, *rest: seen.append(event),
            Identity(),
        )
        device.set_power(True)
        device.press_action()
        for _ in range(4):
            device.hear_sound(np.ones(CHUNK, np.int16))
        assert (
            device.control is Control.LISTENING
            and not device.lights.blue
            and not device.speaker.playing
        )

    async def talk() -> None:
        async with serve(
            strange,
            "127.0.0.1",
            0,
            ssl=context,
        ) as server:
            await asyncio.to_thread(hear, server.sockets[0].getsockname()[1])

    asyncio.run(talk())
    assert (
        seen.count("stream.close") == seen.count("stream.open") == 1
        and "request.processed" not in seen
    )


def test_a_device_that_is_not_answered_sends_no_more_than_its_window():
    received = []

    async def silent(connection):
        async for content in connection:
            received.append(content)

    def overrun(link: Link) -> None:
        pending = [link.send(bytes(64)) for _ in range(3 * WINDOW)]
        time.sleep(1)
        link.drop()
        for one in pending:
            with pytest.raises(LinkLost):
                link.answer(one)

    async def talk() -> None:
        context, authority = served()
        async with serve(
            silent,
            "127.0.0.1",
            0,
            ssl=context,
        ) as server:
            await asyncio.to_thread(
                overrun,
                Link(
                    Route(
                        "127.0.0.1",
                        server.sockets[0].getsockname()[1],
                        authority,
                    )
                ),
            )

    asyncio.run(talk())
    assert (
        len(received) == WINDOW
        and len({content[:4] for content in received}) == WINDOW
    )


def test_settings_are_answered_on_the_same_connection_while_a_turn_is_in_work(
    session,
):
    link = Link(session.cloud.route)
    link.ask(
        {
            "type": "open",
            "device": "d1",
            "preroll": 0,
        }
    )
    sound = in_the_air(CLIPS["weather"], 3)[16_000:].tobytes()
    for begin in range(0, len(sound), 2560):
        link.ask(sound[begin : begin + 2560])
    turn = link.send({"type": "end"})
    assert link.ask({"type": "settings", "device": "d1"}) == {
        "tone": False,
        "word": "alexa",
    }
    assert link.answer(turn)["events"]
    link.drop()
