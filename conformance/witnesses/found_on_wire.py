"""What was found in bytes that crossed, dated by when they crossed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from earwitness.conformance.witnesses.heard_sound import Heard
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.spoken_words import WordsFound
from earwitness.model.vocabulary import Microseconds


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
    first instant."""
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
