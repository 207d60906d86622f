"""Reads what crossed: joins the messages of each line (a connection, direction and sequence), finds sound
and words in them, dates each find by when it crossed, and keeps the accounts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby

from earwitness.conformance.witnesses.accounts import Account, Accounts, Party
from earwitness.conformance.witnesses.changed_sound import NOT_COMPARED
from earwitness.conformance.witnesses.finds_of_sound import (
    Where,
    unexplained_ranges,
)
from earwitness.conformance.witnesses.found_on_wire import (
    FoundOnWire,
    split_by_instant,
    without_given,
)
from earwitness.conformance.witnesses.layouts import is_printable
from earwitness.conformance.witnesses.packet_line import PacketLine
from earwitness.conformance.witnesses.reader import Changed, Reader
from earwitness.conformance.witnesses.reading import Reading
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.wire.connection import Direction
from earwitness.conformance.witnesses.wire.stream import Part
from earwitness.conformance.witnesses.wire_line import (
    LONGEST_TAIL,
    WireLine,
    remember_rest,
)

PACKETS = "packets of a codec"
"""The wrapping of sound that was found in several messages together."""
MOST_GIVEN = 1_000
"""Finds of one line of which it is remembered that they were given: a minute and more of 80 ms each."""


def _by_line(
    crossings: Iterable[Crossing],
) -> dict[tuple[object, ...], list[Crossing]]:
    lines: dict[tuple[object, ...], list[Crossing]] = {}
    for crossing in crossings:
        lines.setdefault(crossing.line, []).append(crossing)
    return lines


class WireReader:
    """Feed it crossings in order; at the end of a run, finish it. One reader serves one run."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._lines: dict[tuple[tuple[object, ...], bool], WireLine] = {}
        self._coded: dict[tuple[object, ...], PacketLine] = {}
        self.accounts = Accounts()
        self.unread: dict[str, None] = {}
        """What could not be read, and why, each once."""
        self.uncompared: dict[str, list[str]] = {}
        """By device, each time that what crossed was too much to compare."""

    def feed(
        self,
        crossings: Iterable[Crossing],
        streaming: Collection[str] = (),
    ) -> list[FoundOnWire]:
        """What is in crossings, together with what came before on the same lines. What was given before is
        not given again. `streaming` are the devices that have a stream open."""
        found: list[FoundOnWire] = []
        for key, line in _by_line(crossings).items():
            is_stream = line[0].device in streaming
            with self._read_from(Where.STREAM if is_stream else Where.WIRE):
                found += self._feed_apart(key, line)
        return sorted(found, key=lambda find: find.crossing.time_taken)

    def _feed_apart(
        self, key: tuple[object, ...], line: list[Crossing]
    ) -> Iterator[FoundOnWire]:
        """Texts between messages of sound are read apart: sound goes on after them, and none is in them."""
        for is_text, group in groupby(line, _is_text_message):
            yield from self._feed_group(key, is_text, list(group))

    def finish(self) -> list[FoundOnWire]:
        """What is found only when all that has no explanation is put together. Call it once, at the end of
        a run."""
        with self._read_from(Where.WIRE):
            return [
                find
                for line in self._lines.values()
                for find in self._finish_line(line)
            ]

    @contextmanager
    def _read_from(self, where: Where) -> Iterator[None]:
        """What is spent meanwhile is spent on what comes from there."""
        sound = self._reader.sound
        before, sound.changed.where = sound.changed.where, where
        try:
            yield
        finally:
            sound.changed.where = before

    def _line_of(self, key: tuple[object, ...], is_text: bool) -> WireLine:
        if (key, is_text) not in self._lines:
            # Texts part the packets of one request from those of the next.
            coded = self._coded.setdefault(key, PacketLine())
            self._lines[key, is_text] = WireLine(coded=coded)
        return self._lines[key, is_text]

    def _feed_group(
        self, key: tuple[object, ...], is_text: bool, group: list[Crossing]
    ) -> list[FoundOnWire]:
        """Messages of one kind that follow each other. Texts part what is coded in one request from what is
        coded in the next."""
        parted = self._lines.get((key, False)) if is_text else None
        ended = self._end_part(parted, group[0]) if parted else []
        return [*ended, *self._feed_line(key, is_text, group)]

    def _end_part(self, line: WireLine, text: Crossing) -> list[FoundOnWire]:
        """The last of the sound that was changed, looked for before something else is said: what is found
        later seems to be sent later. Where the way of coding is known nothing of it goes on after that."""
        if not line.waiting or not line.tail:
            return []
        line.waiting = 0
        sound = self._reader.sound
        likeness = (
            sound.changed.resembling_again(line.tail, line.way)
            if line.way is not None
            else sound.changed.resembling(line.tail)
        )
        line.way = line.way or likeness.way
        if line.way is not None:
            line.tail = b""
        return [
            FoundOnWire(text, find.ends - find.begins, heard=find)
            for find in likeness.finds
        ]

    def _feed_line(
        self,
        key: tuple[object, ...],
        is_text: bool,
        crossings: list[Crossing],
    ) -> list[FoundOnWire]:
        line = self._line_of(key, is_text)
        line.last = crossings[-1]
        whole = b"".join(crossing.content for crossing in crossings)
        sent = line.last.direction is Direction.FROM_DEVICE
        # Between messages of unchanged samples nothing needs to be cut.
        is_unchanged = line.found and line.way is None
        if sent and not is_text and not is_unchanged:
            line.tail = line.header.learn(
                crossings, line.tail, self._reader.sound
            )
        crossings = line.header.cut(crossings)
        fresh = b"".join(crossing.content for crossing in crossings)
        before = len(line.tail)
        reading = self._read_joined(line, fresh, sent)
        is_same = not before and fresh == whole
        alone = reading if is_same else self._read_alone(whole, sent)
        self._note_unread(crossings, reading)
        self._book_bytes(
            alone,
            crossings,
            attributed=_count_attributed(reading, before, len(fresh)),
        )
        found = [
            *_new_sounds(
                line=line,
                reading=_join_readings(reading, alone),
                crossings=crossings,
                before=before,
            ),
            *_new_words(
                line=line, reading=reading, alone=alone, crossings=crossings
            ),
        ]
        if sent and not line.found and not reading.sounds:
            found += self._new_packets(line, crossings)
        line.found = line.found or any(
            find.heard is not None and PACKETS not in find.wrappings
            for find in found
        )
        remember_rest(
            line=line,
            reading=reading,
            content=line.tail + fresh,
            crossings=crossings,
        )
        return found

    def _read_joined(
        self, line: WireLine, fresh: bytes, sent: bool
    ) -> Reading:
        """New bytes together with those before. Changed sound is looked for in all ways once enough bytes
        have come, and in the way in which the line had it last in each message."""
        if not sent:
            return self._reader.read_unchanged(line.tail + fresh)
        line.waiting += len(fresh)
        changed = Changed.IN_WRAPPINGS
        if line.waiting >= line.enough:
            changed, line.waiting = Changed.EVERYWHERE, 0
            line.in_vain += 1
        reading = self._reader.read_message(
            line.tail + fresh, changed, line.way
        )
        line.way = reading.way or line.way
        line.in_vain = 0 if reading.sounds else line.in_vain
        return reading

    def _read_alone(self, fresh: bytes, sent: bool) -> Reading:
        """New bytes by themselves: some wrappings are known only by where they begin and end."""
        if not sent:
            return self._reader.read_unchanged(fresh)
        return self._reader.read_message(fresh, Changed.IN_WRAPPINGS)

    def _new_packets(
        self, line: WireLine, crossings: list[Crossing]
    ) -> Iterator[FoundOnWire]:
        """Sound in packets of a codec. Their bytes were booked as unexplained while they were too few."""
        for find in line.coded.feed(crossings, self._reader):
            line.packets = []
            line.rest.clear()
            first = find.crossing
            party = Party(first.device, first.direction, first.peer)
            self.accounts.add(
                party, Account(attributed=find.size, unexplained=-find.size)
            )
            yield FoundOnWire(
                first, find.size, heard=find.heard, wrappings=(PACKETS,)
            )

    def _book_bytes(
        self, alone: Reading, crossings: list[Crossing], attributed: int
    ) -> None:
        """Divide the bytes that crossed now as their content is divided. What is sound only with what came
        before is sound."""
        content = alone.attributed + alone.read + alone.unexplained
        attributed = max(attributed, alone.attributed)
        structure = crossings[0].part in (Part.FRAMING, Part.HEAD)
        unexplained = (
            0 if structure else min(alone.unexplained, content - attributed)
        )
        lost = sum(
            crossing.size
            for crossing in crossings
            if crossing.reason and not crossing.content
        )
        size = sum(crossing.size for crossing in crossings) - lost
        scale = size / content if content else 0.0
        first = crossings[0]
        party = Party(first.device, first.direction, first.peer)
        sums = round(attributed * scale), round(unexplained * scale)
        self.accounts.add(
            party, Account(sums[0], size - sum(sums), sums[1] + lost)
        )

    def _note_unread(
        self, crossings: list[Crossing], reading: Reading
    ) -> None:
        self.uncompared.setdefault(crossings[0].device, []).extend(
            reason for reason in reading.unread if NOT_COMPARED in reason
        )
        for reason in (
            *reading.unread,
            *(crossing.reason for crossing in crossings if crossing.reason),
        ):
            if len(self.unread) < 1_000:
                self.unread[
                    f"connection {crossings[0].connection} ({crossings[0].protocol}): {reason}"
                ] = None

    def _finish_line(self, line: WireLine) -> list[FoundOnWire]:
        if (
            line.last is None
            or line.last.direction is not Direction.FROM_DEVICE
        ):
            return []
        found = []
        if not line.found and line.packets:
            found += self._find_together(
                line, self._reader.read_packets(line.packets)
            )
        if not line.found and not found and len(line.rest) > LONGEST_TAIL:
            found += self._find_together(
                line, self._reader.read(bytes(line.rest))
            )
        if line.waiting and not found:
            reading = self._reader.read(line.tail)
            changed = [
                sound
                for sound in reading.sounds
                if not sound.wrappings and not sound.heard.exact
            ]
            found += self._find_together(
                line, replace(reading, sounds=tuple(changed))
            )
        return found

    def _find_together(
        self, line: WireLine, reading: Reading
    ) -> list[FoundOnWire]:
        """Finds in all of a line; they crossed at the latest with its last message."""
        assert line.last is not None
        return [
            FoundOnWire(
                line.last,
                reading.attributed,
                heard=sound.heard,
                wrappings=sound.wrappings,
            )
            for sound in reading.sounds
        ]


def _is_text_message(crossing: Crossing) -> bool:
    return crossing.part is Part.MESSAGE and is_printable(crossing.content)


def _join_readings(reading: Reading, alone: Reading) -> Reading:
    """A reading with what was wrapped in the new bytes alone: some wrappings are known only by where they
    end."""
    wrapped = [sound for sound in alone.sounds if sound.wrappings]
    return replace(
        reading, sounds=tuple(dict.fromkeys((*wrapped, *reading.sounds)))
    )


def _new_sounds(
    line: WireLine, reading: Reading, crossings: list[Crossing], before: int
) -> list[FoundOnWire]:
    """Sound that was not given before, in parts as it crossed."""
    found: list[FoundOnWire] = []
    for sound in reading.sounds:
        if not sound.wrappings:
            found += split_by_instant(sound.heard, crossings, before)
            continue
        fresh = without_given(sound.heard, line.wrapped)
        if fresh is not None:
            line.wrapped = [*line.wrapped[1 - MOST_GIVEN :], fresh]
            size = sum(len(crossing.content) for crossing in crossings)
            found.append(
                FoundOnWire(
                    crossings[-1],
                    size,
                    heard=fresh,
                    wrappings=sound.wrappings,
                )
            )
    return found


def _new_words(
    line: WireLine,
    reading: Reading,
    alone: Reading,
    crossings: list[Crossing],
) -> list[FoundOnWire]:
    """Words in what crossed now, and words that are whole only with what came before, each time they
    become whole."""
    found = []
    for each in (*alone.words, *reading.words):
        key = (
            each.words.phrase,
            f"{each.words.text} {each.words.manner} {each.wrappings}",
        )
        if each not in alone.words and key in line.given:
            continue
        line.given.add(key)
        size = len(each.words.text)
        found.append(
            FoundOnWire(
                crossings[-1],
                size,
                words=each.words,
                wrappings=each.wrappings,
            )
        )
    return list(dict.fromkeys(found))


def _count_attributed(reading: Reading, before: int, size: int) -> int:
    """How many of the new bytes are sound, read together with those before."""
    direct = [sound.heard for sound in reading.sounds if not sound.wrappings]
    if len(direct) < len(reading.sounds):
        return size
    return size - sum(
        ends - max(begins, before)
        for begins, ends in unexplained_ranges(before + size, direct)
        if ends > before
    )
