"""One direction of a connection: bytes in as they come, pieces out. Every byte belongs to exactly one piece.

A parser is a generator. It looks at the bytes that have come, gives them out with `emit`, which alone
consumes, and yields where it needs more. What a parser does not understand it raises as `NotThisProtocol`;
from there on the bytes are given out as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum

LARGEST_HEAD = 1 << 16
"""Bytes of a head or a header block that are awaited. Servers refuse far less (8 KiB is usual); a longer
one is raw bytes."""

Parser = Generator[None, None, None]


class Part(Enum):
    """What a piece is to its protocol."""

    HEAD = "head"
    """Addresses, header fields, topics."""
    MESSAGE = "message"
    """What is carried: messages, bodies."""
    CONTROL = "control"
    """Pings, settings, reasons for closing, padding."""
    FRAMING = "framing"
    """Lengths, types, masks: what only marks out the rest."""
    RAW = "raw"
    """Bytes of a protocol that is not known here, or that broke its rules."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a stream. `content` is what they say (unmasked, inflated), `size` how many bytes
    crossed for it."""

    protocol: str
    part: Part
    content: bytes
    size: int
    sequence: int = 0
    """Which of several interleaved sequences it continues, such as a stream of HTTP/2."""
    whole: bool = True
    """Whether a message ends with it."""
    reason: str = ""
    """Why the content could not be read, where it could not."""


class NotThisProtocol(Exception):
    """The bytes break the rules of the protocol they began with."""


class Stream:
    """The bytes of one direction, and the parser that takes them apart."""

    def __init__(
        self, parser: Callable[[Stream], Parser], protocol: str = "raw"
    ) -> None:
        self.buffer = bytearray()
        self.protocol = protocol
        self._pieces: list[Piece] = []
        self._parser = parser(self)

    def feed(self, data: bytes) -> list[Piece]:
        """Add bytes that have come; returns the pieces that are known by now."""
        self.buffer += data
        return self.resume()

    def resume(self) -> list[Piece]:
        """Go on with what has come, for example after the other direction has settled a question."""
        try:
            next(self._parser)
        except (NotThisProtocol, StopIteration):
            self.give_up()
        return self._hand_out()

    def rest(self) -> list[Piece]:
        """What is still waiting for more, as raw bytes. From here on the direction is raw."""
        if self.buffer:
            self.give_up()
        return self._hand_out()

    def give_up(self) -> None:
        """All that has come and all that will come is raw."""
        self.protocol = "raw"
        self._parser = raw_bytes(self)
        next(self._parser)

    def _hand_out(self) -> list[Piece]:
        pieces, self._pieces = self._pieces, []
        return pieces

    def emit(
        self,
        part: Part,
        size: int,
        content: bytes | None = None,
        *,
        sequence: int = 0,
        whole: bool = True,
        reason: str = "",
    ) -> None:
        """Give out the first `size` bytes as one piece, and consume them. They are their own content
        unless another is given."""
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        piece = Piece(
            protocol=self.protocol,
            part=part,
            content=taken if content is None else content,
            size=size,
            sequence=sequence,
            whole=whole,
            reason=reason,
        )
        self._pieces.append(piece)

    def need(self, count: int) -> Parser:
        """Wait until so many bytes are there."""
        while len(self.buffer) < count:
            yield

    def need_any(self) -> Parser:
        """Wait until a byte is there."""
        yield from self.need(1)

    def until(self, mark: re.Pattern[bytes]) -> Generator[None, None, int]:
        """Wait for a mark; returns how many bytes there are up to its end. Raises NotThisProtocol where it
        does not come."""
        looked = 0
        while (found := mark.search(self.buffer, looked)) is None:
            if len(self.buffer) > LARGEST_HEAD:
                raise NotThisProtocol
            # A mark of up to four bytes may have begun at the end of what was searched.
            looked = max(0, len(self.buffer) - 4)
            yield
        return found.end()

    def carry(self, part: Part, size: int, sequence: int = 0) -> Parser:
        """Give out the next `size` bytes as they come, the last of them as the end of a message."""
        while size:
            yield from self.need_any()
            here = min(size, len(self.buffer))
            size -= here
            self.emit(part, here, sequence=sequence, whole=size == 0)


def raw_bytes(stream: Stream) -> Parser:
    """Whatever comes, as it is."""
    while True:
        if stream.buffer:
            stream.emit(Part.RAW, len(stream.buffer), whole=False)
        yield
