"""What may lie inside bytes: compressed, archived, coded as text, in a database, in a container of sound, and
all that nested.

This code meets bytes that were made to harm. It is run in a child process with little memory and time
(`limited_child`), never in the judge. It gives out everything it can open, and says what it could not."""

from __future__ import annotations

import base64
import binascii
import bz2
import io
import lzma
import re
import sqlite3
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote_to_bytes

import numpy as np

from earwitness.conformance.witnesses.layouts import PRINTABLE_BYTES

DEEPEST = 6
"""Wrappings inside each other that are opened; more is told as unread."""
MOST_BYTES = 64 << 20
"""Bytes that may come out in all: 35 minutes of sound."""
MOST_LEAVES = 4_096
MOST_PLACES = 32
"""Places inside one content where the same kind of container is looked for."""
PIECED_TOGETHER = "column"
"""In the name of what was put together of the values of a column, which did not stand so."""
SHORTEST = 16
"""Bytes or characters from which something coded may matter: half a find."""
PLAYED_RATE = 16_000


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


class _Budget:
    def __init__(self) -> None:
        self.left = MOST_BYTES

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooMuch(f"more than {MOST_BYTES >> 20} MiB come out of it")


Found = tuple[str, LeafKind, bytes]
"""What an opener gives: the wrapping's name, and what was inside."""
Opener = Callable[[bytes, "_Budget"], Iterator[Found]]


def begins_container(content: bytes) -> bool:
    """Whether bytes begin as an archive, a database or a file of sound does."""
    return (
        content.startswith(CONTAINER_MARKS)
        or CONTAINERS.match(content) is not None
    )


def unpack_bytes(content: bytes) -> Unpacked:
    """Everything inside bytes that can be opened. Never raises for whatever bytes."""
    result, budget = Unpacked(), _Budget()
    waiting: deque[tuple[tuple[str, ...], LeafKind, bytes]] = deque(
        [((), LeafKind.BYTES, content)]
    )
    seen = {content}
    while waiting:
        path, kind, inside = waiting.popleft()
        for name, found_kind, found in _open_all(
            inside, kind, budget, path, result.unread
        ):
            if found in seen or len(found) < SHORTEST // 2:
                continue
            seen.add(found)
            leaf = Leaf((*path, name), found_kind, found)
            result.leaves.append(leaf)
            if len(result.leaves) >= MOST_LEAVES:
                result.unread.append(
                    f"more than {MOST_LEAVES} things are inside"
                )
                return result
            if found_kind in (LeafKind.BYTES, LeafKind.TEXT):
                waiting.append((leaf.path, found_kind, found))
    return result


def _open_all(
    content: bytes,
    kind: LeafKind,
    budget: _Budget,
    path: tuple[str, ...],
    unread: list[str],
) -> Iterator[Found]:
    """What every opener finds in one content. What an opener cannot read is noted."""
    openers = TEXT_OPENERS if kind is LeafKind.TEXT else BYTE_OPENERS
    for name, opener in openers:
        place = " in ".join((name, *reversed(path)))
        try:
            for found in opener(content, budget):
                if len(path) >= DEEPEST:
                    unread.append(
                        f"{place}: nested deeper than {DEEPEST} wrappings"
                    )
                    return
                yield found
        except TooMuch as error:
            unread.append(f"{place}: {error}")
            budget.left = max(budget.left, 0)
        except Exception as error:  # whatever a decoder makes of hostile bytes, they are unread and no more
            unread.append(f"{place}: {type(error).__name__}: {error}"[:300])


# Compressed and archived


def _inflate_stream(content: bytes, wbits: int, budget: _Budget) -> bytes:
    """What a deflated stream holds, as far as it goes."""
    decompressor = zlib.decompressobj(wbits)
    found = decompressor.decompress(content, budget.left + 1)
    budget.spend(len(found))
    return found


def _mark_places(mark: re.Pattern[bytes], content: bytes) -> Iterator[int]:
    for number, match in enumerate(mark.finditer(content)):
        if number >= MOST_PLACES:
            return
        yield match.start()


GZIP = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
ZLIB = re.compile(rb"[\x08\x18\x28\x38\x48\x58\x68\x78][\x00-\xff]")
BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
XZ = re.compile(rb"\xfd7zXZ\x00")
ZIP = re.compile(rb"PK\x03\x04")
LZMA_ALONE = re.compile(
    rb"\A[\x5d\x6d]\x00\x00[\x00-\xff]{2}[\x00-\xff]{8}", re.DOTALL
)


def open_gzip(content: bytes, budget: _Budget) -> Iterator[Found]:
    for place in _mark_places(GZIP, content):
        try:
            yield (
                "gzip",
                LeafKind.BYTES,
                _inflate_stream(content[place:], 31, budget),
            )
        except zlib.error:
            if place == 0:
                raise


def open_zlib(content: bytes, budget: _Budget) -> Iterator[Found]:
    """At any place where a header's checksum is right; a stream of 64 bytes and more is no chance."""
    tried = 0
    for match in ZLIB.finditer(content):
        head = content[match.start()] << 8 | content[match.start() + 1]
        if head % 31 or head & 0x20:
            continue
        tried += 1
        if tried > 8 * MOST_PLACES:
            return
        try:
            found = _inflate_stream(content[match.start() :], 15, budget)
        except zlib.error:
            continue
        if len(found) >= 64:
            yield "zlib", LeafKind.BYTES, found


def open_deflate(content: bytes, budget: _Budget) -> Iterator[Found]:
    """A bare deflated stream, which has no head: believed where it goes to the very end of the bytes."""
    decompressor = zlib.decompressobj(-15)
    try:
        found = decompressor.decompress(content, budget.left + 1)
    except zlib.error:
        return
    if len(found) >= 64 and decompressor.eof and not decompressor.unused_data:
        budget.spend(len(found))
        yield "deflate", LeafKind.BYTES, found


def _decompress(
    decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor,
    content: bytes,
    budget: _Budget,
) -> bytes:
    found = decompressor.decompress(content, max_length=budget.left + 1)
    budget.spend(len(found))
    return found


def open_bzip2(content: bytes, budget: _Budget) -> Iterator[Found]:
    for place in _mark_places(BZIP2, content):
        yield (
            "bzip2",
            LeafKind.BYTES,
            _decompress(bz2.BZ2Decompressor(), content[place:], budget),
        )


def open_lzma(content: bytes, budget: _Budget) -> Iterator[Found]:
    limit = 128 << 20
    for place in _mark_places(XZ, content):
        decompressor = lzma.LZMADecompressor(memlimit=limit)
        yield (
            "xz",
            LeafKind.BYTES,
            _decompress(decompressor, content[place:], budget),
        )
    if LZMA_ALONE.match(content):
        decompressor = lzma.LZMADecompressor(
            lzma.FORMAT_ALONE, memlimit=limit
        )
        yield (
            "lzma",
            LeafKind.BYTES,
            _decompress(decompressor, content, budget),
        )


def open_zip(content: bytes, budget: _Budget) -> Iterator[Found]:
    if not ZIP.search(content):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist()[:MOST_LEAVES]:
            yield (
                f"zip name {entry.filename}"[:200],
                LeafKind.TEXT,
                entry.filename.encode("utf-8", "replace"),
            )
            with archive.open(entry) as file:
                found = file.read(budget.left + 1)
            budget.spend(len(found))
            yield f"zip {entry.filename}"[:200], LeafKind.BYTES, found


# Databases

SQLITE = b"SQLite format 3\0"


def open_sqlite(content: bytes, budget: _Budget) -> Iterator[Found]:
    """Texts, blobs and numbers of every table, column by column, from a copy in memory: nothing is
    written."""
    if not content.startswith(SQLITE):
        return
    # A database with a write-ahead log cannot be opened from memory; both bytes are 1 for one without.
    plain = content[:18] + b"\1\1" + content[20:]
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(plain)
        database.text_factory = bytes
        names = [
            row[0].decode("utf-8", "replace")
            for row in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            )
        ]
        for name in names:
            yield from _open_table(database, name, budget)
    finally:
        database.close()


def _open_table(
    database: sqlite3.Connection, name: str, budget: _Budget
) -> Iterator[Found]:
    quoted = '"' + name.replace('"', '""') + '"'
    texts: list[bytes] = []
    columns: dict[int, list[object]] = {}
    for row in database.execute(f"SELECT * FROM {quoted}"):
        for number, value in enumerate(row):
            budget.spend(len(value) if isinstance(value, bytes) else 8)
            columns.setdefault(number, []).append(value)
            if isinstance(value, bytes):
                texts.append(value)
    label = f"sqlite {name}"[:100]
    yield f"{label} values", LeafKind.BYTES, b"\n".join(texts)
    for number, values in columns.items():
        pieces = [value for value in values if isinstance(value, bytes)]
        # A word, or a little sound, in each row.
        yield f"{label} column {number}", LeafKind.BYTES, b"".join(pieces)
        yield (
            f"{label} column {number} as words",
            LeafKind.BYTES,
            b" ".join(pieces),
        )
        for piece in sorted(set(pieces), key=len, reverse=True)[:MOST_PLACES]:
            yield f"{label} value", LeafKind.BYTES, piece
        numbers = [
            float(value) for value in values if isinstance(value, int | float)
        ]
        yield from _samples_of(np.array(numbers), f"{label} column {number}")


# Sound in containers

CONTAINERS = re.compile(
    rb"OggS\x00|fLaC\x00|RIFF....WAVE|RF64....WAVE|FORM....AIF[FC]|\.snd\x00"
    rb"|caff\x00\x01|wvpk|#!AMR|\x1aE\xdf\xa3|....ftyp|ID3[\x02-\x04]",
    re.DOTALL,
)
MPEG_FRAME = re.compile(rb"\A\xff[\xe2-\xff][\x00-\xff]{2}", re.DOTALL)
LONGEST_SOUND = 30 * 60 * PLAYED_RATE
"""Samples decoded of one sound: half an hour."""


def open_sound(content: bytes, budget: _Budget) -> Iterator[Found]:
    """Whatever PyAV decodes, wherever in the bytes it begins."""
    places = list(_mark_places(CONTAINERS, content))
    if MPEG_FRAME.match(content) and _second_frame(content):
        places.insert(0, 0)
    last: Exception | None = None
    for place in places:
        try:
            yield from _decode_sound(content[place:], budget)
            # What follows belongs to the same sound: its pages look like beginnings.
            return
        except TooMuch:
            raise
        except Exception as error:
            last = error
    if last is not None:
        raise last


def _decode_sound(content: bytes, budget: _Budget) -> Iterator[Found]:
    import av

    with av.open(io.BytesIO(content)) as container:
        name = container.format.name
        for stream in container.streams.audio[:4]:
            pieces: list[bytes] = []
            container.seek(0)
            resampler = av.AudioResampler(
                format="s16", layout="mono", rate=PLAYED_RATE
            )
            for frame in container.decode(stream):
                for part in resampler.resample(frame):
                    data = part.to_ndarray().tobytes()
                    budget.spend(len(data))
                    pieces.append(data)
            pieces += [
                part.to_ndarray().tobytes()
                for part in resampler.resample(None)
            ]
            yield (
                f"{name} {stream.codec_context.name}",
                LeafKind.SAMPLES,
                b"".join(pieces),
            )
        yield (
            f"{name} labels",
            LeafKind.TEXT,
            "\n".join(container.metadata.values()).encode("utf-8", "replace"),
        )


MPEG_RATES = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
MPEG_BITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
"""Kilobits a second of layer III, version 1 and 2."""


def _second_frame(content: bytes) -> bool:
    """Whether a frame of MPEG layer III or of ADTS is followed by another, as chance seldom has it."""
    if content[1] & 0xF6 == 0xF0 and len(content) > 6:
        length = (content[3] & 3) << 11 | content[4] << 3 | content[5] >> 5
    else:
        version, layer = content[1] >> 3 & 3, content[1] >> 1 & 3
        bits, rate = content[2] >> 4, content[2] >> 2 & 3
        if (
            version not in MPEG_RATES
            or layer != 1
            or bits in (0, 15)
            or rate == 3
        ):
            return False
        kilobits = MPEG_BITS[0 if version == 3 else 1][bits]
        length = (
            144 if version == 3 else 72
        ) * kilobits * 1_000 // MPEG_RATES[version][rate] + (
            content[2] >> 1 & 1
        )
    return (
        length > 7
        and content[length : length + 1] == b"\xff"
        and content[length + 1 : length + 2] == content[1:2]
    )


def decode_bare_packets(packets: list[bytes], codec: str) -> Unpacked:
    """Bare packets of a codec, one a message, as they are sent without a container."""
    import av

    result, budget = Unpacked(), _Budget()
    try:
        context = av.CodecContext.create(codec, "r")
        resampler = av.AudioResampler(
            format="s16", layout="mono", rate=PLAYED_RATE
        )
        pieces: list[bytes] = []
        for packet in packets:
            for frame in context.decode(av.Packet(packet)):
                pieces += [
                    part.to_ndarray().tobytes()
                    for part in resampler.resample(frame)
                ]
                budget.spend(len(pieces[-1]) if pieces else 0)
        result.leaves.append(
            Leaf((f"packets {codec}",), LeafKind.SAMPLES, b"".join(pieces))
        )
    except Exception as error:  # as above
        result.unread.append(
            f"packets of {codec}: {type(error).__name__}: {error}"[:300]
        )
    return result


# Coded as text

BASE64 = re.compile(
    rb"[A-Za-z0-9+/_-](?:[A-Za-z0-9+/_-]|\\?[\r\n]\s*|\\n){14,}[A-Za-z0-9+/_-]={0,2}"
)
BASE32 = re.compile(rb"(?:[A-Z2-7]{24,}|[a-z2-7]{24,})={0,6}")
HEX = re.compile(rb"(?:[0-9a-fA-F]{2}[ :,-]?(?:\\x|0x)?){16,}")
BASE85 = re.compile(rb"[!-~]{40,}")
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/_=-]")
PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")
ESCAPES = re.compile(rb"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}")
NUMBER = re.compile(rb"-?\d{1,8}(?:\.\d{1,12})?(?:[eE][-+]?\d{1,3})?")
MOST_NUMBERS = 1 << 20
LONG_RUN = 64
"""Characters from which one run is opened by itself; shorter ones are joined."""


def open_base64(content: bytes, budget: _Budget) -> Iterator[Found]:
    runs = [match.group() for match in BASE64.finditer(content)]
    cleaned = [
        re.sub(rb"\\n|[\\\s]", b"", run)
        .translate(bytes.maketrans(b"-_", b"+/"))
        .rstrip(b"=")
        for run in runs
    ]
    decoded = [_from_base64(run) for run in cleaned]
    joined = b"".join(decoded)
    budget.spend(2 * len(joined))
    yield "base64", LeafKind.BYTES, joined
    for run, found in zip(cleaned, decoded, strict=True):
        if len(run) >= LONG_RUN and len(decoded) > 1:
            yield "base64", LeafKind.BYTES, found
    for shift in (1, 2, 3):
        # A letter that happens to stand before a run moves all that follows.
        longest = [run[shift:] for run in cleaned if len(run) >= 4 * LONG_RUN]
        yield (
            "base64",
            LeafKind.BYTES,
            b"".join(_from_base64(run) for run in longest),
        )


def _from_base64(run: bytes) -> bytes:
    whole = run[: len(run) - 1] if len(run) % 4 == 1 else run
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


def open_base32(content: bytes, budget: _Budget) -> Iterator[Found]:
    pieces = []
    for match in BASE32.finditer(content):
        run = match.group().upper().rstrip(b"=")
        run = run[
            : len(run) // 8 * 8
            + {0: 0, 2: 2, 4: 4, 5: 5, 7: 7}.get(len(run) % 8, 0)
        ]
        pieces.append(base64.b32decode(run + b"=" * (-len(run) % 8)))
    found = b"".join(pieces)
    budget.spend(len(found))
    yield "base32", LeafKind.BYTES, found


def open_hexadecimal(content: bytes, budget: _Budget) -> Iterator[Found]:
    pieces = []
    for match in HEX.finditer(content):
        digits = re.sub(
            rb"[^0-9a-fA-F]", b"", match.group().replace(b"0x", b"")
        )
        pieces.append(binascii.unhexlify(digits[: len(digits) // 2 * 2]))
    found = b"".join(pieces)
    budget.spend(len(found))
    yield "hexadecimal", LeafKind.BYTES, found


def open_base85(content: bytes, budget: _Budget) -> Iterator[Found]:
    """Both kinds, by runs without a space that hold more than base64 may."""
    for name, decode in (
        ("base85", base64.b85decode),
        ("ascii85", base64.a85decode),
    ):
        pieces = []
        for match in BASE85.finditer(content):
            run = match.group().strip(b"\"',")
            if not NOT_BASE64.search(run):
                continue
            try:
                pieces.append(decode(run))
            except ValueError:
                continue
        found = b"".join(pieces)
        budget.spend(len(found))
        yield name, LeafKind.BYTES, found


def open_escapes(content: bytes, budget: _Budget) -> Iterator[Found]:
    """Percent signs of addresses, backslashes of JSON and of many languages."""
    if PERCENT.search(content) and _is_text(content):
        found = unquote_to_bytes(content.replace(b"+", b" "))
        budget.spend(len(found))
        yield "percent", LeafKind.BYTES, found
    if ESCAPES.search(content):
        found = ESCAPES.sub(_unescape, content)
        budget.spend(len(found))
        yield "escapes", LeafKind.BYTES, found


def _is_text(content: bytes) -> bool:
    return len(content.translate(None, PRINTABLE_BYTES)) <= len(content) // 20


def _unescape(match: re.Match[bytes]) -> bytes:
    number = int(match.group()[2:], 16)
    return (
        chr(number).encode("utf-8", "surrogatepass")
        if match.group()[1:2] == b"u"
        else bytes([number])
    )


def open_numbers(content: bytes, budget: _Budget) -> Iterator[Found]:
    """All numbers of a text in order, as samples: integers as they are, fractions as parts of full scale."""
    if not _is_text(content):
        return
    found = []
    for match in NUMBER.finditer(content):
        found.append(match.group())
        if len(found) >= MOST_NUMBERS:
            break
    if len(found) < SHORTEST:
        return
    budget.spend(2 * len(found))
    yield from _samples_of(np.array(found).astype(np.float64), "numbers")


def _samples_of(numbers: np.ndarray, name: str) -> Iterator[Found]:
    if len(numbers) < SHORTEST:
        return
    whole = numbers == np.rint(numbers)
    if whole.mean() > 0.5:
        fit = whole & (np.abs(numbers) <= 32_768)
        samples = np.where(fit, np.clip(numbers, -32_768, 32_767), 0)
        if ((numbers >= 0) & (numbers <= 255)).all():
            yield name, LeafKind.BYTES, numbers.astype(np.uint8).tobytes()
    else:
        samples = np.clip(
            np.rint(np.where(np.abs(numbers) <= 1, numbers, 0) * 32_768),
            -32_768,
            32_767,
        )
    yield name, LeafKind.NUMBERS, samples.astype("<i2").tobytes()


def open_wide_text(content: bytes, budget: _Budget) -> Iterator[Found]:
    """UTF-16 of Latin letters: every second byte is zero."""
    for name, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        for shift in (0, 1):
            octets = np.frombuffer(content, np.uint8)[shift:]
            zeros = octets[first::2] == 0
            if len(zeros) >= SHORTEST // 2 and zeros.mean() > 0.2:
                letters = octets[1 - first :: 2][: len(zeros)].copy()
                letters[(~zeros[: len(letters)]) | (letters < 9)] = 32
                budget.spend(len(letters))
                yield name, LeafKind.TEXT, letters.tobytes()


BYTE_OPENERS: tuple[tuple[str, Opener], ...] = (
    ("gzip", open_gzip),
    ("zlib", open_zlib),
    ("deflate", open_deflate),
    ("bzip2", open_bzip2),
    ("xz", open_lzma),
    ("zip", open_zip),
    ("sqlite", open_sqlite),
    ("sound", open_sound),
    ("utf-16", open_wide_text),
    ("base64", open_base64),
    ("base32", open_base32),
    ("hexadecimal", open_hexadecimal),
    ("base85", open_base85),
    ("escapes", open_escapes),
    ("numbers", open_numbers),
)
TEXT_OPENERS = BYTE_OPENERS[9:]
"""Text can hold only what is coded as text."""
