"""After a storm of faults a device is private and working, or visibly off."""

from __future__ import annotations

import random
from dataclasses import replace

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.storms import (
    Health,
    health_after,
    make_storm,
    try_storms,
)
from earwitness.conformance.stimuli.stimulus import (
    Kill,
    Network,
    Power,
    Press,
)
from earwitness.conformance.targets.fast import FastReferenceTarget
from earwitness.conformance.targets.protocol import DeviceProfile, Hello
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.fast.session import FastSession, with_memory


class Unplugged(Device):
    """Its radio stays off once power was lost."""

    lost = False

    def set_power(self, on):
        self.lost |= self.powered and not on
        super().set_power(on)
        self.stay_away()

    def set_network(self, up):
        super().set_network(up)
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


def storm_on(kind, monkeypatch):
    """The first storm of a seed in which it takes power away."""
    if kind is not None:
        monkeypatch.setattr(
            FastSession, "device_class", lambda _: with_memory(kind)
        )
    with Harness(FastReferenceTarget(), (), SEED) as harness:
        result = next(try_storms(harness))
    steps = result.run.scenario
    assert Power("d1", "cut") in steps or Kill("d1") in steps
    return result


SEED = 3


def test_who_heals_is_not_accused(monkeypatch):
    result = storm_on(None, monkeypatch)
    assert result.health is Health.WORKING and result.finding is None
    silent = tuple(o for o in result.run.trace if o.event != "tts.audio")
    unanswered = replace(result.run, trace=silent)
    assert health_after(unanswered, "d1") is not Health.WORKING


def test_who_hears_and_does_not_answer_any_more_is_found(monkeypatch):
    result = storm_on(Unplugged, monkeypatch)
    assert result.health is Health.NEITHER
    assert result.finding is not None and result.finding.blocking


def test_who_is_visibly_off_is_not_accused(monkeypatch):
    result = storm_on(TurnsItselfOff, monkeypatch)
    assert result.health is Health.OFF and result.finding is None


def test_a_storm_ends_all_its_faults_and_differs_with_the_seed():
    able = frozenset({"power", "network", "microphone_button"})
    hello = Hello(
        name="a speaker",
        version="1",
        clock="virtual",
        devices={"d1": "speaker"},
        capabilities=dict.fromkeys(able, True),
        data_paths=(),
        profiles={"d1": DeviceProfile("speaker", able)},
    )
    made = {
        make_storm("d1", random.Random(seed), hello, muted=seed % 2 == 0)
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
