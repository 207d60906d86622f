"""What the cloud keeps: the words acted on and counts. Everything else lives in memory only."""

from __future__ import annotations

import sqlite3
from pathlib import Path


class Retention:
    """One SQLite database. It has no column for sound, for a user or for a single utterance's metric."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._database = sqlite3.connect(folder / "cloud.sqlite", check_same_thread=False)
        self._database.executescript(
            "CREATE TABLE IF NOT EXISTS transcript(words TEXT NOT NULL);CREATE TABLE IF NOT EXISTS metric(name TEXT PRIMARY KEY, dialogues INTEGER NOT NULL);"
        )

    def keep_words(self, words: str) -> None:
        """The one hypothesis acted on."""
        with self._database:
            self._database.execute("INSERT INTO transcript VALUES (?)", (words,))

    def count(self, name: str) -> None:
        """One more dialogue, at the level of the property."""
        with self._database:
            self._database.execute("INSERT INTO metric VALUES (?, 1) ON CONFLICT(name) DO UPDATE SET dialogues = dialogues + 1", (name,))

    def clear(self) -> None:
        with self._database:
            self._database.executescript("DELETE FROM transcript; DELETE FROM metric;")
