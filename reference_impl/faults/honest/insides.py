"""Honest variations of what a device does with sound before it sends it, and of how it keeps its state."""

from __future__ import annotations

import os
import sqlite3

import numpy as np

from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.sound import Samples


class GainControl(Device):
    """Makes soft speech louder and loud speech softer, a little with every piece, as telephones do."""

    wanted = 9_000
    """Amplitude that it aims at."""
    gain = 1.0

    def process_captured(self, heard: Samples) -> None:
        before, self.gain = self.gain, self._gain_after(heard)
        slope = np.linspace(before, self.gain, len(heard))
        louder = np.clip(np.rint(heard * slope), -32_768, 32_767)
        super().process_captured(louder.astype(np.int16))

    def _gain_after(self, heard: Samples) -> float:
        loudest = float(np.abs(heard.astype(np.int32)).max(initial=1))
        # 500: chosen, what the room alone never reaches.
        if loudest <= 500:
            return self.gain
        # Between half and twice as loud.
        aim = min(2.0, max(0.5, self.wanted / loudest))
        # A tenth of the way.
        return self.gain + 0.1 * (aim - self.gain)


class DriftingClock(Device):
    """The clock of its converter is a thousandth fast, and what it sends is made to fit again by sums."""

    # A thousandth, ten times as much as a cheap crystal's.
    pace = 1.001
    phase = 0.0
    last = 0

    def send_sound(self, heard: Samples) -> None:
        if self.control is Control.STREAMING:
            heard = self.fitted(heard)
        super().send_sound(heard)

    def fitted(self, heard: Samples) -> Samples:
        """As many samples, each between two of those heard."""
        before = np.concatenate([[self.last], heard])
        self.last = int(heard[-1])
        self.phase = (self.phase + (self.pace - 1) * len(heard)) % 1.0
        places = np.arange(len(heard)) + self.phase
        between = np.interp(places, np.arange(len(before)), before)
        fitted: Samples = np.rint(between).astype(np.int16)
        return fitted


class RotatingStores(Device):
    """Counts in a database with a write-ahead log, rotates its own log, and writes through files that it
    removes at once."""

    longest = 2_000
    """Bytes after which the log begins again."""

    def hear_sound(self, air: Samples) -> None:
        super().hear_sound(air)
        # One piece of 80 ms in each second.
        if self.powered and self.now % 1_000_000 < 80_000:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.count()
            self.note()

    def count(self) -> None:
        with sqlite3.connect(self.folder / "counts.db") as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE IF NOT EXISTS up(seconds INTEGER)")
            database.execute("DELETE FROM up")
            database.execute("INSERT INTO up VALUES (?)", (self.now,))
        database.close()

    def note(self) -> None:
        log = self.folder / "running.log"
        if log.exists() and log.stat().st_size > self.longest:
            log.replace(log.with_suffix(".old"))
        with log.open("a") as out:
            out.write(f"{self.now:014d} running\n")
        fresh = self.folder / "running.tmp"
        fresh.write_bytes(os.urandom(64))
        fresh.unlink()
