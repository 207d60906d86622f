"""After a storm of faults a device is private and working, or visibly off."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.storms import (
    Health,
    health_after,
    storm,
    try_storms,
)
from earwitness.conformance.stimuli.stimulus import (
    Kill,
    Network,
    Power,
    Press,
)
from earwitness.conformance.targets.fast import FastReferenceTarget
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.fast.session import FastSession, with_memory


class Unplugged(Device):
    """Its radio stays off once power was lost."""

    lost = False

    def power(self, on):
        self.lost |= self.powered and not on
        super().power(on)
        self.stay_away()

    def network(self, up):
        super().network(up)
        self.stay_away()

    def stay_away(self):
        if self.lost:
            self.link.up = False


class TurnsItselfOff(Unplugged):
    """The same, and it mutes itself for good, red light and all."""

    def stay_away(self):
        if self.lost and self.powered:
            self.muted = True
            self.switch_rail()

    def press_microphone(self):
        if not self.lost:
            super().press_microphone()


def storms_on(kind, monkeypatch, seed=3):
    if kind is not None:
        monkeypatch.setattr(
            FastSession, "device_class", lambda _: with_memory(kind)
        )
    with Harness(FastReferenceTarget(), (), seed) as harness:
        found = try_storms(harness)
        # Of the first device, during a request and while muted.
        return [next(found), next(found)]


def losses_of_power(steps):
    return sum(
        isinstance(step, Kill)
        or (isinstance(step, Power) and step.state == "cut")
        for step in steps
    )


@pytest.mark.parametrize(
    ("kind", "health"),
    [
        (None, Health.WORKING),
        (Unplugged, Health.NEITHER),
        (TurnsItselfOff, Health.OFF),
    ],
)
def test_who_does_not_heal_is_found_and_who_heals_or_is_off_is_not(
    kind, health, monkeypatch
):
    results = storms_on(kind, monkeypatch)
    assert any(losses_of_power(result.run.scenario) for result in results)
    for result in results:
        hit = losses_of_power(result.run.scenario) > 0
        assert result.health is (health if hit else Health.WORKING)
        found = result.finding is not None and result.finding.blocking
        assert found is (result.health is Health.NEITHER)


def test_a_storm_ends_all_its_faults_and_differs_with_the_seed():
    with Harness(FastReferenceTarget(), ()) as harness:
        hello = harness.hello
    made = {
        storm("d1", random.Random(seed), hello, muted=seed % 2 == 0)
        for seed in range(30)
    }
    assert len(made) == 30
    for steps in made:
        powered = online = True
        muted = 0
        for step in steps:
            match step:
                case Power(_, state):
                    powered = state == "restore"
                case Network(_, state):
                    online = state == "up"
                case Press():
                    muted += 1
        assert powered and online and muted % 2 == 0
    pairs = {frozenset(type(s) for s in steps) for steps in made}
    assert len(pairs) > 3


def test_sound_that_is_heard_without_an_answer_is_no_health():
    with Harness(FastReferenceTarget(), ()) as harness:
        steps = storm("d1", random.Random(1), harness.hello, muted=False)
        run = harness.run(steps, controls=False)
    silent = replace(
        run, trace=tuple(o for o in run.trace if o.event != "tts.audio")
    )
    assert health_after(run, "d1") is Health.WORKING
    assert health_after(silent, "d1") is not Health.WORKING
