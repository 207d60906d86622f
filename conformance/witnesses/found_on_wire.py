"""What was found in bytes that crossed, dated by when they crossed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from earwitness.conformance.witnesses.finds_of_sound import Heard
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.spoken_words import WordsFound
from earwitness.model.vocabulary import Microseconds

SEAM = 1_000
"""Microseconds that are no sound by themselves: as many as two finds may be apart that go on from one to the
other."""


@dataclass(frozen=True, slots=True)
class FoundOnWire:
    """Sound or words that crossed. `crossing` is the one with which the last byte crossed; its time is
    when. `size` is how many bytes of content carried it. Exactly one of `heard` and `words` is given."""

    crossing: Crossing
    size: int
    heard: Heard | None = None
    words: WordsFound | None = None
    wrappings: tuple[str, ...] = ()


def split_by_instant(
    heard: Heard, crossings: list[Crossing], before: int
) -> Iterator[FoundOnWire]:
    """A sound, cut where the instants change at which its bytes crossed. What crossed before counts to the
    first instant, also where nothing follows it: changed sound is known only once enough has come."""
    if heard.ends <= before:
        yield FoundOnWire(
            crossings[0], heard.ends - heard.begins, heard=heard
        )
        return
    at = before
    begins = heard.begins
    for number, crossing in enumerate(crossings):
        at += len(crossing.content)
        last = number + 1 == len(crossings)
        if (
            not last
            and crossings[number + 1].time_taken == crossing.time_taken
        ):
            continue
        ends = min(at, heard.ends)
        if ends > max(begins, before):
            yield FoundOnWire(
                crossing, ends - begins, heard=_cut_sound(heard, begins, ends)
            )
            begins = ends


def without_given(heard: Heard, given: Iterable[Heard]) -> Heard | None:
    """What of a sound was not given before, from its beginning on; None where all of it was. Whoever reads
    new messages with those before finds what these held once more, or a part of it."""
    first = heard.heard_from
    for earlier in sorted(given, key=lambda each: each.heard_from):
        same = (earlier.device, earlier.run, earlier.call) == (
            heard.device,
            heard.run,
            heard.call,
        )
        if same and earlier.heard_from <= first + SEAM:
            first = max(first, earlier.heard_to)
    if first + SEAM >= heard.heard_to:
        return None
    return replace(heard, heard_from=first)


def _cut_sound(heard: Heard, begins: int, ends: int) -> Heard:
    """The part of a sound that lies in these bytes."""
    duration, length = (
        heard.heard_to - heard.heard_from,
        heard.ends - heard.begins,
    )
    return replace(
        heard,
        begins=begins,
        ends=ends,
        heard_from=Microseconds(
            heard.heard_from + (begins - heard.begins) * duration // length
        ),
        heard_to=Microseconds(
            heard.heard_from + (ends - heard.begins) * duration // length
        ),
    )
