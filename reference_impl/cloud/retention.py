"""What the cloud keeps: the words acted on, and counts. Everything else lives in memory only."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

TOP = 10
"""How many domains or skills an organisation sees (FAQ 7)."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What is counted of a dialogue: where it took place and what it was about; not who spoke, nor what was said, nor when in the day."""

    organisation: str
    property: str
    device: str
    domain: str
    skill: str
    intent: str


class Retention:
    """One SQLite database. It has no column for sound, for a user, or for a single utterance's metric. Call it from any thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "cloud.sqlite", check_same_thread=False)
        # What is deleted is overwritten, and no journal keeps it.
        self._database.executescript(
            "PRAGMA secure_delete = ON; PRAGMA journal_mode = MEMORY;"
            "CREATE TABLE IF NOT EXISTS transcript(device TEXT NOT NULL, words TEXT NOT NULL);"
            "CREATE TABLE IF NOT EXISTS dialogues(day TEXT, organisation TEXT, property TEXT, domain TEXT, skill TEXT, intent TEXT, number INTEGER NOT NULL,"
            " PRIMARY KEY(day, organisation, property, domain, skill, intent));"
            "CREATE TABLE IF NOT EXISTS active(day TEXT, organisation TEXT, device TEXT, PRIMARY KEY(day, organisation, device));"
        )

    def keep_words(self, words: str, device: str) -> None:
        """The one hypothesis acted on, with the device it was said to, so that it can be deleted there."""
        with self._lock, self._database:
            self._database.execute("INSERT INTO transcript VALUES (?, ?)", (device, words))

    def forget_words(self, device: str) -> int:
        """Delete what was said to a device; returns how many transcripts there were."""
        with self._lock, self._database:
            return self._database.execute("DELETE FROM transcript WHERE device = ?", (device,)).rowcount

    def count(self, d: Dialogue) -> None:
        """One more dialogue."""
        day = datetime.now(UTC).date().isoformat()
        with self._lock, self._database:
            self._database.execute(
                "INSERT INTO dialogues VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET number = number + 1",
                (day, d.organisation, d.property, d.domain, d.skill, d.intent),
            )
            self._database.execute("INSERT OR IGNORE INTO active VALUES (?, ?, ?)", (day, d.organisation, d.device))

    def dialogues(self, by: str, organisation: str, skills: Sequence[str] | None = None, most: int = -1) -> dict[str, int]:
        """Dialogues of an organisation, summed by day, domain, skill or intent; of some skills only where they are given; the most frequent first."""
        if by not in ("day", "domain", "skill", "intent"):
            raise ValueError(f"dialogues are not counted by '{by}'")
        chosen = "" if skills is None else f" AND skill IN ({','.join('?' * len(skills))})"
        statement = f"SELECT {by}, SUM(number) FROM dialogues WHERE organisation = ?{chosen} GROUP BY {by} ORDER BY 2 DESC, 1 LIMIT ?"
        with self._lock:
            return dict(self._database.execute(statement, (organisation, *(skills or ()), most)).fetchall())

    def active_devices(self, organisation: str) -> int:
        """Devices with a dialogue today."""
        day = datetime.now(UTC).date().isoformat()
        with self._lock:
            (number,) = self._database.execute("SELECT COUNT(*) FROM active WHERE organisation = ? AND day = ?", (organisation, day)).fetchone()
        return int(number)

    def requests(self) -> int:
        """Dialogues of everybody: the service's total."""
        with self._lock:
            (number,) = self._database.execute("SELECT COALESCE(SUM(number), 0) FROM dialogues").fetchone()
        return int(number)

    def clear(self) -> None:
        with self._lock, self._database:
            self._database.executescript("DELETE FROM transcript; DELETE FROM dialogues; DELETE FROM active;")
