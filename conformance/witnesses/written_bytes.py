"""Bytes that are written as text: base64 and its kin, escapes, numbers, wide characters."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

import numpy as np

from earwitness.conformance.witnesses.layouts import PRINTABLE_BYTES
from earwitness.conformance.witnesses.unpacking import (
    SHORTEST_CODED,
    ByteBudget,
    Found,
    LeafKind,
)

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
"""Numbers that are read in one text: over a minute of sound. Chosen."""
LONG_RUN = 64
"""Characters from which one run is opened by itself; shorter ones are joined."""


def open_base64(content: bytes, budget: ByteBudget) -> Iterator[Found]:
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


def open_base32(content: bytes, budget: ByteBudget) -> Iterator[Found]:
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


def open_hexadecimal(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    pieces = []
    for match in HEX.finditer(content):
        digits = re.sub(
            rb"[^0-9a-fA-F]", b"", match.group().replace(b"0x", b"")
        )
        pieces.append(binascii.unhexlify(digits[: len(digits) // 2 * 2]))
    found = b"".join(pieces)
    budget.spend(len(found))
    yield "hexadecimal", LeafKind.BYTES, found


def open_base85(content: bytes, budget: ByteBudget) -> Iterator[Found]:
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


def open_escapes(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    """Percent signs of addresses, backslashes of JSON and of many languages."""
    if PERCENT.search(content) and _is_text(content):
        found = unquote_to_bytes(content.replace(b"+", b" "))
        budget.spend(len(found))
        yield "percent", LeafKind.BYTES, found
    if ESCAPES.search(content):
        found = ESCAPES.sub(_unescape_match, content)
        budget.spend(len(found))
        yield "escapes", LeafKind.BYTES, found


def _is_text(content: bytes) -> bool:
    # One byte of twenty may be another: the share of `PRINTABLE`.
    return len(content.translate(None, PRINTABLE_BYTES)) <= len(content) // 20


def _unescape_match(match: re.Match[bytes]) -> bytes:
    number = int(match.group()[2:], 16)
    return (
        chr(number).encode("utf-8", "surrogatepass")
        if match.group()[1:2] == b"u"
        else bytes([number])
    )


def open_numbers(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    """All numbers of a text in order, as samples: integers as they are, fractions as parts of full scale."""
    if not _is_text(content):
        return
    found = []
    for match in NUMBER.finditer(content):
        found.append(match.group())
        if len(found) >= MOST_NUMBERS:
            break
    if len(found) < SHORTEST_CODED:
        return
    budget.spend(2 * len(found))
    yield from pack_numbers(np.array(found).astype(np.float64), "numbers")


def pack_numbers(numbers: np.ndarray, name: str) -> Iterator[Found]:
    if len(numbers) < SHORTEST_CODED:
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


def open_wide_text(content: bytes, budget: ByteBudget) -> Iterator[Found]:
    """UTF-16 of Latin letters: every second byte is zero."""
    for name, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        for shift in (0, 1):
            letters = _letters_beside_zeros(content[shift:], first)
            if letters:
                budget.spend(len(letters))
                yield name, LeafKind.TEXT, letters


def _letters_beside_zeros(content: bytes, first: int) -> bytes:
    """The letters, with blanks for other characters; empty where too few bytes from `first` on are zero."""
    octets = np.frombuffer(content, np.uint8)
    zeros = octets[first::2] == 0
    # Chosen: every second byte of Latin text in UTF-16 is 0, so a fifth leaves room for other scripts.
    if len(zeros) < SHORTEST_CODED // 2 or zeros.mean() <= 0.2:
        return b""
    others = octets[1 - first :: 2]
    letters = others[: len(zeros)].copy()
    # 9 is the tabulator: what is smaller is no text.
    is_letter = letters >= 9
    is_letter &= zeros[: len(letters)]
    letters[~is_letter] = 32
    return letters.tobytes()
