"""The driver protocol, version 2, as types: requests out, observations and a reply back, one JSON object a
line.

`docs/protocol.md` shows a whole conversation; `conformance/schemas/` holds the JSON Schemas generated from
here. A program of version 1 is spoken to in the same way: what it does not know it does not declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from msgspec import UNSET, Meta, Struct, UnsetType

from earwitness.conformance.printable import printable
from earwitness.conformance.targets.confinement import Confinement
from earwitness.model.trace import Observation

if TYPE_CHECKING:
    from earwitness.conformance.targets.cell import Cell

VERSION = 2
"""The version spoken here; programs of version 1 are understood."""
LATEST = 1 << 62
"""Microseconds: every instant lies before it (146,000 years), so that sums of two still fit in 64 bits."""
LONGEST_TEXT = 4_096
"""Characters of any text in an observation, a reason, a path."""
LONGEST_WAIT = 12 * 3_600_000_000
"""Microseconds: a device that kept something to send later has shown it after half a day."""
LONGEST_LISTEN = 600_000_000
"""Microseconds: ten minutes of sound are 19 MB, which a FIFO's reader has to take in one step."""
LONGEST_AUTHORITY = 100_000
"""Characters of certificates in PEM: some fifty of them."""

CLOCKS = ("virtual", "real")
"""Virtual: time passes only by `say`, `listen` and `wait`. Real: it passes by itself."""
INDICATORS = ("blue", "red", "blue_bar", "mute_symbol")
"""What a display may show."""

Message = dict[str, object]
"""One line, parsed: not yet believed."""


class TargetError(Exception):
    """The implementation cannot be driven: it does not start, hangs, dies or breaks the protocol. Never a
    pass.

    The text is made safe to print, whatever a target put into it."""

    def __init__(self, reason: str) -> None:
        # 2,000 characters: chosen, some 20 lines of a terminal.
        super().__init__(printable(reason, longest=2_000))


# What a text of the protocol may hold.

DeviceName = Annotated[
    str,
    Meta(
        # `(?!\n)$` and not `$` alone, which in Python would let a last line end pass.
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}(?!\n)$",
        description="letters, digits, space, . _ -; at most 64, the first a letter or digit",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Names = Annotated[tuple[Name, ...], Meta(max_length=200)]
Instant = Annotated[
    int,
    Meta(
        ge=0,
        lt=LATEST,
        description="microseconds of the device's own monotonic clock",
    ),
]
Pixel = Annotated[int, Meta(ge=0, le=16_384)]
Region = Annotated[
    tuple[Pixel, Pixel, Pixel, Pixel],
    Meta(description="x, y, width, height in pixels"),
]


# Requests: what the harness asks for.


class Request(
    Struct,
    frozen=True,
    tag_field="do",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Base of all requests. The line has one key more, `id`, which the reply repeats."""


class HelloRequest(Request, frozen=True, tag="hello", omit_defaults=False):
    """Who are you? Always the first."""

    earwitness: Literal[2] = 2


class ResetRequest(Request, frozen=True, tag="reset"):
    """Back to the first state: stores empty, devices without power."""


class RouteRequest(Request, frozen=True, tag="route"):
    """Reach the cloud through the harness and trust its authority. Capability `route`."""

    device: DeviceName
    host: Name
    port: Annotated[int, Meta(ge=1, le=65_535)]
    authority: Annotated[
        str,
        Meta(max_length=LONGEST_AUTHORITY, description="certificates in PEM"),
    ]
    stranger: Annotated[int, Meta(ge=1, le=65_535)] | UnsetType = UNSET
    """The port at which strangers find a device that is called, where the capability `server` is declared."""


class AttachRequest(Request, frozen=True, tag="attach"):
    """Here is your microphone (a FIFO of s16le, 16 kHz, mono, to read), your loudspeaker (a file to which you
    append the same format), your display (a file that you replace by a binary PPM). Only what was declared is
    given. Once for each device, after `hello`."""

    device: DeviceName
    microphone: Text | UnsetType = UNSET
    loudspeaker: Text | UnsetType = UNSET
    display: Text | UnsetType = UNSET


class ListenRequest(Request, frozen=True, tag="listen"):
    """So much sound has just been written to your microphone: take what your microphones take, work, reply.
    Capability `microphone`."""

    device: DeviceName
    microseconds: Annotated[int, Meta(ge=0, le=LONGEST_LISTEN)]


class SayRequest(Request, frozen=True, tag="say"):
    """Play the clip near the device. For targets without the capability `microphone`. `words` is sent to
    programs of version 1 alone."""

    device: DeviceName
    audio: Text
    words: Text | UnsetType = UNSET


class PressRequest(Request, frozen=True, tag="press"):
    """Press a button. Capabilities `microphone_button` and `action_button`."""

    device: DeviceName
    button: Literal["microphone", "action"]


class PowerRequest(Request, frozen=True, tag="power"):
    """Cut the power or restore it; what is there already changes nothing. Capability `power`."""

    device: DeviceName
    state: Literal["cut", "restore"]


class NetworkRequest(Request, frozen=True, tag="network"):
    """The device's network goes or comes back. Capability `network`."""

    device: DeviceName
    state: Literal["down", "up"]


class ShutterRequest(Request, frozen=True, tag="shutter"):
    """Move the camera's shutter to its other end. Capability `shutter`."""

    device: DeviceName


class SetRequest(Request, frozen=True, tag="set"):
    """Turn the audible tone on or off. Capability `tone`."""

    device: DeviceName
    value: bool


class ChooseRequest(Request, frozen=True, tag="choose"):
    """Choose one of the device's wake words. Capability `wake_words`."""

    device: DeviceName
    word: Name


class KillRequest(Request, frozen=True, tag="kill"):
    """An abrupt restart. Capability `power`."""

    device: DeviceName


class WaitRequest(Request, frozen=True, tag="wait"):
    """Let time pass in a quiet room."""

    device: DeviceName
    microseconds: Annotated[int, Meta(ge=0, le=LONGEST_WAIT)]


class CallRequest(Request, frozen=True, tag="call"):
    """Call another device, or a telephone, which takes the call at once unless `answered` is false; `end`
    hangs up. Capability `calls`."""

    device: DeviceName
    state: Literal["start", "end"]
    leg: Literal["device", "telephone"]
    answered: bool = True


class SkillRequest(Request, frozen=True, tag="skill"):
    """Enable or disable a skill; one that must not be enabled is refused with a definite error. Capability
    `skills`."""

    device: DeviceName
    state: Literal["enable", "disable"]
    skill: Name


class QueryRequest(Request, frozen=True, tag="query"):
    """Somebody of that role asks for something stored about the device; `ours` works for the party it belongs
    to. Capability `access`."""

    device: DeviceName
    actor: Literal["ours", "theirs"]
    role: Name
    resource: Name


class MuteRequest(Request, frozen=True, tag="mute"):
    """Mute or unmute by software. Capability `software_mute`."""

    device: DeviceName
    on: bool


class ServerRequest(Request, frozen=True, tag="server"):
    """The other end of the device, which the program plays, behaves so from now on. `answer` is as it
    should be; a server that was away comes back. `drop`: it disappears. `stranger`: it disappears and
    somebody else connects, through the door `stranger`, and asks for nothing. `second_peer`: somebody else
    connects beside it and tells the device to run. Capability `server`."""

    device: DeviceName
    behaviour: Literal[
        "answer",
        "error",
        "silent",
        "drop",
        "late",
        "stranger",
        "second_peer",
    ]


class ExplainRequest(Request, frozen=True, tag="explain"):
    """Nothing came of a request: what is known of why? `data` is a sentence or two for whoever set it up."""

    device: DeviceName


AnyRequest = (
    HelloRequest
    | ResetRequest
    | RouteRequest
    | AttachRequest
    | ListenRequest
    | SayRequest
    | PressRequest
    | PowerRequest
    | NetworkRequest
    | ShutterRequest
    | SetRequest
    | ChooseRequest
    | KillRequest
    | WaitRequest
    | CallRequest
    | SkillRequest
    | QueryRequest
    | MuteRequest
    | ServerRequest
    | ExplainRequest
)
REQUESTS: Mapping[str, type[Request]] = {
    str(kind.__struct_config__.tag): kind for kind in AnyRequest.__args__
}
"""Every request by its word."""


# Replies: what a program answers.


class CloudAddress(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the devices' cloud is, and whom they trust to be it; without an authority it speaks plain.
    `inward` says that the server calls the device: then it is the device's address, and `route` is for the
    server."""

    host: Name
    port: Annotated[int, Meta(ge=1, le=65_535)]
    authority: Annotated[
        str,
        Meta(max_length=LONGEST_AUTHORITY, description="certificates in PEM"),
    ]
    inward: bool = False


Capabilities = Annotated[
    dict[str, bool],
    Meta(extra_json_schema={"propertyNames": {"$ref": "#/$defs/capability"}}),
]
Regions = Annotated[
    dict[str, Region],
    Meta(
        description="where on the display each indicator is; lit is where its mean colour is far from unlit"
    ),
]


class DeviceEntry(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One device. What is left out here is as `hello` says for all."""

    device: DeviceName
    kind: Annotated[str, Meta(extra_json_schema={"$ref": "#/$defs/kind"})]
    capabilities: Capabilities | UnsetType = UNSET
    wake_words: Names | UnsetType = UNSET
    skills: Names | UnsetType = UNSET
    refused_skills: Names | UnsetType = UNSET
    display: Regions | UnsetType = UNSET


class HelloReply(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """How a program introduces itself: the content of `ok` after `hello`."""

    name: Text
    version: Text
    clock: Annotated[str, Meta(extra_json_schema={"$ref": "#/$defs/clock"})]
    devices: Annotated[
        tuple[DeviceEntry, ...], Meta(min_length=1, max_length=64)
    ]
    capabilities: Capabilities
    earwitness: Annotated[int, Meta(ge=1, le=VERSION)] = 1
    data_paths: Annotated[tuple[Text, ...], Meta(max_length=64)] = ()
    peers: Annotated[tuple[Text, ...], Meta(max_length=64)] = ()
    cloud: CloudAddress | UnsetType = UNSET
    wake_words: Names = ()
    skills: Names = ()
    refused_skills: Names = ()
    display: Regions = {}
    packs: Names = ()
    """The packs that are meant for it, where the user names none."""
    setup: Text = ""
    """With which options it runs, for the report: a verdict is about a version in a set-up."""


class Ok(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The content of `ok` after any other request; every key may be left out."""

    now: Instant | UnsetType = UNSET
    """The device's clock after the step."""
    began: Instant | UnsetType = UNSET
    """When the first sample of the clip was heard."""
    ended: Instant | UnsetType = UNSET
    """When the last one was."""
    enabled: Any = UNSET
    """After `skill`: what is enabled now."""
    data: Any = None
    """After `query`: what was answered; null where it was denied."""


class OkReply(Struct, frozen=True, forbid_unknown_fields=True):
    """It was done."""

    id: int
    ok: Ok


class HelloOkReply(Struct, frozen=True, forbid_unknown_fields=True):
    """The introduction."""

    id: int
    ok: HelloReply


class UnsupportedReply(Struct, frozen=True, forbid_unknown_fields=True):
    """This program cannot do that, ever."""

    id: int
    unsupported: Text


class ErrorReply(Struct, frozen=True, forbid_unknown_fields=True):
    """It was not done. Only where `definite` is true is it certain that nothing came of it."""

    id: int
    error: Text
    definite: bool = False


# What the rest of the house sees.


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """One device as `hello` declares it, defaults filled in."""

    kind: str
    capabilities: frozenset[str]
    wake_words: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    refused_skills: tuple[str, ...] = ()
    display: Mapping[str, tuple[int, int, int, int]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Hello:
    """How an implementation introduces itself. `devices` gives the kind of each, `capabilities` what any of
    them can do."""

    name: str
    version: str
    devices: Mapping[str, str]
    capabilities: Mapping[str, bool]
    data_paths: tuple[str, ...]
    clock: str
    cloud: CloudAddress | None = None
    earwitness: int = 1
    peers: tuple[str, ...] = ()
    """Whom it speaks to beside its cloud, by name, address, or address and port."""
    packs: tuple[str, ...] = ()
    setup: str = ""
    profiles: Mapping[str, DeviceProfile] = field(default_factory=dict)

    def can(self, device: str, capability: str) -> bool:
        """Whether that device declares the capability."""
        profile = self.profiles.get(device)
        return profile is not None and capability in profile.capabilities


@dataclass(frozen=True, slots=True)
class Answer:
    """The observations of one step, and its reply. `unsupported` and `failed` carry the implementation's
    reason."""

    observations: tuple[Observation, ...]
    ok: Ok | None
    unsupported: str = ""
    failed: str = ""
    definite: bool = True


class Target(Protocol):
    """An implementation that can be driven. Every method raises TargetError for whatever the implementation
    does wrong."""

    @property
    def folder(self) -> Path:
        """Where the harness puts what the implementation reads: it is shown to it at the same path. In the
        folder `out` below it the implementation may write."""

    @property
    def cell(self) -> Cell | None:
        """The cell it runs in, or None where it does not run as a process of its own."""

    @property
    def confinement(self) -> Confinement:
        """How firmly it is held."""

    def introduce(self) -> Hello:
        """Send `hello`, the first request; returns what the implementation says of itself."""

    def request(self, request: Request) -> Answer:
        """Carry out one request."""

    def close(self) -> None:
        """End the implementation and everything it started."""
