"""Either side may die, the network go, the disk fill up, anybody send anything: no hang, no recording left,
and it works again afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import trustme
from sqlalchemy import event
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import WebSocketException

from earwitness.conformance.stimuli.clips import (
    CLIPS,
    Clip,
    in_the_air,
    write_wav,
)
from earwitness.conformance.witnesses.files import files_below, search_files
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.reader import Reader
from earwitness.conformance.witnesses.spoken_words import SpokenWords
from earwitness.reference_impl.calls.identity import Identity
from earwitness.reference_impl.cloud.skills.host import Host, SkillProcess
from earwitness.reference_impl.cloud_process import CloudProcess
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import SPEAKER, Control
from earwitness.reference_impl.device.link import (
    WINDOW,
    Link,
    LinkLost,
    Route,
)
from earwitness.reference_impl.device.memory import Memory
from earwitness.reference_impl.protocol import CHUNK
from earwitness.reference_impl.session import Session


@pytest.fixture
def session():
    made = Session()
    for name in made.devices:
        list(
            made.handle(
                {"id": 0, "do": "power", "device": name, "state": "restore"}
            )
        )
    yield made
    made.stop()


def recordings_below(folder, heard):
    """The stores below a folder that hold sound that was heard."""
    with Reader(heard, SpokenWords()) as reader:
        return [
            find.store
            for find in search_files(files_below([str(folder)]), reader).finds
            if find.heard
        ]


@pytest.fixture
def say(session, tmp_path):
    session.air = HeardSound()

    def heard(clip: str, device: str = "d1"):
        sound = in_the_air(CLIPS[clip], 9)
        session.air.play(device, session.devices[device].now, sound)
        write_wav(sound, tmp_path / "clip.wav")
        return [
            m.get("event")
            for m in session.handle(
                {
                    "id": 1,
                    "do": "say",
                    "device": device,
                    "audio": str(tmp_path / "clip.wav"),
                    "words": "",
                }
            )
        ]

    return heard


@pytest.mark.parametrize(
    "state", ["listening", "streaming", "asking", "on the telephone"]
)
def test_a_cloud_that_is_killed_at_any_point_ends_what_went_on_and_a_new_one_is_found(
    state, session, say
):
    if state == "streaming":
        assert "stream.open" in say("cut-short")
    if state == "asking":
        session.hear(
            {"device": "d1"},
            in_the_air(
                Clip(
                    "Alexa, what is the weather",
                    "alexa",
                    tail=0.8,
                ),
                9,
            ),
        )
        assert session.devices["d1"].asked
    if state == "on the telephone":
        list(
            session.handle(
                {
                    "id": 2,
                    "do": "call",
                    "device": "d1",
                    "state": "start",
                    "leg": "telephone",
                }
            )
        )
        assert session.devices["d1"].line.busy
    os.kill(session.cloud.process.pid, signal.SIGKILL)
    session.cloud.process.wait()
    after = say("quiet")
    assert (
        after.count("stream.close") == (state == "streaming")
        and "stream.audio" not in after
        and not session.devices["d1"].asked
    )
    ended = [
        m.get("event")
        for m in session.handle(
            {
                "id": 3,
                "do": "call",
                "device": "d1",
                "state": "end",
                "leg": "telephone",
            }
        )
    ]
    assert ("call.end" in ended) == (state == "on the telephone")
    assert (
        "stream.open" not in say("weather")
        and not session.devices["d1"].lights.blue
    )
    assert recordings_below(session.folder, session.air) == []
    session.cloud = CloudProcess(session.folder / "cloud", "")
    for name, device in session.devices.items():
        device.link.route = session.cloud.route_of(name)
        device.link._not_before = 0.0
    assert "tts.audio" in say("weather")


def test_attempts_to_reach_a_cloud_that_is_gone_become_rarer():
    link = Link(
        Route(
            "127.0.0.1",
            1,
            _served()[1],
        )
    )
    waits = []
    for _ in range(5):
        link._not_before = 0.0
        with pytest.raises(LinkLost):
            link.ask({"type": "settings"})
        waits.append(link._delay)
    assert waits == sorted(set(waits)) and waits[-1] == 16 * waits[0]
    with pytest.raises(LinkLost, match="a moment ago"):
        link.ask({"type": "settings"})


def _served() -> tuple[ssl.SSLContext, str]:
    """What a server of our own needs, and whom to believe then."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context, authority.cert_pem.bytes().decode()


@pytest.mark.parametrize(
    "state", ["listening", "streaming", "asking", "muted", "in a call", "off"]
)
def test_the_network_may_go_in_any_state(state, session, say):
    before = {
        "listening": [],
        "streaming": [],
        "asking": [],
        "muted": [{"do": "press", "button": "microphone"}],
        "in a call": [{"do": "call", "state": "start", "leg": "device"}],
        "off": [{"do": "power", "state": "cut"}],
    }[state]
    for request in before:
        list(session.handle({"id": 2, "device": "d1", **request}))
    if state == "streaming":
        assert "stream.open" in say("cut-short")
    if state == "asking":
        session.hear(
            {"device": "d1"},
            in_the_air(
                Clip("Alexa, what is the weather", "alexa", tail=0.8), 9
            ),
        )
        assert session.devices["d1"].asked
    events = [
        m.get("event")
        for m in session.handle(
            {"id": 3, "do": "network", "device": "d1", "state": "down"}
        )
    ]
    assert ("stream.close" in events) == (state == "streaming") and (
        "call.end" in events
    ) == (state == "in a call")
    assert "stream.audio" not in say("weather")
    list(
        session.handle(
            {"id": 4, "do": "network", "device": "d1", "state": "up"}
        )
    )
    for request in {
        "muted": [{"do": "press", "button": "microphone"}],
        "off": [{"do": "power", "state": "restore"}],
    }.get(state, []):
        list(session.handle({"id": 5, "device": "d1", **request}))
    assert "tts.audio" in say("weather")


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
    context, authority = _served()

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
    context, authority = _served()

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
        device.power(True)
        device.press_action()
        for _ in range(4):
            device.hear(np.ones(CHUNK, np.int16))
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
        context, authority = _served()
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


def test_a_device_that_breaks_leaves_open_what_came_of_the_request(
    session, monkeypatch
):
    monkeypatch.setattr(
        session.devices["d1"],
        "press_action",
        lambda: 1 // 0,
    )
    *_, reply = session.handle(
        {
            "id": 4,
            "do": "press",
            "device": "d1",
            "button": "action",
        }
    )
    assert "ZeroDivisionError" in reply["error"] and not reply["definite"]


def test_skills_end_also_while_another_thread_takes_one_out(monkeypatch):
    """The thread that ends the cloud once died of this, and the cloud lived on without its device."""
    host = Host()
    for name in ("weather", "timer"):
        host.ask(
            host.listings[name],
            "Nothing",
            {},
            {},
        )
    assert len(host._running) == 2

    def end(process: SkillProcess, honest=SkillProcess.end) -> None:
        honest(process)
        host._running.popitem()

    monkeypatch.setattr(SkillProcess, "end", end)
    host.end()
    assert host._running == {}


def test_a_hundred_devices_at_once(tmp_path):
    cloud, quiet = (
        CloudProcess(tmp_path, ""),
        np.zeros(CHUNK, np.int16).tobytes(),
    )

    def turn(number: int) -> dict:
        link = Link(cloud.route)
        link.ask(
            {
                "type": "open",
                "device": f"n{number}",
                "preroll": 0,
            }
        )
        for _ in range(3):
            link.ask(quiet)
        answer = link.ask({"type": "end"})
        link.drop()
        return answer

    try:
        with ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(turn, range(100)))
        assert all(a["events"] == [] and not a["follow_up"] for a in answers)
    except WebSocketException as error:
        pytest.fail(str(error))
    finally:
        cloud.stop()


def test_a_mute_that_cannot_be_kept_still_mutes_and_fails_closed(
    session, say, monkeypatch
):
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda *a: (_ for _ in ()).throw(full)
    )
    events = [
        m.get("event")
        for m in session.handle(
            {
                "id": 6,
                "do": "press",
                "device": "d1",
                "button": "microphone",
            }
        )
    ]
    assert "microphone.power" in events and "record.write" not in events
    assert "stream.audio" not in say("weather")
    monkeypatch.undo()
    assert Memory(session.folder / "d1").muted()


def test_a_full_disk_stores_nothing_and_breaks_nothing_and_no_log_says_what_was_said(
    tmp_path, caplog
):
    from earwitness.reference_impl.cloud.asr import Hypothesis
    from earwitness.reference_impl.cloud.cloud import Cloud

    cloud = Cloud(
        tmp_path, type("Deaf", (), {"recognize": lambda self, sound: []})()
    )
    event.listen(
        cloud.retention.engine,
        "connect",
        lambda connection, record: connection.execute(
            "PRAGMA query_only = ON"
        ),
    )
    cloud.retention.engine.dispose()
    answer, _ = cloud.turn(
        b"", [Hypothesis("what is the weather in boston", 0.9)], "d1"
    )
    assert [e["event"] for e in answer["events"]] == [
        "asr.result",
        "nlu.intent",
        "skill.request",
        "skill.response",
    ]
    assert answer["speech"]
    assert (
        "a transcript was not stored" in caplog.text
        and "weather in boston" not in caplog.text
    )
    cloud.host.end()


class Outside:
    """The device as a process of its own, as one meets it from outside: requests in, observations out, and
    it can be killed."""

    def __init__(self, data) -> None:
        command = [
            sys.executable,
            "-m",
            "earwitness.reference_impl.session",
            "--data",
            str(data),
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask(
            do="power",
            device="d1",
            state="restore",
        )

    def ask(self, until: str = "", **request):
        """All that is said up to the reply, or up to the first event of a name."""
        self.process.stdin.write(json.dumps({"id": 1, **request}) + "\n")
        self.process.stdin.flush()
        seen = []
        for line in self.process.stdout:
            seen.append(json.loads(line))
            if "id" in seen[-1] or seen[-1].get("event") == until:
                break
        return seen

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def left_running(data) -> list[str]:
    """Processes that still work on the folder."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if (
                str(data).encode() in command.read_bytes()
                and "pytest" not in command.read_text()
            ):
                found.append(command.parent.name)
    return found


@pytest.mark.parametrize(
    "until",
    [
        "wake_word",
        "stream.open",
        "stream.audio",
        "asr.result",
        "tts.audio",
        "",
        "muted",
    ],
)
def test_a_device_that_is_killed_at_any_point_leaves_no_recording_and_starts_again(
    until, tmp_path
):
    data, air = tmp_path / "data", HeardSound()
    sound = in_the_air(CLIPS["weather"], 9)
    air.play("d1", 0, sound)
    write_wav(sound, tmp_path / "clip.wav")
    device = Outside(data)
    if until == "muted":
        device.ask(
            until="button.microphone",
            do="press",
            device="d1",
            button="microphone",
        )
    elif until:
        assert (
            device.ask(
                until=until,
                do="say",
                device="d1",
                audio=str(tmp_path / "clip.wav"),
                words="",
            )[-1]["event"]
            == until
        )
    device.kill()
    deadline = time.monotonic() + 10
    while left_running(data) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_running(data) == []
    assert recordings_below(data, air) == []
    again = Outside(data)
    try:
        heard = [
            m.get("event")
            for m in again.ask(
                do="say",
                device="d1",
                audio=str(tmp_path / "clip.wav"),
                words="",
            )
        ]
        assert ("tts.audio" in heard) == (until != "muted") and (
            "stream.audio" in heard
        ) == (until != "muted")
    finally:
        again.kill()


def test_a_wall_clock_that_jumps_changes_nothing_in_a_run(
    session, say, monkeypatch
):
    before = say("weather")
    for jump in (-1e9, 1e9):
        monkeypatch.setattr(
            time,
            "time",
            lambda now=time.time, jump=jump: now() + jump,
        )
        assert say("weather") == before
