"""The camera behind the microphones' power rail and a shutter. It sees a picture or a film from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from earwitness.reference_impl.device.microphone import Rail

WIDTH, HEIGHT = 160, 90
"""Pixels of a frame, three bytes each (red, green, blue)."""
Frame = NDArray[np.uint8]


class FilmError(ValueError):
    """A file that holds no picture that can be decoded."""


def test_card() -> Iterator[Frame]:
    """Colour bars, for ever: what a camera sees without a file."""
    bars = np.array(
        # 191 of 255 is three quarters, as in the usual colour bars; eight bars are the corners of the cube.
        [[int(bit) * 191 for bit in f"{7 - n:03b}"] for n in range(8)],
        np.uint8,
    )
    while True:
        yield np.tile(
            np.repeat(
                bars,
                WIDTH // 8,
                axis=0,
            ),
            (HEIGHT, 1, 1),
        )


def play_film(path: Path) -> Iterator[Frame]:
    """The frames of a picture or a film, over and over. Raises FilmError, at once, for a file that holds
    none."""
    first = next(_decode_film(path), None)
    if first is None:
        raise FilmError(
            f"{path} holds no picture; give a PNG, a JPEG or a film"
        )

    def frames() -> Iterator[Frame]:
        while True:
            yield from _decode_film(path)

    return frames()


def _decode_film(path: Path) -> Iterator[Frame]:
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.reformat(WIDTH, HEIGHT, "rgb24").to_ndarray()
    except (OSError, IndexError, ValueError) as error:
        raise FilmError(
            f"{path} cannot be decoded ({error}); give a PNG, a JPEG or a film"
        ) from None


class Camera:
    """Yields frames while its rail is fed and the shutter is open. Without power it does not look at its
    source at all."""

    def __init__(self, rail: Rail) -> None:
        self.rail = rail
        self.shutter_closed = False
        self.frames: Iterator[Frame] = test_card()

    def read(self) -> Frame | None:
        if self.shutter_closed or not self.rail.fed:
            return None
        return next(self.frames, None)
