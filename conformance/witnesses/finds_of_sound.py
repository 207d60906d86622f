"""Finds of sound that was played: where they lie in a content, which of them are one, and what they leave
unexplained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from earwitness.conformance.witnesses.layouts import (
    Layout,
)
from earwitness.conformance.witnesses.resemblance import (
    COMPARED_RATE,
)
from earwitness.model.vocabulary import Microseconds


class Where(Enum):
    """Where bytes come from, in which sound that was changed is looked for. What is spent in vain on one of
    them must not be lacking for another."""

    STREAM = "an open stream"
    WIRE = "what else crosses"
    KEPT = "what is kept, answered or logged"


@dataclass(frozen=True, slots=True)
class Heard:
    """Sound that was played, found in content. It was heard beside `device` in run number `run` from
    `heard_from` to `heard_to`, and lies in the content from byte (or sample, where samples were searched)
    `begins` to `ends`."""

    device: str
    run: int
    call: bool
    heard_from: Microseconds
    heard_to: Microseconds
    begins: int
    ends: int
    layout: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Coding:
    """How samples lie in bytes, and how many of them a second takes."""

    layout: Layout
    rate: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a search by correlation found and in which way, and why it did not search all, if so."""

    finds: tuple[Heard, ...]
    unsearched: str = ""
    way: Coding | None = None


SHORTEST_REST = 46
"""Bytes without an explanation that may still hold a find: one whole anchor wherever it begins."""


def move_find(find: Heard, by: int) -> Heard:
    return replace(find, begins=find.begins + by, ends=find.ends + by)


def tell_in_bytes(finds: Iterable[Heard], way: Coding) -> tuple[Heard, ...]:
    """Finds in compared samples, told in bytes of the content."""
    layout = way.layout
    scale = layout.stride * way.rate / COMPARED_RATE
    return tuple(
        replace(
            find,
            begins=layout.phase + round(find.begins * scale),
            ends=layout.phase + round(find.ends * scale),
            layout=f"{layout.name} each {layout.stride} bytes at {way.rate} Hz",
        )
        for find in finds
    )


def unexplained_ranges(
    size: int, finds: Iterable[Heard]
) -> Iterator[tuple[int, int]]:
    """The parts of a content that no find explains."""
    at = 0
    for begins, ends in sorted((find.begins, find.ends) for find in finds):
        if begins > at:
            yield at, begins
        at = max(at, ends)
    if at < size:
        yield at, size


def is_all_explained(content: bytes, finds: list[Heard]) -> bool:
    return all(
        ends - begins < SHORTEST_REST
        for begins, ends in unexplained_ranges(len(content), finds)
    )


def merge_finds(finds: list[Heard]) -> list[Heard]:
    """Finds in order, those that continue each other as one, and none twice."""
    merged: list[Heard] = []
    for find in sorted(
        set(finds),
        key=lambda find: (
            find.device,
            find.run,
            find.call,
            find.begins,
            find.ends,
        ),
    ):
        last = merged[-1] if merged else None
        if last is not None and _is_continued_by(last, find):
            ends, heard_to = (
                max(last.ends, find.ends),
                max(last.heard_to, find.heard_to),
            )
            merged[-1] = replace(
                last, ends=ends, heard_to=Microseconds(heard_to)
            )
        else:
            merged.append(find)
    return sorted(merged, key=lambda find: (find.begins, find.heard_from))


def _is_continued_by(last: Heard, find: Heard) -> bool:
    """Whether a find goes on, in the content and in time, where the last one ends."""
    same = (last.device, last.run, last.call, last.exact) == (
        find.device,
        find.run,
        find.call,
        find.exact,
    )
    length, heard = (
        find.begins - last.begins,
        find.heard_from - last.heard_from,
    )
    known_length, known_heard = (
        last.ends - last.begins,
        last.heard_to - last.heard_from,
    )
    if not same or find.begins > last.ends or known_length <= 0:
        return False
    # The same proportion of bytes to time, to within a millisecond.
    return (
        abs(length * known_heard - heard * known_length)
        <= 1_000 * known_length
    )
