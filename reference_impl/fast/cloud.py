"""The cloud in this process, and the way of each device to it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from weakref import WeakKeyDictionary

import trustme

from earwitness.reference_impl.cloud.asr import Hypothesis
from earwitness.reference_impl.cloud.cloud import Cloud
from earwitness.reference_impl.cloud.conversation import Conversation
from earwitness.reference_impl.device.link import Link, Route
from earwitness.reference_impl.fast.media import CountingMail
from earwitness.reference_impl.fast.remembered import RememberedSpeech
from earwitness.reference_impl.fast.skills import HostInProcess
from earwitness.reference_impl.faults.variants import cloud_class
from earwitness.reference_impl.messages import (
    CloudReply,
    CloudRequest,
    Json,
    PropertyAnswer,
)
from earwitness.reference_impl.property import requests
from earwitness.reference_impl.property.access import Person
from earwitness.reference_impl.property.device_register import UnknownDevice
from earwitness.reference_impl.property.disclosure import RefusedByStore


@dataclass(frozen=True, slots=True)
class Sent:
    """What a device sent its cloud, as a relay would have seen it: one message.

    `time` is the device's own, in microseconds; `link` numbers the connections."""

    device: str
    time: int
    link: int
    content: bytes
    encrypted: bool


class DevicePassage:
    """The way of one device; what is sent is noted."""

    def __init__(self, cloud: CloudInProcess, device: str) -> None:
        self._cloud, self._device = cloud, device
        self._numbers = itertools.count(1)
        self._conversations: WeakKeyDictionary[
            Link, tuple[int, Conversation]
        ] = WeakKeyDictionary()

    def exchange(
        self, link: Link, content: bytes | CloudRequest
    ) -> CloudReply:
        if link not in self._conversations:
            self._conversations[link] = self._cloud.begin_conversation()
        number, conversation = self._conversations[link]
        self._cloud.note(
            self._device,
            number,
            self._frame_message(content),
            encrypted=link.scheme == "wss",
        )
        return conversation.reply(
            content if isinstance(content, bytes) else {**content}
        )

    def _frame_message(self, content: bytes | CloudRequest) -> bytes:
        number = next(self._numbers)
        if isinstance(content, bytes):
            return number.to_bytes(4) + content
        return json.dumps({"id": number, **content}).encode()

    def forget(self, link: Link) -> None:
        self._conversations.pop(link, None)


@cache
def make_authority() -> str:
    """Whom a link would believe, if it went by sockets."""
    certificate: bytes = trustme.CA().cert_pem.bytes()
    return certificate.decode()


class CloudInProcess:
    """As `session.CloudProcess`, without process and sockets."""

    property = fingerprint = ""

    def __init__(
        self,
        folder: Path,
        fault: str,
        speech: RememberedSpeech,
        time_of: Callable[[str], int],
    ) -> None:
        """`time_of` tells the clock of a device."""
        self.cloud: Cloud = in_this_process(cloud_class(fault))(
            folder, speech
        )
        self._desk, self._time_of = CountingMail(), time_of
        self._sent: list[Sent] = []
        self._links = itertools.count(1)
        self.route = self.route_of("")
        self.people = [
            {
                "token": token,
                "name": person.name,
                "role": person.role,
                "party": person.party,
            }
            for token, person in self.cloud.disclosures.people.items()
        ]

    def route_of(self, device: str) -> Route:
        # Nobody listens there; who tries it is refused at once.
        return Route(
            "127.0.0.1",
            0,
            make_authority(),
            shortcut=DevicePassage(self, device),
        )

    def begin_conversation(self) -> tuple[int, Conversation]:
        """With the number of its connection."""
        return next(self._links), Conversation(self.cloud, self._desk)

    def note(
        self, device: str, link: int, content: bytes, encrypted: bool
    ) -> None:
        """What is sent by no device, as when all is reset, is nobody's."""
        if device:
            self._sent.append(
                Sent(
                    device=device,
                    time=self._time_of(device),
                    link=link,
                    content=content,
                    encrypted=encrypted,
                )
            )

    def take_sent(self) -> list[Sent]:
        """What was sent since this was last asked."""
        sent, self._sent = self._sent, []
        return sent

    def ask_property(
        self,
        role: str,
        ours: bool,
        method: str,
        path: str,
        entry: Mapping[str, Json] | None = None,
    ) -> PropertyAnswer:
        """The property side's answer to a person of that role. Raises ValueError for what it refuses."""
        asking = [
            person
            for person in self.cloud.disclosures.people.values()
            if person.role == role
        ]
        if len(asking) != 2:
            raise ValueError(f"nobody here has the role '{role}'")
        try:
            return self._carry_out(
                person=asking[0 if ours else 1],
                method=method,
                path=path,
                wanted=entry or {},
            )
        except (UnknownDevice, RefusedByStore, requests.UnknownKind) as error:
            raise ValueError(str(error)) from None

    def _carry_out(
        self,
        person: Person,
        method: str,
        path: str,
        wanted: Mapping[str, Json],
    ) -> PropertyAnswer:
        disclosures = self.cloud.disclosures
        match method, *path.strip("/").split("/"):
            case "GET", "api", "devices", device, kind:
                return requests.read_resource(
                    disclosures=disclosures,
                    person=person,
                    device=device,
                    kind=kind,
                )
            case "PUT", "api", "devices", device:
                return requests.change_setting(
                    disclosures=disclosures,
                    person=person,
                    device=device,
                    wanted=wanted,
                )
            case "PUT", "api", "devices", device, "skills", skill:
                return requests.enable_skill(
                    disclosures=disclosures,
                    person=person,
                    device=device,
                    skill=skill,
                    wanted=wanted,
                )
        raise ValueError(f"there is nothing at {path}")

    def stop(self) -> None:
        self.cloud.end()


@cache
def in_this_process(honest: type[Cloud]) -> type[Cloud]:
    """The same cloud, whose skills and recogniser need no process and no thread of their own."""

    def start_recognition(
        self: Cloud, sound: bytes
    ) -> Future[list[Hypothesis]]:
        heard: Future[list[Hypothesis]] = Future()
        heard.set_result(self.recognizer.recognize_speech(sound))
        return heard

    members = {
        "host_class": HostInProcess,
        "start_recognition": start_recognition,
        "__doc__": honest.__doc__,
    }
    return type(
        honest.__name__,
        (honest,),
        members,
    )
