"""What is remembered of one line of what crosses: a connection, direction and sequence."""

from __future__ import annotations

from dataclasses import dataclass, field

from earwitness.conformance.witnesses.finds_of_sound import Coding, Heard
from earwitness.conformance.witnesses.layouts import is_printable
from earwitness.conformance.witnesses.message_header import MessageHeader
from earwitness.conformance.witnesses.packet_line import PacketLine
from earwitness.conformance.witnesses.reading import Reading
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.text_tail import last_texts
from earwitness.conformance.witnesses.wire.stream import Part

LONGEST_TAIL = 1 << 16
"""Bytes of a line that are read again with what follows, so that small messages join: 0.3 s even of 32-bit
sound at 48 kHz, more than the least that can be found."""
ENOUGH_TO_COMPARE = 1 << 12
"""New bytes of a line in which changed sound is looked for in all ways: a quarter of a second of 8-bit sound
at 16 kHz, about as little as can be found."""
ENOUGH_WHERE_KNOWN = LONGEST_TAIL // 2
"""The same where it was found in one way already, and is looked for in that way in each message: who codes
what it sends seldom codes it in two ways."""
TRIES_EACH = 4
"""Tries in vain after which twice as much is waited for: what is like nothing that was played stays so
mostly."""
LONGEST_REST = 8 << 20
"""Bytes of a line without an explanation that are kept for the end: four minutes of 16-bit sound."""
MOST_PACKETS = 30_000
"""Messages kept to be tried as packets of a codec: ten minutes of 20 ms each."""


@dataclass(slots=True)
class WireLine:
    """What is remembered of one line."""

    tail: bytes = b""
    """The last bytes, which may be the beginning of something."""
    texts: list[bytes] = field(default_factory=list)
    given: set[tuple[str, str]] = field(default_factory=set)
    wrapped: list[Heard] = field(default_factory=list)
    """Sound that was found wrapped in something, as it was given."""
    rest: bytearray = field(default_factory=bytearray)
    """Bytes without an explanation, for a last search over all of them."""
    packets: list[bytes] = field(default_factory=list)
    coded: PacketLine = field(default_factory=PacketLine)
    """What may be packets of a codec, as it comes."""
    header: MessageHeader = field(default_factory=MessageHeader)
    """What each message has before its sound."""
    last: Crossing | None = None
    found: bool = False
    waiting: int = 0
    """Bytes in which changed sound was not looked for in all ways yet."""
    way: Coding | None = None
    """The way in which it was found last."""
    in_vain: int = 0
    """How often it was looked for in all ways since it was found."""

    @property
    def enough(self) -> int:
        """New bytes in which it is looked for in all ways again."""
        if self.way is not None:
            return ENOUGH_WHERE_KNOWN
        patience: int = ENOUGH_TO_COMPARE << self.in_vain // TRIES_EACH
        return min(patience, ENOUGH_WHERE_KNOWN)


def remember_rest(
    line: WireLine,
    reading: Reading,
    content: bytes,
    crossings: list[Crossing],
) -> None:
    """Keep what may be continued: all after the last sound, up to a bound."""
    last_sound = max(
        (sound.heard.ends for sound in reading.sounds if not sound.wrappings),
        default=0,
    )
    contents = [crossing.content for crossing in crossings]
    if is_printable(content):
        line.texts = last_texts([*line.texts, *contents])
        line.tail = b"".join(line.texts)
    else:
        line.tail = content[max(last_sound, len(content) - LONGEST_TAIL) :]
    if not reading.sounds and len(line.rest) < LONGEST_REST:
        line.rest += b"".join(contents)
    if crossings[0].part is Part.MESSAGE and len(line.packets) < MOST_PACKETS:
        line.packets += contents
