"""Calls: nobody between two devices can listen, whoever carries their messages; a call may be declined;
nothing of it is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from earwitness.reference_impl.calls.identity import Identity
from earwitness.reference_impl.calls.line import CallFailed, Line
from earwitness.reference_impl.calls.peer import Peer
from earwitness.reference_impl.cloud.call_mail import CallMail, Letter
from earwitness.reference_impl.device.link import network
from earwitness.reference_impl.faults.calls import CallKeysNotVerified
from earwitness.reference_impl.session import Session


class Middle(CallMail):
    """A cloud that puts itself between two devices: to each it is the other, with keys of its own."""

    def __init__(self) -> None:
        super().__init__(network.done(_loop()))
        self.heard = 0

    def carried(self, letter: Letter) -> Letter:
        return {
            **super().carried(letter),
            "text": network.done(self._swapped(str(letter["text"]))),
        }

    async def _swapped(self, text: str) -> str:
        if "a=setup:actpass" in text:
            self.to_caller, self.to_called = Peer(self._listen), Peer()
            self._answer = await self.to_caller.answer(text)
            return await self.to_called.offer()
        await self.to_called.accept(text)
        return self._answer

    async def _listen(self, frame: Any) -> None:
        self.heard += 1


async def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


class Carrier:
    """A link that ends at the mail between devices."""

    def __init__(self, mail: CallMail) -> None:
        self.mail = mail

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        return (
            self.mail.put(message)
            if message["type"] == "mail.put"
            else self.mail.take(message["device"])
        )


def pair(mail: CallMail, kind: type[Line] = Line) -> tuple[Line, Line]:
    one, other = Identity(), Identity()
    one.trusted, other.trusted = {"d2": other.public}, {"d1": one.public}
    return kind(
        "d1",
        one,
        Carrier(mail),
    ), kind(
        "d2",
        other,
        Carrier(mail),
    )


def test_a_cloud_that_carries_honestly_lets_two_devices_talk():
    caller, called = pair(CallMail(network.done(_loop())))
    caller.dial(called)
    sent = caller.send_sound(np.ones(1280, np.int16))
    assert sent is not None and sent.end_to_end and called.verified
    caller.hang_up()
    called.hang_up()


def test_a_man_in_the_middle_is_noticed_and_there_is_no_call():
    mail = Middle()
    caller, called = pair(mail)
    with pytest.raises(CallFailed, match="not signed"):
        caller.dial(called)
    assert not caller.busy and not called.busy and mail.heard == 0


def test_the_man_in_the_middle_is_real_devices_that_do_not_look_talk_to_him():
    mail = Middle()
    caller, called = pair(mail, CallKeysNotVerified.line_class)
    caller.dial(called)
    for _ in range(20):
        caller.send_sound(np.ones(1280, np.int16))
    sent = caller.send_sound(np.ones(1280, np.int16))
    assert (
        mail.heard > 0
        and sent is not None
        and sent.encrypted
        and not sent.end_to_end
    )
    caller.hang_up()
    called.hang_up()
    network.done(mail.to_caller.end())
    network.done(mail.to_called.end())


@pytest.fixture(scope="module")
def session():
    made = Session()
    for device in made.devices.values():
        device.set_power(True)
    yield made
    made.stop()


def call(session, **more):
    """What is observed of calls, by device."""
    seen = session.handle_request(
        {
            "id": 1,
            "do": "call",
            "device": "d1",
            "state": "start",
            "leg": "device",
            **more,
        }
    )
    return [
        (m["device"], m["event"])
        for m in seen
        if m.get("event", "").startswith("call.")
    ]


def hang_up(session):
    list(
        session.handle_request(
            {
                "id": 2,
                "do": "call",
                "device": "d1",
                "state": "end",
                "leg": "device",
            }
        )
    )


def test_a_call_that_is_declined_ends_without_media(session):
    assert call(session, answered=False) == [
        ("d1", "call.start"),
        ("d1", "call.end"),
    ]
    assert (
        not session.devices["d1"].line.busy
        and not session.devices["d1"].lights.blue
    )


@pytest.mark.parametrize("why", ["no power", "no network"])
def test_a_device_that_is_not_there_takes_no_call(why, session):
    other = session.devices["d2"]
    (other.set_power if why == "no power" else other.set_network)(False)
    assert call(session) == [("d1", "call.start"), ("d1", "call.end")]
    (other.set_power if why == "no power" else other.set_network)(True)
    assert call(session) == [("d1", "call.start"), ("d2", "call.start")]
    hang_up(session)


def test_a_device_that_is_called_tells_and_shows_it_as_long_as_what_it_hears_is_sent(
    session,
):
    called = session.devices["d2"]
    call(session)
    session.out = []
    session.hear_sound({"device": "d2"}, np.ones(1280, np.int16))
    assert (
        "call.media" in [m["event"] for m in session.out]
        and called.lights.blue
    )
    hang_up(session)
    assert not called.in_call and not called.lights.blue


def test_the_light_stays_on_when_a_request_ends_during_a_call(session):
    caller = session.devices["d1"]
    call(session)
    caller.press_action()
    caller.set_network(True)
    caller.lose_stream()
    assert caller.lights.blue
    hang_up(session)
    assert not caller.lights.blue


def test_a_call_to_a_device_whose_keys_are_not_known_ends_on_both_sides(
    session, monkeypatch
):
    monkeypatch.setitem(
        session.devices["d1"].line.identity.trusted,
        "d2",
        Identity().public,
    )
    assert call(session) == [
        ("d1", "call.start"),
        ("d2", "call.start"),
        ("d2", "call.end"),
        ("d1", "call.end"),
    ]
    assert not any(device.lights.blue for device in session.devices.values())
