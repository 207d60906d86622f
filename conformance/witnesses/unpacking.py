"""What may be found inside bytes: compressed, archived, coded as text, in a database, in a container of
sound, and all that nested.

The code that opens it meets bytes that were made to harm. It is run in a child process with little memory
and time (`limited_child`), never in the judge. It gives out everything it can open, and says what it could
not."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

DEEPEST = 6
"""Wrappings inside each other that are opened; more is told as unread."""
MOST_BYTES = 64 << 20
"""Bytes that may come out in all: 35 minutes of sound."""
MOST_LEAVES = 4_096
"""Things inside one content that are opened. Chosen, far above what honest devices send."""
MOST_PLACES = 32
"""Places inside one content where the same kind of container is looked for."""
PIECED_TOGETHER = "column"
"""In the name of what was put together of the values of a column, which did not stand so."""
HEAD = struct.Struct(">cI")
"""How each message begins between the judge and the child that unpacks: its kind, and its length in bytes."""
SHORTEST_CODED = 16
"""Bytes or characters from which something coded may matter: half a find."""
CONTAINER_MARKS = (
    b"\x1f\x8b",
    b"\x78\x01",
    b"\x78\x5e",
    b"\x78\x9c",
    b"\x78\xda",
    b"BZh",
    b"\xfd7zXZ",
    b"\x5d\0\0",
    b"PK\3\4",
    b"SQLite format 3\0",
)
"""How contents begin that explain all their bytes when they can be opened."""


class LeafKind(Enum):
    BYTES = "bytes"
    TEXT = "text"
    """UTF-8."""
    SAMPLES = "samples"
    """16-bit little-endian mono at 16 kHz, decoded; or numbers that may be samples."""
    NUMBERS = "numbers"


@dataclass(frozen=True, slots=True)
class Leaf:
    """Something that was inside, with the wrappings around it from outside in."""

    path: tuple[str, ...]
    kind: LeafKind
    content: bytes


@dataclass(slots=True)
class Unpacked:
    """All that came out. `unread` says what could not be opened, and why. `opened` names the wrappings
    that were."""

    leaves: list[Leaf] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class TooMuch(Exception):
    """More came out than is allowed."""


class ByteBudget:
    def __init__(self) -> None:
        self.left = MOST_BYTES

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooMuch(f"more than {MOST_BYTES >> 20} MiB come out of it")


Found = tuple[str, LeafKind, bytes]
"""What an opener gives: the wrapping's name, and what was inside."""
Opener = Callable[[bytes, "ByteBudget"], Iterator[Found]]


def begins_container(content: bytes) -> bool:
    """Whether bytes begin as an archive, a database or a file of sound does."""
    return (
        content.startswith(CONTAINER_MARKS)
        or CONTAINERS.match(content) is not None
    )


def mark_places(mark: re.Pattern[bytes], content: bytes) -> Iterator[int]:
    for number, match in enumerate(mark.finditer(content)):
        if number >= MOST_PLACES:
            return
        yield match.start()


CONTAINERS = re.compile(
    rb"OggS\x00|fLaC\x00|RIFF....WAVE|RF64....WAVE|FORM....AIF[FC]|\.snd\x00"
    rb"|caff\x00\x01|wvpk|#!AMR|\x1aE\xdf\xa3|....ftyp|ID3[\x02-\x04]",
    re.DOTALL,
)
