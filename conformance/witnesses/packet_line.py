"""Packets of Opus as they cross, message by message: bare, after a header of some bytes, or several in one
message with the length before each. They are sound only together, so they are decoded again as more come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.witnesses.finds_of_sound import Heard
from earwitness.conformance.witnesses.layouts import is_printable
from earwitness.conformance.witnesses.reader import Reader, may_be_opus
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.wire.stream import Part
from earwitness.model.vocabulary import Microseconds

MOST_MESSAGES = 160
"""Messages that are decoded together: two to three seconds of the usual 20 ms."""
FRESH = 5
"""New messages after which they are tried again; one is enough where something else is said on the line."""
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
FRAMES = (
    *(10_000, 20_000, 40_000, 60_000) * 3,
    *(10_000, 20_000) * 2,
    *(2_500, 5_000, 10_000, 20_000) * 4,
)
"""Microseconds of a frame of Opus in each of its 32 configurations."""
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
    latest: Heard | None = None
    """The sound of the messages so far."""
    is_parted: bool = False
    """Whether anything is said between requests, so that one is told from the next."""
    given: dict[tuple[str, int], int] = field(default_factory=dict)
    """By device and run: until when the sound was heard that was given."""

    def feed(
        self, crossings: Sequence[Crossing], reader: Reader
    ) -> list[PacketFind]:
        """What the messages come to together with those before, as far as it was not given before."""
        found: list[PacketFind] = []
        for crossing in crossings:
            if crossing.part is not Part.MESSAGE or not crossing.content:
                continue
            if is_printable(crossing.content):
                # What is said between two requests parts them.
                found += self._find_packets(reader, 1)
                self.messages, self.latest = [], None
                self.is_parted = True
                continue
            self.messages = [*self.messages[1 - MOST_MESSAGES :], crossing]
            self.fresh += 1
            self.unattributed += len(crossing.content)
        return found + list(self._find_packets(reader, FRESH))

    def _find_packets(
        self, reader: Reader, least: int
    ) -> Iterator[PacketFind]:
        """What is new in the messages, where at least so many are."""
        if self.fresh < least:
            return
        fresh, self.fresh = self.fresh, 0
        heard = self._locate_sound(reader) or self._continue_silence(fresh)
        if heard is None:
            return
        self.latest = heard
        key = heard.device, heard.run
        before = self.given.get(key, -1)
        if heard.heard_to > before:
            self.given[key] = heard.heard_to
            size, self.unattributed = self.unattributed, 0
            first = Microseconds(max(heard.heard_from, before))
            yield PacketFind(
                self.messages[-1],
                max(1, size),
                replace(heard, heard_from=first),
            )

    def _locate_sound(self, reader: Reader) -> Heard | None:
        """The sound of all messages: where a part of it was found, the rest lies before and after that."""
        found, length = self._hear_messages(reader)
        if not found:
            return None
        first = min(found, key=lambda heard: heard.begins)
        last = max(found, key=lambda heard: heard.ends)
        begun = first.heard_from - duration_of(first.begins)
        ended = last.heard_to + duration_of(length - last.ends)
        return replace(
            last,
            heard_from=Microseconds(max(0, begun)),
            heard_to=Microseconds(ended),
        )

    def _continue_silence(self, fresh: int) -> Heard | None:
        """What follows sound in the same request is its silence, in which nothing can be found."""
        if self.latest is None or self.framing is None or not self.is_parted:
            return None
        messages = [each.content for each in self.messages[-fresh:]]
        packets = self.framing.split(messages)
        ended = self.latest.heard_to + sum(map(packet_duration, packets))
        return replace(self.latest, heard_to=Microseconds(ended))

    def _hear_messages(self, reader: Reader) -> tuple[tuple[Heard, ...], int]:
        """The sound in all messages, by the framing that was right before, or by each that may be; and how
        many samples they are."""
        messages = [each.content for each in self.messages]
        if self.framing is not None:
            return reader.sounds_in_packets(self.framing.split(messages))
        if self.failures >= MOST_FAILURES:
            return (), 0
        for framing in islice(possible_framings(messages), MOST_FRAMINGS):
            heard = reader.sounds_in_packets(framing.split(messages))
            if heard[0]:
                self.framing = framing
                return heard
        self.failures += 1
        return (), 0


def duration_of(samples: int) -> int:
    """Microseconds."""
    return samples * 1_000_000 // RATE


def packet_duration(packet: bytes) -> int:
    """Microseconds of sound in a packet of Opus (RFC 6716, 3.1)."""
    if not packet:
        return 0
    kind, code = packet[0] >> 3, packet[0] & 3
    frame = FRAMES[kind]
    counted = packet[1] & 63 if len(packet) > 1 else 0
    return frame * (1, 2, 2, counted)[code]


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
            found = self._split_counted(body) if self.width else [body]
            if not found:
                return []
            packets += found
        return packets

    def _split_counted(self, body: bytes) -> list[bytes]:
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
