"""Order within one instant is not judged: two witnesses cannot say which of two things at the same time came
first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds

DEEDS = (
    "power",
    "network",
    "shutter",
    "button.microphone",
    "button.action",
    "mute.untested",
    "server",
    "server.behaviour",
)
"""What only the harness does: within one instant it comes before what it brought about."""
FINDINGS = ("record.found", "end")
"""What is found when everything else is over."""


def arrange(trace: Sequence[Observation]) -> list[Observation]:
    """The trace in order of time; within one instant the harness's own deeds first, findings last, the rest
    as it was reported."""
    return sorted(trace, key=lambda seen: (seen.time, _rank_of(seen.event)))


def _rank_of(event: str) -> int:
    if event in FINDINGS:
        return 2
    return 0 if event in DEEDS else 1


def other_orders(
    trace: Sequence[Observation], at: int, tolerance: int
) -> Iterator[list[Observation]]:
    """The traces that differ from this one only in where, within its instant, the observation at that place
    stands; then those in which another one of the instant comes just before it. `tolerance` is how far apart,
    in microseconds, two witnesses' clocks may be."""
    first, last = _instant_around(trace, at, tolerance)
    for place in range(first, last):
        if place != at:
            yield _move_observation(trace, at, place)
    for place in range(at + 1, last):
        yield _move_observation(trace, place, at)


def _instant_around(
    trace: Sequence[Observation], at: int, tolerance: int
) -> tuple[int, int]:
    """Places of the observations of the same device that are no further than the tolerance away and lie
    without a gap around this one."""
    seen = trace[at]
    first, last = at, at + 1
    while first > 0 and _are_together(trace[first - 1], seen, tolerance):
        first -= 1
    while last < len(trace) and _are_together(trace[last], seen, tolerance):
        last += 1
    return first, last


def _are_together(
    one: Observation, other: Observation, tolerance: int
) -> bool:
    return (
        one.device == other.device and abs(one.time - other.time) <= tolerance
    )


def _move_observation(
    trace: Sequence[Observation], source: int, target: int
) -> list[Observation]:
    """The trace with one observation taken out and put in elsewhere, at the time of what was there."""
    rest = [*trace[:source], *trace[source + 1 :]]
    seen = trace[source]
    time = trace[target].time
    shifted = Observation(
        time=Microseconds(time),
        device=seen.device,
        event=seen.event,
        attributes=seen.attributes,
        origin=seen.origin,
    )
    return [*rest[:target], shifted, *rest[target:]]
