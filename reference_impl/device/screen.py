"""What a person sees of a device, as pixels: the screen with its blue bar and mute symbol, or a speaker's
ring; and the red light of either."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from earwitness.reference_impl.device.camera import Frame

SIZE = (320, 180)
"""Pixels of the picture, across and down."""
BLUE, RED, DARK, BODY = (
    (0, 150, 255),
    (235, 30, 30),
    (16, 18, 22),
    (52, 54, 60),
)
UNLIT_BLUE, UNLIT_RED, UNLIT_RING = (40, 44, 64), (64, 40, 40), (70, 72, 78)
DRAWN = 4
"""Shapes are drawn this many times larger and reduced, which smooths their edges."""
EDGE = 15
"""Pixels of the frame round a screen, and of the width of a ring."""
PICTURE = (EDGE, EDGE, 192, 108)
"""Where a camera's picture is shown: left, top, width, height. No symbol is ever in front of it."""
Region = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""
RED_LIGHT: Region = (301, 11, 8, 8)
RING_REGIONS: dict[str, Region] = {
    "blue": (150, 17, 20, 10),
    "red": RED_LIGHT,
}
SCREEN_REGIONS: dict[str, Region] = {
    "blue": (11, 11, 8, 8),
    "red": RED_LIGHT,
    "blue_bar": (20, 138, 280, 24),
    "mute_symbol": (226, 45, 60, 60),
}
"""What to look at, by what is shown there: each lies within its shape, so its mean colour tells lit from
unlit."""


@dataclass
class Lights:
    """The two lights of every device."""

    blue: bool = False
    red: bool = False


@dataclass
class Screen:
    """The symbols that are shown, and the picture behind them, if any."""

    shown: set[str] = field(default_factory=set)
    picture: Frame | None = None

    def show(self, symbol: str, on: bool) -> None:
        if on:
            self.shown.add(symbol)
        else:
            self.shown.discard(symbol)

    def clear(self) -> None:
        self.shown.clear()
        self.picture = None


def draw_front(lights: Lights, screen: Screen | None) -> Image.Image:
    """The front of a device as an RGB picture of `SIZE`: a screen in its frame, or, where there is none, a
    ring seen from above."""
    width, height = (side * DRAWN for side in SIZE)
    image = Image.new(
        "RGB",
        (width, height),
        BODY,
    )
    pen = ImageDraw.Draw(image)
    if screen is None:
        _draw_ring(pen, lights.blue)
    else:
        _draw_screen(image, pen, screen)
        _draw_light(
            pen,
            left=EDGE,
            colour=BLUE if lights.blue else UNLIT_BLUE,
        )
    _draw_light(
        pen,
        left=SIZE[0] - EDGE,
        colour=RED if lights.red else UNLIT_RED,
    )
    return image.resize(SIZE, Image.Resampling.BOX)


def _draw_ring(pen: ImageDraw.ImageDraw, lit: bool) -> None:
    middle = SIZE[0] * DRAWN / 2, SIZE[1] * DRAWN / 2
    # Nearly as wide as the picture is high.
    radius = SIZE[1] * DRAWN * 0.42
    pen.circle(
        middle,
        radius,
        fill=DARK,
        outline=BLUE if lit else UNLIT_RING,
        width=EDGE * DRAWN,
    )


def _draw_light(
    pen: ImageDraw.ImageDraw, left: int, colour: tuple[int, int, int]
) -> None:
    middle = left * DRAWN, EDGE * DRAWN
    # Within the frame of a screen.
    radius = EDGE * DRAWN * 0.6
    pen.circle(middle, radius, fill=colour)


def _draw_screen(
    image: Image.Image, pen: ImageDraw.ImageDraw, screen: Screen
) -> None:
    edge = EDGE * DRAWN
    width, height = SIZE
    right = width * DRAWN - edge
    bottom = height * DRAWN - edge
    pen.rectangle((edge, edge, right, bottom), fill=DARK)
    if screen.picture is not None:
        _paste_picture(image, screen.picture)
    if "mute_symbol" in screen.shown:
        _draw_mute_symbol(pen)
    if "blue_bar" in screen.shown:
        bar_top = bottom - 2 * edge
        pen.rectangle((edge, bar_top, right, bottom), fill=BLUE)


def _paste_picture(image: Image.Image, picture: Frame) -> None:
    left, top, across, down = (DRAWN * length for length in PICTURE)
    enlarged = Image.fromarray(picture).resize((across, down))
    image.paste(enlarged, (left, top))


def _draw_mute_symbol(pen: ImageDraw.ImageDraw) -> None:
    """A microphone, crossed out, in a red ring."""
    left, top, across, down = (
        DRAWN * length for length in SCREEN_REGIONS["mute_symbol"]
    )
    middle = left + across / 2, top + down / 2
    # A little larger than the region, so that the region lies within it.
    radius = across * 0.72
    wide = int(radius / 7)
    pen.circle(middle, radius, fill=(60, 0, 0), outline=RED, width=wide)
    _draw_microphone(pen, middle, radius)
    slant = radius / 2**0.5
    crossing = _box_around(
        middle, left=slant, top=slant, right=slant, bottom=slant
    )
    pen.line(crossing, fill=RED, width=wide)


def _draw_microphone(
    pen: ImageDraw.ImageDraw, middle: tuple[float, float], radius: float
) -> None:
    """A capsule, its holder and its foot, in proportion to the ring."""
    wide = int(radius / 14)
    side = radius / 5
    capsule = _box_around(
        middle, left=side, top=radius / 1.8, right=side, bottom=radius / 6
    )
    pen.rounded_rectangle(capsule, side, fill="white")
    side = radius / 2.6
    holder = _box_around(
        middle, left=side, top=radius / 3, right=side, bottom=radius / 2.4
    )
    pen.arc(holder, start=0, end=180, fill="white", width=wide)
    foot = _box_around(
        middle, left=0, top=-radius / 2.4, right=0, bottom=radius / 1.5
    )
    pen.line(foot, fill="white", width=wide)


def _box_around(
    middle: tuple[float, float],
    left: float,
    top: float,
    right: float,
    bottom: float,
) -> tuple[float, float, float, float]:
    """The corners of a box that reaches so far from the middle."""
    x, y = middle
    return x - left, y - top, x + right, y + bottom


def reduce_picture(image: Image.Image, columns: int) -> Frame:
    """The picture reduced to so many columns, and to an even number of rows."""
    half_rows = round(columns * SIZE[1] / SIZE[0] / 2)
    size = columns, max(2, 2 * half_rows)
    reduced = image.resize(size, Image.Resampling.BOX)
    return np.asarray(reduced)
