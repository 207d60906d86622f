"""Traces: observations in time order, read from and written to JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import IO, Any

from earwitness.model.expression import Value
from earwitness.model.vocabulary import (
    LARGEST_INTEGER,
    Microseconds,
    nearest,
    vocabulary,
)

LONGEST_LINE = 1 << 20
"""Bytes: no honest observation comes near; a longer line is refused unread."""


class Origin(Enum):
    """Who says so, strongest first: the harness caused it or saw it itself; the device reports it; a server
    or service that the harness or a driver plays; the driver's author, on the device's behalf."""

    WITNESSED = "witnessed"
    DEVICE = "device"
    STAND_IN = "stand-in"
    DRIVER = "driver"


ORIGINS = tuple(origin.value for origin in Origin)


@dataclass(frozen=True, slots=True)
class Observation:
    """One event. `time` is microseconds of the device's own monotonic clock. An attribute that the event has
    by the vocabulary and that is not in `attributes` is unknown: no comparison with it is known to hold."""

    time: Microseconds
    device: str
    event: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
    origin: Origin = Origin.DEVICE


class TraceError(ValueError):
    """A line that is no observation; the message names what is wrong and what to do."""


def observation_from(entry: object) -> Observation:
    """An observation from parsed JSON, as a target must report it: every attribute but the optional is
    named, and null says that its value is unknown. Raises TraceError."""
    seen = partial_observation_from(entry)
    assert isinstance(entry, dict)
    kind = vocabulary().events[seen.event]
    for name in kind.attributes:
        if name not in entry and name not in kind.optional:
            wanted = vocabulary().attributes[name].described
            raise TraceError(
                f"{seen.event}: attribute '{name}' is missing; give {wanted}, or null if unknown"
            )
    return seen


def partial_observation_from(entry: object) -> Observation:
    """An observation from parsed JSON, as a log has it: an attribute that is absent or null is unknown.
    Raises TraceError."""
    if not isinstance(entry, dict):
        raise TraceError(
            "a line must be one JSON object with time, device and event"
        )
    rest = dict(entry)
    time = rest.pop("time", None)
    device = rest.pop("device", None)
    event = rest.pop("event", None)
    origin = rest.pop("origin", "device")
    events = vocabulary().events
    if not isinstance(event, str) or event not in events:
        raise TraceError(
            f"event {event!r} is not in the vocabulary.{nearest(str(event), events)}"
        )
    if (
        isinstance(time, bool)
        or not isinstance(time, int)
        or not 0 <= time < LARGEST_INTEGER
    ):
        raise TraceError(
            f"{event}: time must be an integer of microseconds, 0 or more, not {time!r}"
        )
    if not isinstance(device, str):
        raise TraceError(f"{event}: device must be text, not {device!r}")
    if not _can_be_written(device):
        raise TraceError(
            f"{event}: device holds half a character (a lone surrogate); write whole Unicode text"
        )
    if origin not in ORIGINS:
        raise TraceError(
            f"{event}: origin must be one of {', '.join(ORIGINS)}, not {origin!r}"
        )
    attributes: dict[str, Value] = {
        k: v for k, v in events[event].unless_named.items() if k not in rest
    }
    for name, value in rest.items():
        if value is not None:
            attributes[name] = _checked_value(event, name, value)
    _refuse_unknown_names(event, rest)
    return Observation(
        time=Microseconds(time),
        device=device,
        event=event,
        attributes=attributes,
        origin=Origin(origin),
    )


def _refuse_unknown_names(event: str, names: Iterable[str]) -> None:
    declared = vocabulary().events[event].attributes
    for name in names:
        if name not in declared:
            raise TraceError(
                f"{event} has no attribute '{name}'.{nearest(name, declared)}"
            )


def _checked_value(event: str, name: str, value: object) -> Value:
    _refuse_unknown_names(event, [name])
    attribute = vocabulary().attributes[name]
    if not attribute.admits(value):
        raise TraceError(
            f"{event}: {name} must be {attribute.described}, not {value!r}"
        )
    assert isinstance(value, bool | int | str)
    if isinstance(value, str) and not _can_be_written(value):
        raise TraceError(
            f"{event}: {name} holds half a character (a lone surrogate); write whole Unicode text"
        )
    return value


def _can_be_written(text: str) -> bool:
    """Whether the text is whole Unicode: JSON can spell half of a surrogate pair, which no file can hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def parse_line(line: bytes) -> Observation:
    """One line of a log, or TraceError."""
    if len(line) > LONGEST_LINE:
        raise TraceError(
            f"the line is longer than {LONGEST_LINE} bytes; one observation a line"
        )
    return partial_observation_from(_parse_json(line))


def _parse_json(line: bytes) -> object:
    try:
        return json.loads(
            line.decode("utf-8"), object_pairs_hook=_object_without_duplicates
        )
    except TraceError:
        raise
    except UnicodeDecodeError as error:
        raise TraceError(
            f"the line is not UTF-8 (byte {error.start + 1}); write UTF-8"
        ) from None
    except json.JSONDecodeError as error:
        raise TraceError(
            f"the line is not JSON (column {error.colno}: {error.msg})"
        ) from None
    except RecursionError:
        raise TraceError(
            "the line is nested too deeply; an observation is one flat object"
        ) from None
    except ValueError as error:
        raise TraceError(f"the line is not JSON ({error})") from None


def _object_without_duplicates(
    pairs: list[tuple[str, Any]],
) -> dict[str, Any]:
    """JSON leaves open which of two equal keys counts, so two readers could see two different events."""
    entry: dict[str, Any] = {}
    for key, value in pairs:
        if key in entry:
            raise TraceError(
                f"the key {key!r} is there twice; write each key once"
            )
        entry[key] = value
    return entry


def lines_of(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines without their end; of one over the limit only its first LONGEST_LINE + 1 bytes, the rest skipped
    in small pieces."""
    while line := stream.readline(LONGEST_LINE + 2):
        piece = line
        while not piece.endswith(b"\n") and (
            piece := stream.readline(1 << 16)
        ):
            pass
        yield line.rstrip(b"\r\n")


def read_trace(stream: IO[bytes], name: str) -> Iterator[Observation]:
    """Observations of a JSON Lines file. Raises TraceError with file and line, also when a device's time goes
    backwards."""
    latest: dict[str, int] = {}
    for number, line in enumerate(lines_of(stream), start=1):
        if not line.strip():
            continue
        try:
            seen = parse_line(line)
            _refuse_earlier_time(seen, latest.get(seen.device, 0))
        except TraceError as error:
            raise TraceError(f"{name}:{number}: {error}") from None
        latest[seen.device] = seen.time
        yield seen


def _refuse_earlier_time(seen: Observation, latest: int) -> None:
    if seen.time < latest:
        raise TraceError(
            f"time of {seen.device} goes backwards, from {latest} to {seen.time}; sort by time"
        )


def observation_to_json(seen: Observation) -> dict[str, Value]:
    """The entry of a line; unknown attributes are left out."""
    return {
        "time": seen.time,
        "device": seen.device,
        "event": seen.event,
        **seen.attributes,
        "origin": seen.origin.value,
    }


def write_trace(observations: Iterable[Observation], stream: IO[str]) -> None:
    """JSON Lines, one observation a line."""
    for seen in observations:
        stream.write(
            json.dumps(
                observation_to_json(seen),
                ensure_ascii=False,
            )
            + "\n"
        )
