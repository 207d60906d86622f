"""Headers of messages that carry sound: a counter, an instant, a checksum. The data shows how long they are.

Sound that was changed is compared half a second at a time, and a header in each of many messages shifts it a
little further each time. But the sound of each message alone lies at some place of what was just played, and
where messages follow each other these places lie as far apart as there are samples between: what the messages
have more is header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from statistics import median

import numpy as np

from earwitness.conformance.witnesses.changed_sound import RATES
from earwitness.conformance.witnesses.finds_of_sound import Coding
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.layouts import (
    Layout,
    Signal,
    plausible_layouts,
)
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.resemblance import (
    COMPARED_RATE,
    Spectrum,
    locate_piece,
    resample_sound,
)
from earwitness.conformance.witnesses.wire.stream import Part

LONGEST_HEADER = 64
"""Bytes: a number, an instant, a kind, a checksum and an identifier together have fewer."""
FEWEST_ALIGNED = 4
"""Messages whose places must agree. Two of them give the length, so two agree with it: by chance each does
so once in 10,000 times, as six seconds have 48,000 places and three of them are near enough."""
MOST_COMPARED, FIRST_COMPARED = 40, 3
"""Messages whose places are looked for, the loudest: each costs 2 ms in each way of reading them, and of
those of 20 ms many are taken for another sound of the same voice. Where none of the first has any, the others
are left alone."""
MOST_KEPT = 64
"""Messages that are kept to be compared: over a second of 20 ms each."""
FIRST_TRY = 1 << 12
"""Bytes after which it is tried first; two tries in vain double them."""
MOST_TRIES = 8
"""Tries of one line, until 120 KB have crossed."""
SKIPPED, SHARE_SKIPPED = 72, 4
"""Bytes left out at the beginning of each message, so that no header is taken for a click: more than any has,
in whole samples of every kind; but no more than a fourth of a message."""
LIKELIEST_RATES = RATES[:3]
"""The rates at which sound goes up in small messages; all of them would take seconds in vain."""
TELLING = 3
"""Messages from which it is told what kind of numbers they hold: one of 20 ms alone has too few."""
NEAR = 1.5
"""Compared samples by which a place may be off: rounding of lengths in resampling."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A message whose sound was found: its number, the bytes before it, and its place in what was played."""

    number: int
    before: int
    place: int


@dataclass(slots=True)
class MessageHeader:
    """What is known of the headers of one line's messages."""

    length: int = 0
    is_known: bool = False
    messages: list[bytes] = field(default_factory=list)
    """The latest, as they crossed."""
    fresh: int = 0
    tries: int = 0
    is_inside: bool = False
    """Whether a message has begun that goes on."""

    def learn(
        self, crossings: Sequence[Crossing], before: bytes, sound: HeardSound
    ) -> bytes:
        """Take note of messages, and give back what came before them on their line: without headers too, once
        all have come to show that each has one."""
        if self.is_known or self.tries == MOST_TRIES:
            return before
        earlier = self.messages
        fresh = [
            crossing.content
            for crossing in crossings
            if crossing.part is Part.MESSAGE and crossing.whole
        ]
        self.messages = [*earlier, *fresh][-MOST_KEPT:]
        self.fresh += sum(map(len, fresh))
        if self.fresh < FIRST_TRY << self.tries // 2:
            return before
        self.fresh, self.tries = 0, self.tries + 1
        found = find_header(self.messages, sound)
        self.length, self.is_known = found or 0, found is not None
        return self._cut_last(earlier, len(before)) if found else before

    def _cut_last(self, messages: Sequence[bytes], size: int) -> bytes:
        """Without their headers, the last of these messages that have at most so many bytes together."""
        last: list[bytes] = []
        for message in reversed(messages):
            size -= len(message)
            if size < 0:
                break
            last.append(message[self.length :])
        return b"".join(reversed(last))

    def cut(self, crossings: Sequence[Crossing]) -> list[Crossing]:
        """The same messages without their headers, which are read elsewhere."""
        if not self.length:
            return list(crossings)
        without: list[Crossing] = []
        for crossing in crossings:
            header = 0 if self.is_inside else self.length
            self.is_inside = not crossing.whole
            without.append(
                replace(crossing, content=crossing.content[header:])
            )
        return without


def find_header(messages: Sequence[bytes], sound: HeardSound) -> int | None:
    """How many bytes of header each of these messages has, which followed each other; None where that cannot
    be told."""
    if len(messages) < FEWEST_ALIGNED:
        return None
    recent = sound.changed.recent_spectrum()
    for layout, rate in product(_layouts_of(messages), LIKELIEST_RATES):
        placed = _place_messages(messages, Coding(layout, rate), recent)
        samples_each_byte = COMPARED_RATE / (layout.stride * rate)
        header = _agreed_header(placed, samples_each_byte)
        if header is not None:
            return header
    return None


def _layouts_of(messages: Sequence[bytes]) -> list[Layout]:
    """How samples may lie in messages, as the most varied of them tell: each begins by itself."""
    varied = sorted(messages, key=lambda message: len(set(message)))
    alone = plausible_layouts(varied[-1])
    return alone or plausible_layouts(b"".join(varied[-TELLING:]))


def _place_messages(
    messages: Sequence[bytes], way: Coding, recent: Spectrum
) -> list[_Placed]:
    """The loudest messages, where they are found in what was just played."""
    shortest = min(map(len, messages))
    # In steps of 24 bytes, the least common multiple of all strides.
    skipped = min(SKIPPED, shortest // SHARE_SKIPPED // 24 * 24)
    signals = [
        resample_sound(way.layout.decoded(message[skipped:]), way.rate)
        for message in messages
    ]
    loudest = sorted(
        range(len(signals)), key=lambda number: -_loudness(signals[number])
    )
    placed: list[_Placed] = []
    for count, number in enumerate(loudest[:MOST_COMPARED]):
        if count == FIRST_COMPARED and not placed:
            break
        place = locate_piece(signals[number], recent)
        if place is not None:
            before = sum(map(len, messages[:number]))
            placed.append(_Placed(number, before, place))
    return sorted(placed, key=lambda each: each.number)


def _loudness(signal: Signal) -> float:
    return float(np.mean(np.diff(signal) ** 2)) if len(signal) > 1 else 0.0


def _agreed_header(
    placed: Sequence[_Placed], samples_each_byte: float
) -> int | None:
    """The length with which most messages agree, if these are enough."""
    best, most = None, FEWEST_ALIGNED - 1
    for one, other in combinations(placed, 2):
        count = other.number - one.number
        carried = (other.place - one.place) / samples_each_byte
        header = (other.before - one.before - carried) / count
        if not -1 < header < LONGEST_HEADER + 1:
            continue
        agreeing = [
            each
            for each in placed
            if abs(
                (
                    each.before
                    - one.before
                    - header * (each.number - one.number)
                )
                * samples_each_byte
                - (each.place - one.place)
            )
            <= NEAR
        ]
        if len(agreeing) > most:
            best, most = _fitted(agreeing, samples_each_byte), len(agreeing)
    if best is None:
        return None
    return min(max(0, best), LONGEST_HEADER)


def _fitted(agreeing: Sequence[_Placed], samples_each_byte: float) -> int:
    """The length that fits them best, from those far apart, in which rounding matters least."""
    lengths = [
        (
            other.before
            - one.before
            - (other.place - one.place) / samples_each_byte
        )
        / (other.number - one.number)
        for one, other in combinations(agreeing, 2)
        if other.number - one.number
        >= (agreeing[-1].number - agreeing[0].number) // 2
    ]
    return round(median(lengths))
