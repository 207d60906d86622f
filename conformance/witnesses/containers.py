"""Compressed data, archives and databases, opened wherever they begin inside bytes."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np

from earwitness.conformance.witnesses.unpacking import (
    MOST_LEAVES,
    MOST_PLACES,
    SHORTEST_CODED,
    ByteBudget,
    Found,
    LeafKind,
    mark_places,
)
from earwitness.conformance.witnesses.written_bytes import pack_numbers


def _inflate_stream(content: bytes, wbits: int, budget: ByteBudget) -> bytes:
    """What a deflated stream holds, as far as it goes."""
    found, _ = _inflate_to_end(content, wbits, budget)
    return found


def _inflate_to_end(
    content: bytes, wbits: int, budget: ByteBudget
) -> tuple[bytes, bool]:
    """The same, and whether it came to its end, where its checksum is compared."""
    decompressor = zlib.decompressobj(wbits)
    found = decompressor.decompress(content, budget.left + 1)
    budget.spend(len(found))
    return found, decompressor.eof


GZIP = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
ZLIB = re.compile(rb"[\x08\x18\x28\x38\x48\x58\x68\x78][\x00-\xff]")
BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
XZ = re.compile(rb"\xfd7zXZ\x00")
ZIP = re.compile(rb"PK\x03\x04")
LZMA_ALONE = re.compile(
    rb"\A[\x5d\x6d]\x00\x00[\x00-\xff]{2}[\x00-\xff]{8}", re.DOTALL
)


def open_gzip(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    for place in mark_places(GZIP, content):
        try:
            yield (
                "gzip",
                LeafKind.BYTES,
                # 31 asks zlib for a window of 15 bits and gzip's head (15 + 16).
                _inflate_stream(content[place:], 31, budget),
            )
        except zlib.error:
            if place == 0:
                raise


def open_zlib(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    """At any place where a header's checksum is right; a stream of 64 bytes and more is no chance, nor is a
    shorter one that ends with its checksum."""
    tried = 0
    for match in ZLIB.finditer(content):
        head = content[match.start()] << 8 | content[match.start() + 1]
        # RFC 1950: the first two bytes are a multiple of 31; bit 5 asks for a dictionary, which nobody has.
        if head % 31 or head & 0x20:
            continue
        tried += 1
        if tried > 8 * MOST_PLACES:
            return
        try:
            # 15 bits: the largest window there is.
            found, is_whole = _inflate_to_end(
                content[match.start() :], 15, budget
            )
        except zlib.error:
            continue
        if len(found) >= 64 or (is_whole and len(found) >= SHORTEST_CODED):
            yield "zlib", LeafKind.BYTES, found


def open_deflate(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    """A bare deflated stream, which has no head: believed where it goes to the very end of the bytes."""
    # -15 asks zlib for a bare stream with the largest window.
    decompressor = zlib.decompressobj(-15)
    try:
        found = decompressor.decompress(content, budget.left + 1)
    except zlib.error:
        return
    if len(found) >= 64 and decompressor.eof and not decompressor.unused_data:
        budget.spend(len(found))
        yield "deflate", LeafKind.BYTES, found


def _decompress_within(
    decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor,
    content: bytes,
    budget: ByteBudget,
) -> bytes:
    found = decompressor.decompress(content, max_length=budget.left + 1)
    budget.spend(len(found))
    return found


def open_bzip2(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    for place in mark_places(BZIP2, content):
        yield (
            "bzip2",
            LeafKind.BYTES,
            _decompress_within(
                bz2.BZ2Decompressor(), content[place:], budget
            ),
        )


def open_lzma(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    limit = 128 << 20
    for place in mark_places(XZ, content):
        decompressor = lzma.LZMADecompressor(memlimit=limit)
        yield (
            "xz",
            LeafKind.BYTES,
            _decompress_within(decompressor, content[place:], budget),
        )
    if LZMA_ALONE.match(content):
        decompressor = lzma.LZMADecompressor(
            lzma.FORMAT_ALONE, memlimit=limit
        )
        yield (
            "lzma",
            LeafKind.BYTES,
            _decompress_within(decompressor, content, budget),
        )


def open_zip(content: bytes, budget: ByteBudget) -> Iterator[Found]:
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


SQLITE = b"SQLite format 3\0"


def open_sqlite(content: bytes, budget: ByteBudget) -> Iterator[Found]:
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
    database: sqlite3.Connection, name: str, budget: ByteBudget
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
        yield from pack_numbers(np.array(numbers), f"{label} column {number}")
