"""Packets of Opus as they cross, message by message: bare, after a header of some bytes, or several in one
message with the length before each. They are sound only together, so they are decoded again as more come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from earwitness.conformance.witnesses.heard_sound import Heard
from earwitness.conformance.witnesses.layouts import is_printable
from earwitness.conformance.witnesses.reader import Reader, may_be_opus
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.wire.stream import Part
from earwitness.model.vocabulary import Microseconds

MOST_MESSAGES = 160
"""Messages that are decoded together: two to three seconds of the usual 20 ms."""
FRESH = 5
"""New messages after which they are tried again, or fewer where something else was said on the line."""
LONGEST_HEADER = 16
"""Bytes before the packets of a message: a number, a time, a kind."""
LENGTHS: tuple[tuple[int, Literal["big", "little"]], ...] = (
    (1, "big"),
    (2, "big"),
    (2, "little"),
    (4, "big"),
    (4, "little"),
)
"""How a length may be written before a packet: in so many bytes, in that order."""
MOST_FRAMINGS = 4
"""Framings that are tried with the same messages."""
MOST_FAILURES = 40
"""Times that a line is tried in vain: 16 s of sound."""


@dataclass(frozen=True, slots=True)
class PacketFind:
    """Sound in packets, with the message that completed it and how many bytes carried it."""

    crossing: Crossing
    size: int
    heard: Heard


@dataclass(slots=True)
class PacketLine:
    """One line's latest messages that nothing else explains."""

    messages: list[Crossing] = field(default_factory=list)
    fresh: int = 0
    unattributed: int = 0
    """Bytes of messages that were not yet told to be sound."""
    framing: Framing | None = None
    """Under which sound was found."""
    failures: int = 0
    given: dict[tuple[str, int], int] = field(default_factory=dict)
    """By device and run: until when the sound was heard that was given."""

    def feed(
        self, crossings: Sequence[Crossing], reader: Reader
    ) -> list[PacketFind]:
        """What the messages come to together with those before, as far as it was not given before."""
        said_other = False
        for crossing in crossings:
            if crossing.part is not Part.MESSAGE or not crossing.content:
                continue
            if is_printable(crossing.content):
                said_other = True
                continue
            self.messages.append(crossing)
            self.fresh += 1
            self.unattributed += len(crossing.content)
        self.messages = self.messages[-MOST_MESSAGES:]
        if not self.fresh or (self.fresh < FRESH and not said_other):
            return []
        self.fresh = 0
        return list(self._finds(reader))

    def _finds(self, reader: Reader) -> Iterator[PacketFind]:
        for heard in self._heard(reader):
            key = heard.device, heard.run
            before = self.given.get(key, -1)
            if heard.heard_to > before:
                self.given[key] = heard.heard_to
                size, self.unattributed = self.unattributed, 0
                yield PacketFind(
                    self.messages[-1], max(1, size), _later(heard, before)
                )

    def _heard(self, reader: Reader) -> tuple[Heard, ...]:
        """The sound in all messages, by the framing that was right before, or by each that may be."""
        messages = [each.content for each in self.messages]
        if self.framing is not None:
            return reader.sounds_in_packets(self.framing.split(messages))
        if self.failures >= MOST_FAILURES:
            return ()
        for framing in islice(possible_framings(messages), MOST_FRAMINGS):
            heard = reader.sounds_in_packets(framing.split(messages))
            if heard:
                self.framing = framing
                return heard
        self.failures += 1
        return ()


def _later(heard: Heard, before: int) -> Heard:
    """The part of a sound that was heard after that instant."""
    first = max(heard.heard_from, before)
    return replace(heard, heard_from=Microseconds(first))


@dataclass(frozen=True, slots=True)
class Framing:
    """How packets stand in a message: after a header of so many bytes, each after its length in `width`
    bytes, or, with none, one alone."""

    header: int
    width: int = 0
    order: Literal["big", "little"] = "big"

    def split(self, messages: Iterable[bytes]) -> list[bytes]:
        """The packets; none where a message does not end with one."""
        packets: list[bytes] = []
        for message in messages:
            body = message[self.header :]
            found = self._counted(body) if self.width else [body]
            if not found:
                return []
            packets += found
        return packets

    def _counted(self, body: bytes) -> list[bytes]:
        packets, at = [], 0
        while at < len(body):
            length = int.from_bytes(body[at : at + self.width], self.order)
            at += self.width
            if length == 0 or at + length > len(body):
                return []
            packets.append(body[at : at + length])
            at += length
        return packets


def possible_framings(messages: Sequence[bytes]) -> Iterator[Framing]:
    """The ways of framing under which messages may be packets of Opus, the more telling first."""
    shortest = min(map(len, messages), default=0)
    headers = range(min(LONGEST_HEADER + 1, shortest))
    for header in headers:
        for width, order in LENGTHS:
            framing = Framing(header, width, order)
            if may_be_opus(framing.split(messages)):
                yield framing
    for header in headers:
        packets = Framing(header).split(messages)
        # What follows the first byte of a packet is coded sound, which is as good as random.
        varied = len({packet[1:2] for packet in packets}) * 2 >= len(packets)
        if varied and may_be_opus(packets):
            yield Framing(header)
