"""Lights and symbols as the harness sees them: regions of the picture that the device shows.

A region is lit where its mean colour is far from what it was while the device had no power. What is
neither near nor far, or of another colour than the light's name says, is not known."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Region = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""
Colour = NDArray[np.float64]
Pixels = NDArray[np.uint8]

HEADER = re.compile(
    rb"P6(?:\s+#[^\n]*\n)*\s+(\d{1,5})(?:\s|#[^\n]*\n)+(\d{1,5})(?:\s|#[^\n]*\n)+(\d{1,5})\s"
)
"""Of a binary portable pixmap, with comments where they are allowed."""
LARGEST_PICTURE = 64 << 20
"""Bytes: sixteen times a television's picture."""
FAR, NEAR = 60.0, 30.0
"""Of 255, the change of one colour from which a region is lit, and up to which it is not. A lit symbol of
thin lines changes the mean of its region by about 100, lights by 170; noise and smoothing by less than 10."""
NO_LIGHT = np.zeros(3)
"""Red, green and blue."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Which regions are lit: yes, no, or None where that is not known. `reason` says why, where nothing
    could be read."""

    lit: Mapping[str, bool | None]
    reason: str = ""


class Display:
    """Looks at the picture of one device."""

    def __init__(self, path: Path, regions: Mapping[str, Region]) -> None:
        self.path, self.regions = path, dict(regions)
        self._unlit: dict[str, Colour] = {}

    def calibrate(self) -> Sight:
        """Take the picture as it is now, while the device has no power, for unlit. Without a picture,
        black is unlit."""
        pixels, reason = self._read_picture()
        if pixels is not None:
            self._unlit = {
                name: mean_colour(pixels, region)
                for name, region in self.regions.items()
            }
        return Sight(dict.fromkeys(self.regions, False), reason)

    def look(self) -> Sight:
        """What is lit now."""
        pixels, reason = self._read_picture()
        if pixels is None:
            return Sight(dict.fromkeys(self.regions), reason)
        lit = {
            name: is_lit(
                name,
                mean_colour(pixels, region),
                self._unlit.get(name, NO_LIGHT),
            )
            for name, region in self.regions.items()
        }
        return Sight(lit)

    def _read_picture(self) -> tuple[Pixels | None, str]:
        """The picture, or why there is none."""
        try:
            content = _read_content(self.path)
        except OSError as error:
            return None, f"the display's file cannot be read: {error}"
        try:
            pixels = pixels_from(content)
        except ValueError as error:
            return None, f"the display's file is no picture: {error}"
        height, width = pixels.shape[:2]
        outside = [
            n
            for n, (x, y, w, h) in self.regions.items()
            if x + w > width or y + h > height or not w * h
        ]
        if outside:
            return (
                None,
                f"the picture of {width} by {height} has no region {', '.join(sorted(outside))}",
            )
        return pixels, ""


def _read_content(path: Path) -> bytes:
    descriptor = os.open(
        path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    )
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no regular file")
        return file.read(LARGEST_PICTURE + 1)


def pixels_from(content: bytes) -> Pixels:
    """The pixels of a binary PPM with 8 bits a colour, as rows of columns of red, green, blue. Raises
    ValueError."""
    header = HEADER.match(content)
    if header is None:
        raise ValueError("it does not begin as a binary PPM (P6) does")
    width, height, depth = (int(number) for number in header.groups())
    if depth != 255:
        raise ValueError(f"its colours go up to {depth}, not 255")
    # Three colours a pixel.
    size = width * height * 3
    if not size or size > LARGEST_PICTURE:
        raise ValueError(f"it is {width} by {height} pixels")
    body = content[header.end() :]
    if len(body) < size:
        raise ValueError(f"it has {len(body)} of {size} bytes")
    # Three colours a pixel.
    return np.frombuffer(body, np.uint8, size).reshape(height, width, 3)


def mean_colour(pixels: Pixels, region: Region) -> Colour:
    left, top, width, height = region
    colour: Colour = (
        pixels[top : top + height, left : left + width]
        # Three colours a pixel.
        .reshape(-1, 3)
        .mean(axis=0)
    )
    return colour


def is_lit(name: str, colour: Colour, unlit: Colour) -> bool | None:
    """Whether a region of that colour is lit. A name that begins with `red` or `blue` must have changed
    towards that colour."""
    change = colour - unlit
    if np.abs(change).max() <= NEAR:
        return False
    if np.abs(change).max() < FAR:
        return None
    red, _, blue = change
    if name.startswith("blue"):
        return True if blue - red >= NEAR else None
    if name.startswith("red"):
        return True if red - blue >= NEAR else None
    return True
