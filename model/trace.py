"""Traces: observations in time order, read from and written to JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import IO, Any

from earwitness.model.expression import Value
from earwitness.model.vocabulary import Microseconds, nearest, vocabulary

LONGEST_LINE = 1 << 20
"""Bytes: no honest observation comes near; a longer line is refused unread."""


class Origin(Enum):
    """Who says so, strongest first: the harness caused it or saw it itself; the device reports it; a server or service that the
    harness or a driver plays; the driver's author, on the device's behalf."""

    WITNESSED = "witnessed"
    DEVICE = "device"
    STAND_IN = "stand-in"
    DRIVER = "driver"


ORIGINS = tuple(origin.value for origin in Origin)


@dataclass(frozen=True, slots=True)
class Observation:
    """One event. `time` is microseconds of the device's own monotonic clock."""

    time: Microseconds
    device: str
    event: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
    origin: Origin = Origin.DEVICE


class TraceError(ValueError):
    """A line that is no observation; the message names what is wrong and what to do."""


def observation_from(entry: object) -> Observation:
    """An observation from parsed JSON, or TraceError."""
    if not isinstance(entry, dict):
        raise TraceError("a line must be one JSON object with time, device and event")
    known = vocabulary()
    rest = dict(entry)
    time, device, event = rest.pop("time", None), rest.pop("device", None), rest.pop("event", None)
    origin = rest.pop("origin", "device")
    if not isinstance(event, str) or event not in known.events:
        raise TraceError(f"event {event!r} is not in the vocabulary.{nearest(str(event), known.events)}")
    if isinstance(time, bool) or not isinstance(time, int) or not 0 <= time < 1 << 62:
        raise TraceError(f"{event}: time must be an integer of microseconds, 0 or more, not {time!r}")
    if not isinstance(device, str):
        raise TraceError(f"{event}: device must be text, not {device!r}")
    if origin not in ORIGINS:
        raise TraceError(f"{event}: origin must be one of {', '.join(ORIGINS)}, not {origin!r}")
    declared = known.events[event].attributes
    for name, value in rest.items():
        if name not in declared:
            raise TraceError(f"{event} has no attribute '{name}'.{nearest(name, declared)}")
        if not known.attributes[name].admits(value):
            raise TraceError(f"{event}: {name} must be {known.attributes[name].described}, not {value!r}")
    for name in declared:
        if name not in rest:
            raise TraceError(
                f"{event}: attribute '{name}' is missing; give {known.attributes[name].described}"
            )
    return Observation(Microseconds(time), device, event, rest, Origin(origin))


def parse_line(line: bytes) -> Observation:
    """One line of a trace, or TraceError."""
    if len(line) > LONGEST_LINE:
        raise TraceError(f"the line is longer than {LONGEST_LINE} bytes; one observation a line")
    try:
        return observation_from(json.loads(line.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise TraceError(f"the line is not UTF-8 (byte {error.start + 1}); write UTF-8") from None
    except json.JSONDecodeError as error:
        raise TraceError(f"the line is not JSON (column {error.colno}: {error.msg})") from None
    except RecursionError:
        raise TraceError("the line is nested too deeply; an observation is one flat object") from None
    except ValueError as error:
        raise (
            error if isinstance(error, TraceError) else TraceError(f"the line is not JSON ({error})")
        ) from None


def lines_of(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines without their end; of one over the limit only its first LONGEST_LINE + 1 bytes, the rest skipped in small pieces."""
    while line := stream.readline(LONGEST_LINE + 2):
        piece = line
        while not piece.endswith(b"\n") and (piece := stream.readline(1 << 16)):
            pass
        yield line.rstrip(b"\r\n")


def read(stream: IO[bytes], name: str) -> Iterator[Observation]:
    """Observations of a JSON Lines file. Raises TraceError with file and line, also when a device's time goes backwards."""
    latest: dict[str, int] = {}
    for number, line in enumerate(lines_of(stream), start=1):
        if not line.strip():
            continue
        try:
            seen = parse_line(line)
            if seen.time < latest.get(seen.device, 0):
                raise TraceError(
                    f"time of {seen.device} goes backwards, from {latest[seen.device]} to {seen.time}; sort by time"
                )
        except TraceError as error:
            raise TraceError(f"{name}:{number}: {error}") from None
        latest[seen.device] = seen.time
        yield seen


def to_json(seen: Observation) -> dict[str, Any]:
    return {
        "time": seen.time,
        "device": seen.device,
        "event": seen.event,
        **seen.attributes,
        "origin": seen.origin.value,
    }


def write(observations: Iterable[Observation], stream: IO[str]) -> None:
    """JSON Lines, one observation a line."""
    for seen in observations:
        stream.write(json.dumps(to_json(seen), ensure_ascii=False) + "\n")
