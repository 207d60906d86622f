"""What the parts of the reference say to each other, one declaration each: the harness and a session, a
device and its cloud, the property's side and those who ask it. All of it is JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

WAKE_WORDS = ("alexa", "amazon", "computer", "echo")
"""The wake words that can be chosen (FAQ 1)."""
WINDOW = 8
"""Messages of one device that may be unanswered at once: it sends no more, and the cloud reads no further."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""What a file or a line of JSON may hold."""
Message = dict[str, object]
"""A line that a session writes: an observation or a reply. Its reader checks it."""
Attributes = Mapping[str, bool | int | str]
"""Of an event, by name."""
Event = dict[str, bool | int | str]
"""What happened in the cloud: `event` is its name, the rest its attributes. The device adds time and
device."""


class SessionRequest(TypedDict, total=False):
    """A line that a session reads: what the harness asks for. Which keys there are depends on `do`."""

    id: int
    do: str
    device: str
    host: str
    port: int
    authority: str
    microphone: str
    loudspeaker: str
    display: str
    microseconds: int
    audio: str
    button: str
    state: str
    value: bool
    word: str
    leg: str
    answered: bool
    skill: str
    actor: str
    role: str
    resource: str


Letter = TypedDict(
    "Letter", {"from": str, "text": str, "signature": str}, total=False
)
"""A signed description of a call, as it is handed on; empty where none waits. `from` is a word of Python,
hence this form."""


class _OwnWords(TypedDict, total=False):
    id: int
    type: str
    trace: str
    note: str
    credential: str
    device: str
    preroll: int
    coding: str
    cause: str
    to: str
    telephone: tuple[str, int]
    sdp: str


class CloudRequest(_OwnWords, Letter, total=False):
    """What a device sends its cloud beside sound. Which keys there are depends on `type`. `telephone` is host
    and port, `sdp` a description of a call's media, `preroll` samples from before the wake word ended,
    `coding` how sound is sent (`wire_sound.WireCoding`); `trace` and `note` belong to telemetry, which an
    honest device sends none of."""


class OwnDevice(TypedDict):
    """A device as a session introduces it. `display` says where on it each sign is: x, y, width, height."""

    device: str
    kind: str
    display: Mapping[str, tuple[int, int, int, int]]


class OwnCloud(TypedDict):
    """Where the devices' cloud is, and whom they trust to be it."""

    host: str
    port: int
    authority: str


class Introduction(TypedDict, total=False):
    """What a session says of itself when it is asked `hello`."""

    earwitness: int
    name: str
    version: str
    clock: str
    devices: list[OwnDevice]
    capabilities: dict[str, bool]
    wake_words: list[str]
    skills: list[str]
    refused_skills: list[str]
    data_paths: list[str]
    cloud: OwnCloud


class CloudReply(Letter, total=False):
    """What the cloud answers. `stop`: the person has finished. `speech` is sound in Base64."""

    id: int
    ok: bool
    error: str
    stop: bool
    tone: bool
    word: str
    events: list[Event]
    speech: str
    caption: str
    follow_up: bool
    sdp: str


class PropertyAnswer(TypedDict, total=False):
    """What the property's side answers: the decision, whether the role needs it for its work, and what it
    lets one see. Of a skill also what it is."""

    decision: str
    needed: bool
    data: Json
    kind: str
    certified: bool
