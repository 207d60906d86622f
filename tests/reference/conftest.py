"""A session in which both devices have power, and somebody who speaks to it."""

from __future__ import annotations

import pytest

from earwitness.conformance.stimuli.clips import (
    CLIPS,
    in_the_air,
    write_wav,
)
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.reference_impl.session import Session


@pytest.fixture
def session():
    made = Session()
    for name in made.devices:
        list(
            made.handle_request(
                {"id": 0, "do": "power", "device": name, "state": "restore"}
            )
        )
    yield made
    made.stop()


@pytest.fixture
def say(session, tmp_path):
    session.air = HeardSound()

    def heard(clip: str, device: str = "d1"):
        sound = in_the_air(CLIPS[clip], 9)
        session.air.play(device, session.devices[device].now, sound)
        write_wav(sound, tmp_path / "clip.wav")
        return [
            m.get("event")
            for m in session.handle_request(
                {
                    "id": 1,
                    "do": "say",
                    "device": device,
                    "audio": str(tmp_path / "clip.wav"),
                    "words": "",
                }
            )
        ]

    return heard
