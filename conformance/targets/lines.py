"""From lines to the protocol's types, and back: strict, bounded, and every refusal names the field and the
nearest name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, UnsetType

from earwitness.conformance.printable import printable
from earwitness.conformance.targets.protocol import (
    CLOCKS,
    INDICATORS,
    LATEST,
    LONGEST_TEXT,
    REQUESTS,
    VERSION,
    Answer,
    CloudAddress,
    DeviceEntry,
    DeviceProfile,
    ErrorReply,
    Hello,
    HelloOkReply,
    HelloReply,
    Message,
    Ok,
    OkReply,
    Request,
    TargetError,
    UnsupportedReply,
)
from earwitness.model.trace import (
    LONGEST_LINE,
    Observation,
    Origin,
    TraceError,
    observation_from,
)
from earwitness.model.vocabulary import nearest, vocabulary


def encode_request(number: int, request: Request) -> bytes:
    """The line that asks for it."""
    return (
        json.dumps(
            request_message(number, request), ensure_ascii=False
        ).encode()
        + b"\n"
    )


def request_message(number: int, request: Request) -> Message:
    """The request as a parsed line."""
    return {"id": number, **msgspec.to_builtins(request)}


def decode_request(message: Mapping[str, object]) -> Request:
    """A request from a parsed line without its `id`. Raises TargetError with the field and the nearest
    name."""
    word = message.get("do")
    kind = REQUESTS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise TargetError(
            f"there is no request {word!r}.{nearest(str(word), REQUESTS)}"
        )
    return convert_content(message, kind, f"request '{word}'")


def decode_line(line: bytes) -> Message:
    """A line that a program wrote, parsed. Raises TargetError: too long, not UTF-8, not one JSON object, a
    key twice, half a character."""
    if len(line) > LONGEST_LINE:
        raise TargetError(
            f"the implementation sent a line of over {LONGEST_LINE} bytes; write one message a line"
        )
    try:
        message = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_each_key_once,
            parse_constant=_refuse_constant,
        )
        if b"\\u" in line:
            # An escape may stand for half a character, which no file and no terminal takes.
            json.dumps(message, ensure_ascii=False).encode("utf-8")
    except _DoubledKey as error:
        raise TargetError(
            f"the implementation gave the key '{error}' twice in one object"
        ) from None
    except (ValueError, RecursionError) as error:
        raise TargetError(
            "the implementation wrote a line that is not JSON in UTF-8"
            f" ({_short_reason(error)}): {line[:80]!r}"
        ) from None
    if not isinstance(message, dict):
        raise TargetError(
            f"the implementation wrote {line[:80]!r}; a message is one JSON object"
        )
    return message


def is_reply(message: Message) -> bool:
    """Whether the message ends the step; everything else is an observation."""
    return "event" not in message and "id" in message


def answer_from(
    messages: Sequence[Message], number: int, spoken: int = VERSION
) -> Answer:
    """The answer to request `number`: observations, the reply last. Keys that nobody knows are refused,
    except from a program that spoke version 1 in `hello`. Raises TargetError saying what is wrong with which
    of them."""
    *events, reply = messages
    observations = tuple(_read_observation(entry) for entry in events)
    _check_number(reply, number)
    kinds = [kind for word, kind in REPLIES.items() if word in reply]
    if len(kinds) != 1:
        raise TargetError(
            "a reply needs one of 'ok' (an object), 'unsupported' and 'error'"
        )
    content = reply if spoken == VERSION else _keep_fields(reply, kinds[0])
    match convert_content(content, kinds[0], "the reply"):
        case OkReply(ok=ok):
            return Answer(observations, ok)
        case UnsupportedReply(unsupported=reason):
            return Answer(observations, None, unsupported=printable(reason))
        case ErrorReply(error=reason, definite=definite):
            return Answer(
                observations,
                None,
                failed=printable(reason),
                definite=definite,
            )
    raise AssertionError(kinds)


def hello_from(messages: Sequence[Message], number: int) -> Hello:
    """The introduction, checked. Raises TargetError."""
    *events, reply = messages
    if events:
        raise TargetError(
            "the implementation reports observations before it has introduced itself"
        )
    _check_number(reply, number)
    introduced = reply.get("ok")
    if not isinstance(introduced, dict):
        refused = reply.get(
            "unsupported", reply.get("error", "the reply has no 'ok'")
        )
        raise TargetError(f"the implementation refused 'hello': {refused}")
    if introduced.get("earwitness", 1) != VERSION:
        reply = _without_what_version_1_ignored(reply)
    entry = convert_content(reply, HelloOkReply, "the reply to 'hello'").ok
    _check_names(entry)
    profiles = {d.device: _profile_of(d, entry) for d in entry.devices}
    everything = frozenset().union(
        *(profile.capabilities for profile in profiles.values())
    )
    return Hello(
        name=printable(entry.name),
        version=printable(entry.version),
        devices={name: profile.kind for name, profile in profiles.items()},
        capabilities={
            name: name in everything for name in known_capabilities()
        },
        data_paths=entry.data_paths,
        peers=tuple(map(printable, entry.peers)),
        clock=entry.clock,
        cloud=None if isinstance(entry.cloud, UnsetType) else entry.cloud,
        earwitness=entry.earwitness,
        profiles=profiles,
        packs=entry.packs,
        setup=printable(entry.setup),
    )


S = TypeVar("S", bound=Struct)


def convert_content(
    content: Mapping[str, object], kind: type[S], where: str
) -> S:
    """The content as that type. Raises TargetError naming the field, and the nearest name for one that is not
    known."""
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise TargetError(
            f"{where}: {_explain_complaint(str(error), kind)}"
        ) from None


def known_capabilities() -> tuple[str, ...]:
    """The closed list."""
    return tuple(vocabulary().capabilities)


def known_kinds() -> tuple[str, ...]:
    """The kinds of devices."""
    return vocabulary().attributes["kind"].choices


REPLIES: Mapping[str, type[Struct]] = {
    "ok": OkReply,
    "unsupported": UnsupportedReply,
    "error": ErrorReply,
}
"""What a reply is, by the one of these keys that it has."""
NESTED: dict[str, type[Struct]] = {
    "ok": Ok,
    "devices": DeviceEntry,
    "cloud": CloudAddress,
}
"""What lies inside of what, by the key under which it lies."""


class _DoubledKey(ValueError):
    """A key that is there twice in one object: which of the two is meant?"""


def _each_key_once(pairs: list[tuple[str, Any]]) -> Message:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        names = [name for name, _ in pairs]
        raise _DoubledKey(
            next(name for name in names if names.count(name) > 1)[:100]
        )
    return entry


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _short_reason(error: Exception) -> str:
    match error:
        case RecursionError():
            return "nested too deeply"
        case UnicodeEncodeError():
            return "half a character: a lone surrogate"
        case UnicodeDecodeError():
            return f"byte {error.start + 1} is not UTF-8"
        case _:
            return str(error)[:100]


def _read_observation(entry: Message) -> Observation:
    for name, value in entry.items():
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise TargetError(
                f"an observation's '{name[:60]}' is longer than {LONGEST_TEXT} characters"
            )
        if isinstance(value, int) and not -LATEST < value < LATEST:
            raise TargetError(
                f"an observation's '{name[:60]}' does not fit in 63 bits"
            )
    try:
        seen = observation_from(entry)
    except TraceError as error:
        raise TargetError(
            f"the implementation sent a wrong observation: {error}"
        ) from None
    if seen.origin is Origin.WITNESSED:
        raise TargetError(
            f"{seen.device}: the implementation calls its own report 'witnessed'; only the harness may"
        )
    return seen


def _check_number(reply: Message, number: int) -> None:
    answered = reply.get("id")
    if isinstance(answered, bool) or answered != number:
        raise TargetError(
            f"the implementation answered request {answered!r:.60} where {number} was asked"
            " (a reply repeats the id of its request)"
        )


def _check_names(entry: HelloReply) -> None:
    """Capabilities, kinds and clocks come from closed lists; a device is named once."""
    _check_listed((entry.clock,), CLOCKS, "clock")
    _check_listed(
        (d.kind for d in entry.devices), known_kinds(), "kind of device"
    )
    for display in (entry.display, *(d.display for d in entry.devices)):
        _check_listed(
            () if isinstance(display, UnsetType) else display,
            INDICATORS,
            "indicator",
        )
    declared = [entry.capabilities, *(d.capabilities for d in entry.devices)]
    for capabilities in declared:
        names = (
            () if isinstance(capabilities, UnsetType) else tuple(capabilities)
        )
        _check_listed(names, known_capabilities(), "capability")
    names = tuple(d.device for d in entry.devices)
    if len(set(names)) < len(names):
        raise TargetError("the reply to 'hello' names a device twice")


def _check_listed(
    names: Iterable[str], known: Sequence[str], what: str
) -> None:
    for name in names:
        if name not in known:
            raise TargetError(
                f"the reply to 'hello': there is no {what} '{name[:60]}'.{nearest(name[:60], known)}"
                f" Known: {', '.join(known)}"
            )


def _profile_of(device: DeviceEntry, entry: HelloReply) -> DeviceProfile:
    own = (
        {}
        if isinstance(device.capabilities, UnsetType)
        else device.capabilities
    )
    capabilities = {**entry.capabilities, **own}
    return DeviceProfile(
        kind=device.kind,
        capabilities=frozenset(
            name for name, has in capabilities.items() if has
        ),
        wake_words=_given_or(device.wake_words, entry.wake_words),
        skills=_given_or(device.skills, entry.skills),
        refused_skills=_given_or(device.refused_skills, entry.refused_skills),
        display=_given_or(device.display, entry.display),
    )


T = TypeVar("T")


def _given_or(own: T | UnsetType, default: T) -> T:
    return default if isinstance(own, UnsetType) else own


def _without_what_version_1_ignored(reply: Message) -> Message:
    """Version 1 took no notice of keys it did not know, nor of an empty `cloud`."""
    introduced = _keep_fields(reply["ok"], HelloReply)
    if introduced.get("cloud") == {}:
        del introduced["cloud"]
    return {"id": reply["id"], "ok": introduced}


def _keep_fields(content: Any, kind: type[Struct]) -> Any:
    """The content without keys that the type does not have, in nested objects too."""
    if not isinstance(content, dict):
        return content
    kept = {
        name: value
        for name, value in content.items()
        if name in kind.__struct_fields__
    }
    for name, inner in NESTED.items():
        match kept.get(name):
            case dict(value):
                kept[name] = _keep_fields(value, inner)
            case list(values):
                kept[name] = [_keep_fields(value, inner) for value in values]
    return kept


UNKNOWN_FIELD = re.compile(
    r"unknown field `(.*?)`(?: - at `\$\.?(.*)`)?", re.DOTALL
)
"""How msgspec 0.22 complains of a key that the type does not have."""


def _explain_complaint(complaint: str, kind: type[Struct]) -> str:
    """msgspec's complaint in the words of this house, with the nearest name."""
    unknown = UNKNOWN_FIELD.search(complaint)
    if unknown is None:
        return (
            complaint.replace("Object missing", "it lacks the")
            .replace("`", "'")
            .replace("$.", "")
        )
    nested = NESTED | {"ok": HelloReply} if kind is HelloOkReply else NESTED
    name, place = (
        unknown.group(1)[:60],
        re.findall(r"[a-z]+", unknown.group(2) or ""),
    )
    holder = nested.get(place[-1], kind) if place else kind
    return f"there is no field '{name}'.{nearest(name, holder.__struct_fields__)}"
