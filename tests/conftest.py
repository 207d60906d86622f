"""What several tests share: the clauses, and recordings of people where they are present."""

from __future__ import annotations

import json

import pytest
from recordings import AUDIO

from earwitness.policies.pack import find


@pytest.fixture(scope="session")
def clauses():
    return tuple(
        c
        for name in ("alexa-smart-properties", "voice-baseline")
        for c in find(name).clauses
    )


@pytest.fixture(scope="session")
def recordings():
    """The index of human recordings, by file."""
    if not (AUDIO / "index.json").is_file():
        pytest.skip("the recordings of people are not here")
    return {
        AUDIO / entry["file"]: entry
        for entry in json.loads((AUDIO / "index.json").read_text())
    }
