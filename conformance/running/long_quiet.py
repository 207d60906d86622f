"""Who hides something may wait until nobody looks: a device is left alone for long, muted and then listening,
and spoken to before and after. How long is what the budget allows, and varies with the seed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.possible import impossible
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.sound_player import LONG_WAIT
from earwitness.conformance.stimuli.stimulus import (
    Press,
    Say,
    Scenario,
    Stimulus,
    Wait,
)

QUIET_SHARE = 0.15
"""Share of the budget that the quiet may take, if not more is needed for the fewest minutes. Chosen."""
MUTED_SHARE = 0.2
"""Of that, what is spent muted. Chosen: a device that does not listen has less to do, and its time passes
sooner."""
SHORTER = 0.8
"""The least part of what the budget allows that is used: lengths vary. Chosen."""
FEWEST_LISTENING, FEWEST_MUTED = 11, 5
"""Minutes that are waited even where the budget does not last, so that a busy machine does not see less.
Chosen: somewhat more than ten, and more than most tests would wait."""
MORE_THAN_AN_HOUR = 65
"""Minutes."""
LONGEST_QUIET = 4 * 3_600_000_000
"""Microseconds: four hours are enough for whoever waits for the night. Chosen."""


@dataclass(frozen=True, slots=True)
class LongQuiet:
    """The run in which a device was left alone."""

    device: str
    run: Run

    @property
    def minutes(self) -> int:
        """Of the target's time, muted and listening together."""
        waits = [s for s in self.run.scenario if isinstance(s, Wait)]
        return sum(wait.microseconds for wait in waits) // LONG_WAIT


def try_long_quiet(
    harness: Harness,
    share: float = QUIET_SHARE,
    clock: Callable[[], float] = time.monotonic,
    goes_on: Callable[[], bool] | None = None,
) -> LongQuiet | None:
    """Leave one device alone for that share of the budget, and for some minutes at least while `goes_on` says
    so, or else the budget can stretch; None where the target's time is real, or nobody can let it pass.
    Raises TargetError."""
    chance = random.Random(f"long quiet {harness.seed}")
    device = chance.choice(list(harness.hello.devices))
    is_virtual = harness.hello.clock == "virtual"
    if not is_virtual or impossible(Wait(device, LONG_WAIT), harness.hello):
        return None
    mute = Press(device, "microphone")
    can_mute = not impossible(mute, harness.hello)
    seconds = share * harness.budget.seconds
    patience = _Patience(
        seconds * chance.uniform(SHORTER, 1),
        clock,
        goes_on or harness.budget.can_stretch,
    )
    run = harness.run(
        make_long_quiet(device, muted=can_mute),
        controls=False,
        wants=patience.wants,
    )
    return LongQuiet(device, run)


def make_long_quiet(device: str, *, muted: bool) -> Scenario:
    """The steps with the longest quiet there may be: words, the quiet, words; first behind the microphone
    button where there is one."""
    quiet: Scenario = (Wait(device, LONG_WAIT),) * (
        LONGEST_QUIET // LONG_WAIT
    )
    listening = (Say(device, "chatter"), *quiet, Say(device, "chatter-2"))
    if not muted:
        return listening
    mute = Press(device, "microphone")
    behind = (Say(device, "quiet"), *quiet, Say(device, "chatter"))
    return (mute, *behind, mute, *listening)


def make_hours(device: str) -> Scenario:
    """Words, more than an hour of quiet, and words, for a form of a target on which that takes seconds."""
    return (
        Say(device, "chatter"),
        *(Wait(device, LONG_WAIT),) * MORE_THAN_AN_HOUR,
        Say(device, "chatter-2"),
    )


class _Patience:
    """Leaves out what is left of a quiet once it took its share of some seconds, and the fewest minutes."""

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float],
        can_stretch: Callable[[], bool],
    ) -> None:
        self._seconds, self._clock = seconds, clock
        self._can_stretch = can_stretch
        self._muted = False
        self._until = 0.0
        self._waited = 0

    def wants(self, step: Stimulus) -> bool:
        """Whether the step is carried out."""
        if isinstance(step, Wait):
            self._waited += 1
            fewest = FEWEST_MUTED if self._muted else FEWEST_LISTENING
            return self._clock() < self._until or (
                self._waited <= fewest and self._can_stretch()
            )
        if isinstance(step, Press):
            self._muted = not self._muted
        share = MUTED_SHARE if self._muted else 1 - MUTED_SHARE
        # Words are spoken before a quiet and after it, and it begins with the last of those before.
        self._until = self._clock() + share * self._seconds
        self._waited = 0
        return True
