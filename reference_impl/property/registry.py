"""Which devices there are, whose they are, in which unit, how they are set, and which skills are enabled on them. One small SQLite database."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path


class UnknownDevice(LookupError):
    """No such device is registered."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A device as registered."""

    name: str
    organisation: str
    unit: str
    tone: bool = False
    word: str = "alexa"


class Registry:
    """Devices of all organisations. Call it from any thread."""

    def __init__(self, folder: Path, devices: tuple[Placed, ...], skills: tuple[str, ...]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._first, self._skills = devices, skills
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "property.sqlite", check_same_thread=False)
        with self._lock, self._database:
            self._database.executescript(
                "CREATE TABLE IF NOT EXISTS device(name TEXT PRIMARY KEY, organisation TEXT NOT NULL, unit TEXT NOT NULL, tone INTEGER NOT NULL,"
                " word TEXT NOT NULL);"
                "CREATE TABLE IF NOT EXISTS enabled(device TEXT NOT NULL, skill TEXT NOT NULL, PRIMARY KEY(device, skill));"
            )
        if not self.devices():
            self.clear()

    def clear(self) -> None:
        """As delivered: every device in its unit, without a tone, with the skills it comes with."""
        with self._lock, self._database:
            self._database.executescript("DELETE FROM device; DELETE FROM enabled;")
            self._database.executemany("INSERT INTO device VALUES (?, ?, ?, ?, ?)", [(d.name, d.organisation, d.unit, d.tone, d.word) for d in self._first])
            self._database.executemany("INSERT INTO enabled VALUES (?, ?)", [(d.name, s) for d in self._first for s in self._skills])

    def devices(self, organisation: str | None = None) -> tuple[Placed, ...]:
        """All devices, or those of one organisation."""
        with self._lock:
            rows = self._database.execute("SELECT name, organisation, unit, tone, word FROM device ORDER BY name").fetchall()
        return tuple(Placed(n, o, u, bool(t), w) for n, o, u, t, w in rows if organisation in (None, o))

    def device(self, name: str) -> Placed:
        """Raises UnknownDevice."""
        for placed in self.devices():
            if placed.name == name:
                return placed
        raise UnknownDevice(f"there is no device '{name}'")

    def skills(self, device: str) -> frozenset[str]:
        """What is enabled on the device."""
        with self._lock:
            return frozenset(s for (s,) in self._database.execute("SELECT skill FROM enabled WHERE device = ?", (device,)))

    def enable(self, device: str, skill: str, on: bool) -> None:
        with self._lock, self._database:
            statement = "INSERT OR IGNORE INTO enabled VALUES (?, ?)" if on else "DELETE FROM enabled WHERE device = ? AND skill = ?"
            self._database.execute(statement, (device, skill))

    def want_tone(self, device: str, on: bool) -> None:
        with self._lock, self._database:
            self._database.execute("UPDATE device SET tone = ? WHERE name = ?", (on, device))

    def choose(self, device: str, word: str) -> None:
        """The wake word of a device."""
        with self._lock, self._database:
            self._database.execute("UPDATE device SET word = ? WHERE name = ?", (word, device))

    def move(self, device: str, unit: str) -> None:
        with self._lock, self._database:
            self._database.execute("UPDATE device SET unit = ? WHERE name = ?", (unit, device))
