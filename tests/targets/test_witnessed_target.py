"""What a named witness sees takes the place of what the device says, at the device's own time; a witness may
tell no more than it says it sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.protocol import (
    Answer,
    Hello,
    ListenRequest,
    Ok,
    PressRequest,
    ResetRequest,
)
from earwitness.conformance.targets.witnessed_target import (
    WitnessedTarget,
    witnessed_by,
)
from earwitness.conformance.witnesses.witness import Sighting, WitnessError
from earwitness.model.trace import Observation, Origin

D = "kitchen"
RED = {"color": "red", "on": True}


class Claims:
    """A target that says at each press that its lamp is lit."""

    folder, cell, confinement = Path("/tmp"), None, Confinement.OPEN

    def introduce(self):
        return Hello("t", "1", {D: "speaker"}, {}, (), "virtual")

    def request(self, request):
        match request:
            case ListenRequest():
                return Answer((), Ok())
            case PressRequest():
                said = Observation(5_000_000, D, "light", RED, Origin.DEVICE)
                mute = Observation(
                    5_000_000, D, "microphone.power", {"on": False}
                )
                return Answer((said, mute), Ok())
        return Answer((), Ok())

    def close(self):
        """Nothing is open."""


class Told:
    """A witness that has seen what it is given."""

    name, sees = "told", "what it is told"

    def __init__(self, *sightings):
        self.sightings, self.begun, self.closed = list(sightings), 0, False

    def events(self, capabilities, confined):
        return frozenset({"light"})

    def watch(self, devices):
        assert devices == (D,)
        return self

    def begin(self):
        self.begun += 1

    def look(self):
        seen, self.sightings = self.sightings, []
        return seen

    def close(self):
        self.closed = True


def target_with(*sightings):
    witness = Told(*sightings)
    target = WitnessedTarget(Claims(), {"told": witness})
    target.introduce()
    return target, witness


def test_the_devices_word_of_the_same_event_is_not_taken():
    target, _ = target_with()
    seen = target.request(PressRequest(D, "microphone")).observations
    assert [o.event for o in seen] == ["microphone.power"]
    assert witnessed_by(target) == {"light"}
    assert witnessed_by(Claims()) == frozenset()


def test_what_is_seen_has_the_devices_time_and_is_witnessed():
    target, witness = target_with()
    target.request(ListenRequest(D, 3_000_000))
    witness.sightings = [Sighting(D, "light", RED, ago=1_000_000)]
    (seen,) = target.request(ListenRequest(D, 80_000)).observations
    assert (seen.time, seen.origin) == (2_080_000, Origin.WITNESSED)
    assert (seen.event, seen.attributes["on"]) == ("light", True)


def test_a_new_run_begins_at_zero_and_is_told_to_the_witness():
    target, witness = target_with()
    target.request(ListenRequest(D, 3_000_000))
    target.request(ResetRequest())
    witness.sightings = [Sighting(D, "light", RED)]
    (seen,) = target.request(ListenRequest(D, 80_000)).observations
    assert seen.time == 80_000 and witness.begun == 1
    target.close()
    assert witness.closed


@pytest.mark.parametrize(
    ("sighting", "reason"),
    [
        (Sighting(D, "screen", RED), "does not say that it sees such"),
        (Sighting("garage", "light", RED), "which the target does not have"),
        (Sighting(D, "light", {"color": "red"}), "'on' is missing"),
    ],
)
def test_a_witness_that_tells_what_it_must_not_is_refused(sighting, reason):
    target, _ = target_with(sighting)
    with pytest.raises(WitnessError, match=reason):
        target.request(ListenRequest(D, 80_000))
