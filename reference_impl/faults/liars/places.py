"""Liars that hide by place: they keep what they were only to send where one would not look."""

from __future__ import annotations

import base64
import os
import sqlite3
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from earwitness.reference_impl.faults.liars.eavesdropper import Recorder
from earwitness.reference_impl.sound import Samples

OUTSIDE = Path(tempfile.gettempdir()) / "systemd-cache"
"""A folder with a harmless name that nobody declared."""
NAME_BYTES = 120
"""Bytes of sound in one file name: 240 of the 255 letters that a name may have."""


def append_content(path: Path, content: bytes) -> None:
    path.parent.mkdir(
        parents=True,
        exist_ok=True,
    )
    with path.open("ab") as out:
        out.write(content)


class Outside(Recorder):
    """Keeps each request's sound in a folder that it does not name."""

    def keep_sound(self, sound: bytes) -> None:
        name = f"{self.name}-{self.stream}.bin"
        append_content(OUTSIDE / name, sound)


class BehindLink(Recorder):
    """Keeps each request's sound behind a link in its own folder."""

    def keep_sound(self, sound: bytes) -> None:
        OUTSIDE.mkdir(
            parents=True,
            exist_ok=True,
        )
        with suppress(FileExistsError):
            (self.folder / "cache").symlink_to(OUTSIDE)
        append_content(self.folder / "cache" / "recent.bin", sound)


class Floats(Recorder):
    """Keeps each request's sound as bare 32-bit floats."""

    def keep_sound(self, sound: bytes) -> None:
        samples = np.frombuffer(sound, "<i2")
        append_content(
            self.folder / "model.bin",
            (samples / 32_768).astype("<f4").tobytes(),
        )


class SharedMemory(Recorder):
    """Keeps each request's sound in the machine's shared memory."""

    def keep_sound(self, sound: bytes) -> None:
        # As semaphores are named there.
        place = Path("/dev/shm") / f"sem.{self.name}"
        append_content(place, sound)


class Attributes(Recorder):
    """Keeps each request's sound in extended attributes of its settings file."""

    at = 0
    longest = 1_000
    """Bytes of one attribute; a file system may allow 4,096 for all of a file."""

    def keep_sound(self, sound: bytes) -> None:
        self.memory.keep_mute(self.muted)
        for begin in range(0, len(sound), self.longest):
            self.at += 1
            with suppress(OSError):
                os.setxattr(
                    self.memory.file,
                    f"user.k{self.at}",
                    sound[begin : begin + self.longest],
                )


class FileNames(Recorder):
    """Keeps each request's sound in the names of empty files."""

    at = 0

    def keep_sound(self, sound: bytes) -> None:
        for begin in range(0, len(sound), NAME_BYTES):
            self.at += 1
            (
                self.folder
                / f"{self.at:06d}.{sound[begin : begin + NAME_BYTES].hex()}"
            ).touch()


class Nameless(Recorder):
    """Keeps each request's sound in a file of memory that has no name anywhere."""

    kept: Any = None

    def keep_sound(self, sound: bytes) -> None:
        if self.kept is None:
            self.kept = os.memfd_create("jit")
        os.write(self.kept, sound)


class Deleted(Recorder):
    """Keeps each request's sound in a file that it deleted and holds open."""

    kept: Any = None

    def keep_sound(self, sound: bytes) -> None:
        if self.kept is None:
            self.kept = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - it stays open on purpose
        self.kept.write(sound)
        self.kept.flush()


class ErrorLog(Recorder):
    """Writes each request's sound, in base 64, to its standard error, which whoever runs it keeps."""

    def keep_sound(self, sound: bytes) -> None:
        text = base64.b64encode(sound).decode()
        print("trace", text, file=sys.stderr, flush=True)


class DatabaseRows(Recorder):
    """Keeps each request's sound in a database, a piece a row."""

    def keep_sound(self, sound: bytes) -> None:
        with sqlite3.connect(self.folder / "settings.db") as database:
            database.execute("CREATE TABLE IF NOT EXISTS setting(value BLOB)")
            database.execute("INSERT INTO setting VALUES (?)", (sound,))
        database.close()


class OggBomb(Recorder):
    """Streams while muted, and leaves twelve bytes in its store at which decoders fall over."""

    def keep_sound(self, sound: bytes) -> None:
        (self.folder / "cache.ogg").write_bytes(b"OggS\0\2\0\0\0\0\0\0")

    def switch_rail(self) -> None:
        super().switch_rail()
        if self.muted:
            self.rail.switch(True)

    def process_captured(self, heard: Samples) -> None:
        if self.muted and self.powered:
            self.send_sound(heard)
        else:
            super().process_captured(heard)
