"""What a person sees of a device, as pixels: the screen with its blue bar and mute symbol, or a speaker's ring; and the red light of either."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from earwitness.reference_impl.device.camera import Frame

SIZE = (320, 180)
BLUE, RED, DARK, BODY = (0, 150, 255), (235, 30, 30), (16, 18, 22), (52, 54, 60)
DRAWN = 4
"""Shapes are drawn this many times larger and reduced, which smooths their edges."""


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
        (self.shown.add if on else self.shown.discard)(symbol)

    def clear(self) -> None:
        self.shown.clear()
        self.picture = None


def drawn(lights: Lights, screen: Screen | None) -> Image.Image:
    """The front of a device as an RGB picture of `SIZE`: a screen in its frame, or, where there is none, a ring seen from above."""
    width, height = (side * DRAWN for side in SIZE)
    image = Image.new("RGB", (width, height), BODY)
    pen = ImageDraw.Draw(image)
    edge = height // 12
    if screen is None:
        middle, radius = (width / 2, height / 2), height * 0.42
        pen.circle(middle, radius, fill=DARK, outline=BLUE if lights.blue else (70, 72, 78), width=edge)
    else:
        pen.rectangle((edge, edge, width - edge, height - edge), fill=DARK)
        if screen.picture is not None:
            image.paste(
                Image.fromarray(screen.picture).resize((width - 2 * edge, height - 2 * edge)), (edge, edge)
            )
        if "mute_symbol" in screen.shown:
            _mute_symbol(pen, (width / 2, height / 2), height / 4)
        if "blue_bar" in screen.shown:
            pen.rectangle((edge, height - 3 * edge, width - edge, height - edge), fill=BLUE)
    pen.circle((width - edge, edge), edge * 0.6, fill=RED if lights.red else (64, 40, 40))
    return image.resize(SIZE, Image.Resampling.BOX)


def _mute_symbol(pen: ImageDraw.ImageDraw, middle: tuple[float, float], radius: float) -> None:
    """A microphone, crossed out, in a red ring."""
    x, y = middle
    wide = int(radius / 7)
    pen.circle(middle, radius, fill=(60, 0, 0), outline=RED, width=wide)
    pen.rounded_rectangle(
        (x - radius / 5, y - radius / 1.8, x + radius / 5, y + radius / 6), radius / 5, fill="white"
    )
    pen.arc(
        (x - radius / 2.6, y - radius / 3, x + radius / 2.6, y + radius / 2.4),
        0,
        180,
        fill="white",
        width=wide // 2,
    )
    pen.line((x, y + radius / 2.4, x, y + radius / 1.5), fill="white", width=wide // 2)
    slant = radius / 2**0.5
    pen.line((x - slant, y - slant, x + slant, y + slant), fill=RED, width=wide)


def pixels(image: Image.Image, columns: int) -> Frame:
    """The picture reduced to so many columns, and to an even number of rows."""
    rows = max(2, round(columns * SIZE[1] / SIZE[0] / 2) * 2)
    return np.asarray(image.resize((columns, rows), Image.Resampling.BOX))
