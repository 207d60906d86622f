"""A device's microphones, loudspeaker and front as the harness can feed, hear and see them: a pipe, a file
of samples and a picture.

`attach` of the driver protocol names the three; any may be left out."""

from __future__ import annotations

import os
import select
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from earwitness.reference_impl.device.camera import HEIGHT, WIDTH
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.screen import Lights, Screen, draw_front
from earwitness.reference_impl.sound import Samples

PATIENCE = 5.0
"""Seconds of real time that sound which was announced may take to be in the pipe."""
SAMPLE = 2
"""Bytes of one sample."""


class PipeEmpty(ValueError):
    """Less sound is in the microphones' pipe than was said to be."""


class MicrophonePipe:
    """Sound by a named pipe. Nobody reads it but the microphones, and they only while they have power."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where there is no such pipe."""
        # Without O_NONBLOCK this would wait until the harness opens the other end.
        self._pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self, samples: int) -> Samples:
        """The next samples. Raises PipeEmpty where they do not come."""
        content = bytearray()
        while len(content) < SAMPLE * samples:
            content += self._read_what_is_there(
                SAMPLE * samples - len(content)
            )
        return np.frombuffer(bytes(content), "<i2").astype(np.int16)

    def _read_what_is_there(self, most: int) -> bytes:
        readable, _, _ = select.select([self._pipe], [], [], PATIENCE)
        piece = os.read(self._pipe, most) if readable else b""
        if not piece:
            raise PipeEmpty(
                "the microphones' pipe holds less sound than 'listen' said; write it before the request"
            )
        return piece

    def close(self) -> None:
        os.close(self._pipe)


@dataclass(slots=True)
class DisplayFile:
    """A picture file that is replaced whenever what the front of the device shows changes."""

    path: Path
    picture: bytes = b""

    def show(self, lights: Lights, screen: Screen | None) -> None:
        """Raises OSError where the file cannot be written."""
        picture = render_front(lights, screen)
        if picture == self.picture:
            return
        with tempfile.NamedTemporaryFile(
            dir=self.path.parent,
            delete=False,
        ) as fresh:
            fresh.write(picture)
        os.replace(fresh.name, self.path)
        self.picture = picture


def render_front(lights: Lights, screen: Screen | None) -> bytes:
    """The front as a binary PPM."""
    if screen is None:
        return _render_cached_front(
            blue=lights.blue,
            red=lights.red,
            symbols=None,
            camera=b"",
        )
    seen = screen.picture.tobytes() if screen.picture is not None else b""
    return _render_cached_front(
        blue=lights.blue,
        red=lights.red,
        symbols=frozenset(screen.shown),
        camera=seen,
    )


@lru_cache(maxsize=64)
def _render_cached_front(
    blue: bool, red: bool, symbols: frozenset[str] | None, camera: bytes
) -> bytes:
    """Drawing takes some 15 ms, so each of the few pictures is drawn once."""
    screen = None
    if symbols is not None:
        picture = (
            # Three colours a pixel.
            np.frombuffer(camera, np.uint8).reshape(HEIGHT, WIDTH, 3)
            if camera
            else None
        )
        screen = Screen(set(symbols), picture)
    image = draw_front(Lights(blue, red), screen)
    return b"P6\n%d %d\n255\n" % image.size + image.tobytes()


@dataclass(slots=True)
class Attached:
    """What the harness attached to one device."""

    microphone: MicrophonePipe | None = None
    loudspeaker: Path | None = None
    display: DisplayFile | None = None

    @classmethod
    def opened(
        cls,
        microphone: str | None,
        loudspeaker: str | None,
        display: str | None,
    ) -> Attached:
        """By their paths. Raises OSError."""
        return cls(
            MicrophonePipe(Path(microphone)) if microphone else None,
            Path(loudspeaker) if loudspeaker else None,
            DisplayFile(Path(display)) if display else None,
        )

    def connect(self, device: Device) -> None:
        """From now on the device hears and speaks here; what it shows is to be shown by `show`."""
        device.microphone.source = self.microphone
        if self.loudspeaker is not None:
            device.speaker.copy = self._append_played
        self.show(device)

    def _append_played(self, played: Samples) -> None:
        assert self.loudspeaker is not None
        with self.loudspeaker.open("ab") as out:
            out.write(played.astype("<i2").tobytes())

    def show(self, device: Device) -> None:
        if self.display is not None:
            self.display.show(*device.visible_front())

    def close(self) -> None:
        if self.microphone is not None:
            with suppress(OSError):
                self.microphone.close()
