"""Either side may die, the network go, the disk fill up, anybody send anything: no hang, no recording left,
and it works again afterwards."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import event
from surviving import recordings_below, served
from websockets.exceptions import WebSocketException

from earwitness.conformance.stimuli.clips import (
    Clip,
    in_the_air,
)
from earwitness.reference_impl.cloud.skills.host import Host, SkillProcess
from earwitness.reference_impl.cloud_process import CloudProcess
from earwitness.reference_impl.device.link import (
    Link,
    LinkLost,
    Route,
)
from earwitness.reference_impl.device.memory import Memory
from earwitness.reference_impl.protocol import CHUNK


@pytest.mark.parametrize(
    "state", ["listening", "streaming", "asking", "on the telephone"]
)
def test_a_cloud_that_is_killed_at_any_point_ends_what_went_on_and_a_new_one_is_found(
    state, session, say
):
    if state == "streaming":
        assert "stream.open" in say("cut-short")
    if state == "asking":
        session.hear_sound(
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
            session.handle_request(
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
        for m in session.handle_request(
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
            served()[1],
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
        list(session.handle_request({"id": 2, "device": "d1", **request}))
    if state == "streaming":
        assert "stream.open" in say("cut-short")
    if state == "asking":
        session.hear_sound(
            {"device": "d1"},
            in_the_air(
                Clip("Alexa, what is the weather", "alexa", tail=0.8), 9
            ),
        )
        assert session.devices["d1"].asked
    events = [
        m.get("event")
        for m in session.handle_request(
            {"id": 3, "do": "network", "device": "d1", "state": "down"}
        )
    ]
    assert ("stream.close" in events) == (state == "streaming") and (
        "call.end" in events
    ) == (state == "in a call")
    assert "stream.audio" not in say("weather")
    list(
        session.handle_request(
            {"id": 4, "do": "network", "device": "d1", "state": "up"}
        )
    )
    for request in {
        "muted": [{"do": "press", "button": "microphone"}],
        "off": [{"do": "power", "state": "restore"}],
    }.get(state, []):
        list(session.handle_request({"id": 5, "device": "d1", **request}))
    assert "tts.audio" in say("weather")


def test_a_device_that_breaks_leaves_open_what_came_of_the_request(
    session, monkeypatch
):
    monkeypatch.setattr(
        session.devices["d1"],
        "press_action",
        lambda: 1 // 0,
    )
    *_, reply = session.handle_request(
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
        host.ask_skill(
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
        for m in session.handle_request(
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
    answer, _ = cloud.take_turn(
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
