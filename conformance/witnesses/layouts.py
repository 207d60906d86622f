"""How samples may lie in bytes: widths, orders, channels, companding. Every layout is tried at every
offset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from earwitness.conformance.witnesses.anchors import ANCHOR

Signal = NDArray[np.float32]
"""Samples between -1 and 1."""

STRIDES = (2, 4, 3, 8, 6)
"""Bytes from one sample's upper half to the next: 16 bits; 16 bits stereo or 32 bits; 24 bits; 32 bits
stereo, 64 or four channels; 24 bits stereo. The likeliest first."""
LOUDEST = 0.35
"""Of full scale, root mean square: speech at its loudest stays below 0.3, while bytes read in the wrong
layout are spread evenly (0.58)."""
LOUDEST_COMPANDED = 0.2
"""The same for mu-law and A-law, in which evenly spread bytes come to 0.3."""
FAINTEST = 1e-5
"""A third of the least 16-bit step: below that there is no sound."""
ABOUT_AS_QUIET = 1.3
"""Ratio of levels within which two layouts are as likely as each other."""
PRINTABLE = 0.95
"""Share of printable characters from which bytes are text, and no samples."""
PRINTABLE_BYTES = bytes([*range(9, 14), *range(32, 127)])
"""Characters of ASCII that are seen, and its white space (9 to 13)."""
SAMPLES_EXPONENTS = np.zeros(256, np.bool_)
"""Exponents of 32-bit numbers that may be samples: 0, and half a 16-bit step (2^-16) to HIGHEST_FLOAT."""
SAMPLES_EXPONENTS[[0, *range(127 - 17, 127 + 4)]] = True
SHORTEST_WITH_DISORDER = 1 << 16
"""Bytes of the shortest content of which disorderly parts are left out: all else is searched soon enough."""
WINDOW = 1_024
"""Bytes whose values are counted together."""
MOST_BY_CHANCE = 370.0
"""Chi-square of the counts in a disorderly window: 255 on average, with a deviation of 23."""
MARGIN = 256
"""Bytes beside an orderly window that are searched with it."""
HIGHEST_FLOAT, LOWEST_FLOAT = 8.0, 1e-9
"""Floating-point samples lie between these; other bytes read as floats seldom do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to read bytes as samples: the kind of number, bytes from one to the next, and where the first
    begins."""

    name: str
    stride: int
    phase: int

    def decoded(self, content: bytes) -> Signal:
        """The samples in bytes, in this layout."""
        return DECODERS[self.name](
            np.frombuffer(content, np.uint8)[self.phase :], self.stride
        )


def upper_halves(content: bytes, big: bool) -> NDArray[np.int16]:
    """At each byte, the 16-bit number that begins there."""
    octets = np.frombuffer(content, np.uint8)
    if len(octets) < 2:
        return np.zeros(0, np.int16)
    low, high = (
        (octets[1:], octets[:-1]) if big else (octets[:-1], octets[1:])
    )
    return cast(
        NDArray[np.int16],
        ((high.astype(np.uint16) << 8) | low).view(np.int16),
    )


def floats_at(content: bytes, phase: int, big: bool) -> NDArray[np.int16]:
    """Floating-point numbers of 32 bits as 16-bit samples; what is no sample becomes 0."""
    whole = (len(content) - phase) // 4 * 4
    with np.errstate(invalid="ignore"):
        numbers = np.frombuffer(
            content, ">f4" if big else "<f4", whole // 4, phase
        ).astype(np.float64)
    fit = np.isfinite(numbers) & (np.abs(numbers) <= HIGHEST_FLOAT)
    scaled = np.rint(np.where(fit, numbers, 0.0) * 32_768)
    samples: NDArray[np.int16] = np.clip(scaled, -32_768, 32_767).astype(
        np.int16
    )
    return samples


def phases_of_floats(content: bytes, big: bool) -> list[int]:
    """The phases of 32-bit floating-point numbers at which there are as many samples in a row as an anchor
    has. A number from a sample is 0 or has an exponent that fits; bytes at random have so eight times in a
    row once in 10^8 places."""
    octets = np.frombuffer(content, np.uint8)
    if len(octets) < 4 * ANCHOR:
        return []
    upper, lower = (
        (octets[:-3], octets[1:-2]) if big else (octets[3:], octets[2:-1])
    )
    exponents = (upper << 1) | (lower >> 7)
    fit = SAMPLES_EXPONENTS[exponents]
    length = 1
    while length < ANCHOR:
        fit = fit[: -4 * length] & fit[4 * length :]
        length *= 2
    return sorted(set((np.nonzero(fit)[0] % 4).tolist()))


def _measure_order(rows: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How far the values of each row are from being equally frequent: the sum of chi-square."""
    numbered = rows + 256 * np.arange(len(rows))[:, None]
    counts = np.bincount(numbered.ravel(), minlength=256 * len(rows))
    usual = WINDOW / 256
    excess = counts.reshape(-1, 256) - usual
    order: NDArray[np.float64] = (excess**2).sum(axis=1) / usual
    return order


def orderly_ranges(content: bytes) -> list[tuple[int, int]]:
    """The parts of long content that may hold samples as they are; of short content all. In enciphered or
    compressed bytes every value is as frequent as every other, while samples of speech prefer some: 250 of
    them, 16 ms, are told wherever they lie."""
    if len(content) < SHORTEST_WITH_DISORDER:
        return [(0, len(content))]
    ranges: list[tuple[int, int]] = []
    for row in _orderly_windows(content):
        # What reaches into a window begins or ends in the next one.
        begins = max(0, row * WINDOW - MARGIN)
        ends = min(len(content), (row + 1) * WINDOW + MARGIN)
        if ranges and begins <= ranges[-1][1]:
            begins = ranges.pop()[0]
        if begins < ends:
            ranges.append((begins, ends))
    return ranges


def _orderly_windows(content: bytes) -> list[int]:
    """The windows that prefer some values, and the rest at the end, which is too short to tell."""
    count = len(content) // WINDOW
    octets = np.frombuffer(content, np.uint8, count * WINDOW)
    order = _measure_order(octets.reshape(count, WINDOW))
    orderly: list[int] = np.nonzero(order > MOST_BY_CHANCE)[0].tolist()
    return [*orderly, count]


def plausible_layouts(content: bytes) -> list[Layout]:
    """The layouts in which bytes may be sound, the likeliest first: at most three, as each costs a search."""
    if is_printable(content):
        return []
    sample = content[: 1 << 16]
    levels = [
        (level, layout)
        for layout in LAYOUTS
        if (level := _loudness_in(layout, sample)) is not None
    ]
    quietest = min((level for level, _ in levels), default=0.0)
    # Every second sample of a sound is as quiet as the whole of it; then the whole is meant.
    near = [
        layout
        for level, layout in levels
        if level <= quietest * ABOUT_AS_QUIET
    ]
    far = [
        layout
        for level, layout in sorted(levels, key=_level_of)
        if level > quietest * ABOUT_AS_QUIET
    ]
    near.sort(
        key=lambda layout: (
            layout.stride,
            layout.name.endswith("be"),
            layout.phase,
        )
    )
    return [*near[:2], *far, *near[2:]][:3]


def is_printable(content: bytes) -> bool:
    """Whether nearly all bytes are characters of plain text."""
    if not content:
        return True
    octets = np.frombuffer(content[: 1 << 16], np.uint8)
    # 9 to 13 are white space.
    printable = ((octets >= 32) & (octets < 127)) | (
        (octets >= 9) & (octets <= 13)
    )
    return float(printable.mean()) >= PRINTABLE


def is_plain_text(content: bytes) -> bool:
    """Whether so few bytes are other than printable that samples (of which 23 are needed, with one upper
    byte each) cannot be among them as they are."""
    return len(content.translate(None, PRINTABLE_BYTES)) < 8


def _level_of(pair: tuple[float, Layout]) -> float:
    return pair[0]


def _loudness_in(layout: Layout, content: bytes) -> float | None:
    """Root mean square in a layout, where it is that of a sound."""
    signal = layout.decoded(content)
    if len(signal) < 256:
        return None
    if layout.name.startswith("f32") and not _sensible_floats(signal):
        return None
    level = float(np.sqrt(np.var(signal.astype(np.float64))))
    limit = (
        LOUDEST_COMPANDED if layout.name in ("mu-law", "a-law") else LOUDEST
    )
    return (
        level
        if FAINTEST <= level <= limit and _varies_enough(signal)
        else None
    )


def _varies_enough(signal: Signal) -> bool:
    """Whether most samples differ from the one before; counters, tables and padding seldom do, or always
    by the same."""
    steps = np.diff(signal[:8_192])
    # A fifth of the steps and 16 sizes of them: chosen, far below any speech.
    return float((steps != 0).mean()) > 0.2 and len(np.unique(steps)) > 16


def _sensible_floats(signal: Signal) -> bool:
    size = np.abs(signal)
    sensible = (size == 0) | ((size > LOWEST_FLOAT) & (size <= HIGHEST_FLOAT))
    # Chosen: one number of a hundred may be another, as at the edges of a message.
    return bool(np.isfinite(signal).all()) and float(sensible.mean()) > 0.99


def _decode_integers(
    octets: NDArray[np.uint8], stride: int, big: bool
) -> Signal:
    """16-bit numbers, or the upper halves of wider ones."""
    count = len(octets) // stride
    rows = octets[: count * stride].reshape(count, stride)
    first, second = rows[:, 0], rows[:, 1]
    low, high = (second, first) if big else (first, second)
    signed = high.astype(np.int8).astype(np.int16)
    numbers = (signed << 8) | low
    return numbers.astype(np.float32) / np.float32(32_768)


def _decode_floats(
    octets: NDArray[np.uint8], stride: int, big: bool
) -> Signal:
    count = len(octets) // stride
    rows = np.ascontiguousarray(
        octets[: count * stride].reshape(count, stride)[:, :4]
    )
    with np.errstate(invalid="ignore"):
        return (
            rows.view(">f4" if big else "<f4").reshape(-1).astype(np.float32)
        )


def _decode_octets(
    octets: NDArray[np.uint8] | NDArray[np.int8], silence: int
) -> Signal:
    return ((octets.astype(np.float32) - silence) / np.float32(128)).astype(
        np.float32
    )


@cache
def mu_law_table() -> Signal:
    """The 256 values of mu-law (ITU-T G.711)."""
    codes = ~np.arange(256, dtype=np.uint8)
    exponents, mantissas = (codes >> 4) & 7, codes & 15
    # 0x84 is the bias of mu-law, 33 of 14 bits.
    sizes = (
        (mantissas.astype(np.int32) << 3) + 0x84 << exponents.astype(np.int32)
    ) - 0x84
    return (np.where(codes & 0x80, -sizes, sizes) / 32_768).astype(np.float32)


@cache
def a_law_table() -> Signal:
    """The 256 values of A-law (ITU-T G.711)."""
    # 0x55: the standard turns every other bit.
    codes = np.arange(256, dtype=np.uint8) ^ 0x55
    exponents, mantissas = (
        ((codes >> 4) & 7).astype(np.int32),
        (codes & 15).astype(np.int32),
    )
    small = (mantissas << 4) + 8
    sizes = np.where(
        exponents == 0, small, (small + 0x100) << np.maximum(exponents - 1, 0)
    )
    return (np.where(codes & 0x80, sizes, -sizes) / 32_768).astype(np.float32)


DECODERS: Mapping[str, Callable[[NDArray[np.uint8], int], Signal]] = {
    "s16le": lambda octets, stride: _decode_integers(octets, stride, False),
    "s16be": lambda octets, stride: _decode_integers(octets, stride, True),
    "f32le": lambda octets, stride: _decode_floats(octets, stride, False),
    "f32be": lambda octets, stride: _decode_floats(octets, stride, True),
    "u8": lambda octets, stride: _decode_octets(octets[::stride], 128),
    "s8": lambda octets, stride: _decode_octets(
        octets[::stride].view(np.int8), 0
    ),
    "mu-law": lambda octets, stride: mu_law_table()[octets[::stride]],
    "a-law": lambda octets, stride: a_law_table()[octets[::stride]],
}
"""From bytes and a stride to samples, by name."""


def _all_layouts() -> Iterator[Layout]:
    for name in ("s16le", "s16be"):
        for stride in STRIDES:
            yield from (
                Layout(name, stride, phase) for phase in range(stride)
            )
    for name in ("f32le", "f32be"):
        for stride in (4, 8):
            yield from (
                Layout(name, stride, phase) for phase in range(stride)
            )
    for name in ("u8", "s8", "mu-law", "a-law"):
        for stride in (1, 2):
            yield from (
                Layout(name, stride, phase) for phase in range(stride)
            )


LAYOUTS = tuple(_all_layouts())
