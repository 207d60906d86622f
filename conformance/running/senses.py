"""The harness's own senses at a target's devices: it fills their microphones, hears their loudspeakers and
looks at their fronts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from msgspec import UNSET

from earwitness.conformance.running.moment import Frame, Indicator
from earwitness.conformance.targets.protocol import (
    AttachRequest,
    DeviceProfile,
)
from earwitness.conformance.witnesses.pixels import pixels_from

REGIONS: Mapping[str, Indicator] = {
    "blue": ("light", "blue"),
    "red": ("light", "red"),
    "blue_bar": ("screen", "blue_bar"),
    "mute_symbol": ("screen", "mute_symbol"),
}
"""What the regions of a display show."""
LIT = 24
"""Difference of red and blue, of 255, from which a region is lit: an unlit one differs from itself by noise
alone, a lit one by 70 or more."""
LARGEST_PICTURE = 16 << 20
"""Bytes of a picture of the front; a larger one is no picture."""


class Senses:
    """Of one device. The target can read in `folder`, and write in `folder/out`; `name` tells its devices
    apart and says nothing."""

    def __init__(
        self, profile: DeviceProfile, folder: Path, name: str
    ) -> None:
        self.profile = profile
        self._pipe_path = folder / f"m{name}"
        self._played_path = folder / "out" / f"l{name}"
        self._shown_path = folder / "out" / f"d{name}"
        self._pipe = -1
        self._heard = 0
        self._picture: tuple[int, int] | None = None
        self._unlit: dict[Indicator, float] = {}
        self.shown: dict[Indicator, bool] | None = None
        if self.feeds:
            os.mkfifo(self._pipe_path)
            # The target may run as somebody else.
            self._pipe_path.chmod(0o666)
            # Both ends, so that writing never waits for the device and what it left can be taken out again.
            self._pipe = os.open(self._pipe_path, os.O_RDWR | os.O_NONBLOCK)

    @property
    def feeds(self) -> bool:
        """Whether the device hears what the harness writes, and nothing else."""
        return "microphone" in self.profile.capabilities

    @property
    def hears(self) -> bool:
        """Whether the harness hears what the device plays."""
        return "loudspeaker" in self.profile.capabilities

    @property
    def sees(self) -> bool:
        """Whether the harness sees what the device shows."""
        return "display" in self.profile.capabilities and bool(
            self.profile.display
        )

    def attachment(self, device: str) -> AttachRequest | None:
        """The request that gives the device its microphone, loudspeaker and display; None for a device
        without."""
        if not (self.feeds or self.hears or self.sees):
            return None
        if self.hears:
            self._played_path.touch()
            self._played_path.chmod(0o666)
        return AttachRequest(
            device=device,
            microphone=str(self._pipe_path) if self.feeds else UNSET,
            loudspeaker=str(self._played_path) if self.hears else UNSET,
            display=str(self._shown_path) if self.sees else UNSET,
        )

    def feed(self, sound: bytes) -> None:
        """Put sound before the microphones."""
        os.write(self._pipe, sound)

    def take_back(self, fed: int) -> Frame:
        """What the microphones left is taken out: the rest they took."""
        left = 0
        with suppress(BlockingIOError):
            while piece := os.read(self._pipe, 1 << 16):
                left += len(piece)
        return Frame(fed, max(0, fed - left))

    def sounding(self) -> bool:
        """Whether anything but silence was played since the last look."""
        with suppress(OSError), self._played_path.open("rb") as played:
            played.seek(self._heard)
            fresh = played.read()
            self._heard += len(fresh)
            return any(fresh)
        return False

    def look(self) -> dict[Indicator, bool] | None:
        """What the front shows now; None where there is no picture. The first picture, of a device without
        power, shows what unlit is."""
        try:
            state = self._shown_path.stat()
            if (
                state.st_ino,
                state.st_mtime_ns,
            ) != self._picture and state.st_size <= LARGEST_PICTURE:
                self._picture = state.st_ino, state.st_mtime_ns
                self.shown = self._lit_indicators(
                    pixels_from(self._shown_path.read_bytes())
                )
        except (OSError, ValueError):
            self.shown = None
        return self.shown

    def _lit_indicators(self, picture: np.ndarray) -> dict[Indicator, bool]:
        warmth = {
            REGIONS[name]: _measure_warmth(picture, region)
            for name, region in self.profile.display.items()
            if name in REGIONS
        }
        if not self._unlit:
            self._unlit = warmth
        return {
            name: abs(value - self._unlit[name]) > LIT
            for name, value in warmth.items()
        }

    def close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


def _measure_warmth(
    picture: np.ndarray, region: tuple[int, int, int, int]
) -> float:
    """How much redder than blue a region is on average: lights are told apart from pictures behind them by
    their colour."""
    x, y, width, height = region
    part = picture[y : y + height, x : x + width].astype(np.float64)
    return (
        float(part[..., 0].mean() - part[..., 2].mean()) if part.size else 0.0
    )
