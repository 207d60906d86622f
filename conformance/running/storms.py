"""Storms: faults in pairs at seeded instants, which then all end. Within a bound the device is private and
working, or visibly off. What leaves it meanwhile is judged by the promises, like in every run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from earwitness.conformance.running.controls import CONTROL, is_voice_sent
from earwitness.conformance.running.declared_and_seen import INDICATORS
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.possible import impossible
from earwitness.conformance.running.run import Run
from earwitness.conformance.stimuli.sound_format import PIECE_TIME
from earwitness.conformance.stimuli.stimulus import (
    HangUp,
    Kill,
    Network,
    Power,
    Press,
    Say,
    Scenario,
    Stimulus,
    Wait,
)
from earwitness.conformance.targets.protocol import Hello
from earwitness.model.trace import Observation

LONGEST_FAULT = 20
"""Pieces from one instant of a storm to the next."""
PAIRS = 2
"""Pairs of faults in one storm."""
HEALING = 10_000_000
"""Microseconds after the last fault within which the device must be itself again: as long as a device may
take from power to the lights that show its state."""
LISTENED = 1_600_000
"""Microseconds after the request in which what came of it may still be told."""
TRIES = 2
"""Storms of the same steps that must end badly before it counts: a machine that does much else can make a
connection late once."""
LISTENING = (("light", "blue"), ("screen", "blue_bar"))
"""What shows that a device hears."""


class Health(Enum):
    """How a device is once all faults are over."""

    WORKING = "working"
    OFF = "visibly off"
    NEITHER = "neither working nor visibly off"


@dataclass(frozen=True, slots=True)
class StormResult:
    """A storm on a device, how it was afterwards, and the run."""

    device: str
    health: Health
    run: Run

    @property
    def finding(self) -> Finding | None:
        """What forbids a green, if anything does."""
        if self.health is not Health.NEITHER or self.run.dead:
            return None
        seconds = HEALING // 1_000_000
        text = f"{seconds} s after all faults were over {self.device} was {self.health.value}"
        return Finding("not healed", text, self.device, blocking=True)


def try_storms(
    harness: Harness, goes_on: Callable[[], bool] = lambda: True
) -> Iterator[StormResult]:
    """On every device a storm during a request, and on the first one while it is muted, as long as `goes_on`
    says so. Raises TargetError."""
    for place, device in enumerate(harness.hello.devices):
        # Devices of one maker mostly share their software.
        for muted in (False, True) if place == 0 else (False,):
            chance = random.Random(f"storm {harness.seed} {device} {muted}")
            steps = make_storm(device, chance, harness.hello, muted=muted)
            if steps and goes_on():
                yield _weather_storm(harness, device, steps)


def _weather_storm(
    harness: Harness, device: str, steps: Scenario
) -> StormResult:
    for _ in range(TRIES):
        run = harness.run(steps, controls=False)
        result = StormResult(device, health_after(run, device), run)
        if result.health is not Health.NEITHER or run.dead:
            break
    return result


def make_storm(
    device: str, chance: random.Random, hello: Hello, *, muted: bool
) -> Scenario:
    """The steps, which end with a request and time to answer it; none where the target cannot be given
    faults."""
    faults = [
        fault
        for fault in _faults_of(device)
        if not any(impossible(step, hello) for step in fault)
    ]
    mute = Press(device, "microphone")
    if not faults or (muted and impossible(mute, hello)):
        return ()
    steps: list[Stimulus] = [mute] if muted else []
    for _ in range(PAIRS):
        steps.append(Say(device, "weather-open"))
        steps += _pair_faults(device, chance, faults)
    ends = [step for fault in faults for step in fault[1:]]
    steps += [*ends, Wait(device, HEALING), Say(device, "chatter")]
    again = (mute,) if muted else ()
    return (*steps, *again, Say(device, CONTROL), Wait(device, LISTENED))


def _faults_of(device: str) -> Sequence[Scenario]:
    """Each by how it begins and, where it lasts, how it ends. A process that is killed is back at once, and a
    connection that the other side ends may be made again."""
    return (
        (Power(device, "cut"), Power(device, "restore")),
        (Network(device, "down"), Network(device, "up")),
        (Kill(device),),
        (HangUp(device),),
    )


def _pair_faults(
    device: str, chance: random.Random, faults: Sequence[Scenario]
) -> Iterator[Stimulus]:
    """Two faults that overlap, where they last, each instant drawn."""
    some = chance.sample(list(faults), min(2, len(faults)))
    first, second = some[0], some[-1]
    overlapping = (first[0], second[0], *first[1:], *second[1:])
    for step in overlapping:
        pieces = chance.randint(1, LONGEST_FAULT)
        yield Wait(device, PIECE_TIME * pieces)
        yield step


def health_after(run: Run, device: str) -> Health:
    """How a device was during the last request of a storm."""
    ended = run.span[1]
    began = run.marks[-3] if len(run.marks) > 2 else 0
    seen = _seen_of(device, run.trace[began:ended])
    names = {o.event for o in seen}
    streamed = any(map(is_voice_sent, seen))
    if streamed and "tts.audio" in names:
        return Health.WORKING
    before = _seen_of(device, run.trace[:ended])
    hears = streamed or "audio.captured" in names
    if hears or any(_shows_answer(before, *light) for light in LISTENING):
        return Health.NEITHER
    return Health.OFF


def _seen_of(device: str, trace: Sequence[Observation]) -> list[Observation]:
    return [seen for seen in trace if seen.device == device]


def _shows_answer(seen: Sequence[Observation], event: str, what: str) -> bool:
    """Whether it was shown last that the device hears."""
    shown = False
    for each in seen:
        if each.event == "power":
            shown = False
        if (
            each.event == event
            and each.attributes.get(INDICATORS[event]) == what
        ):
            shown = each.attributes.get("on") is True
    return shown
