"""Recordings of people, where they are present."""

from __future__ import annotations

from pathlib import Path

AUDIO = Path(__file__).parents[2] / "shared" / "audio"
