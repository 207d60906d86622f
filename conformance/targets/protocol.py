"""What the harness needs of any implementation: requests out, observations and a reply back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from earwitness.model.trace import Observation, TraceError, observation_from

Message = dict[str, Any]


class TargetError(Exception):
    """The implementation cannot be driven: it does not start, hangs, dies or breaks the protocol. Never a pass."""


@dataclass(frozen=True, slots=True)
class Hello:
    """How an implementation introduces itself."""

    name: str
    version: str
    devices: Mapping[str, str]
    capabilities: Mapping[str, bool]
    data_paths: tuple[str, ...]
    clock: str
    cloud: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The observations of one step, and its reply. `unsupported` and `failed` carry the implementation's reason."""

    observations: tuple[Observation, ...]
    ok: Mapping[str, Any] | None
    unsupported: str = ""
    failed: str = ""
    definite: bool = True


class Driver(Protocol):
    def request(self, message: Message) -> Answer:
        """Carry out one request. Raises TargetError."""

    def close(self) -> None:
        """End the implementation and everything it started."""


def answer_from(messages: list[Message], number: int) -> Answer:
    """Check the messages of one step. Raises TargetError saying whose line is wrong."""
    *events, reply = messages
    try:
        observations = tuple(observation_from(e) for e in events)
    except TraceError as error:
        raise TargetError(f"the implementation sent a wrong observation: {error}") from None
    if reply.get("id") != number:
        raise TargetError(f"the implementation answered request {reply.get('id')!r} where {number} was asked")
    for device, seen in ((o.device, o) for o in observations):
        if any(o.origin.value == "witnessed" for o in (seen,)):
            raise TargetError(
                f"{device}: the implementation calls its own report 'witnessed'; only the harness may"
            )
    if "unsupported" in reply:
        return Answer(observations, None, unsupported=str(reply["unsupported"])[:300])
    if "error" in reply:
        return Answer(
            observations, None, failed=str(reply["error"])[:300], definite=reply.get("definite") is True
        )
    if not isinstance(reply.get("ok"), dict):
        raise TargetError("a reply needs 'ok' (an object), 'unsupported' or 'error'")
    return Answer(observations, reply["ok"])


def hello_from(answer: Answer) -> Hello:
    """The introduction, checked. Raises TargetError."""
    entry = answer.ok
    if entry is None:
        raise TargetError(f"the implementation refused 'hello': {answer.unsupported or answer.failed}")
    try:
        devices = {str(d["device"]): str(d["kind"]) for d in entry["devices"]}
        hello = Hello(
            str(entry["name"])[:200],
            str(entry["version"])[:100],
            devices,
            {str(k): v is True for k, v in entry["capabilities"].items()},
            tuple(str(p) for p in entry.get("data_paths", ())),
            str(entry["clock"]),
            dict(entry.get("cloud", {})),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise TargetError(
            f"the reply to 'hello' is incomplete ({error}); it needs name, version, clock, devices and capabilities"
        ) from None
    if not devices:
        raise TargetError("the implementation names no device")
    return hello
