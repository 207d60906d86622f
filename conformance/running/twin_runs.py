"""Twins: the same steps once with speech and once with the room alone, where nothing may be sent or kept.
What leaves and what grows must not tell them apart. No decoder is needed, so an encoding of the device's own
is caught too."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.possible import impossible, is_served
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.situations import (
    AFTER,
    HOUSEHOLD,
    KEEPING,
    Situation,
    situations,
)
from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.stimuli.stimulus import (
    Say,
    Scenario,
    Stimulus,
    Wait,
)
from earwitness.conformance.targets.protocol import Hello
from earwitness.conformance.witnesses.twins import (
    Footprint,
    TwinComparison,
    TwinOutcome,
)
from earwitness.model.expression import Value
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds

MOST_PAIRS = 8
"""Pairs after which chance in a device's traffic is told from a leak; see `compare_twins`."""
LEAD = 800_000
"""Microseconds of room before what is said, so that the device has come to rest."""
UNREAD_STORE = "unread store"
"""The kind of a finding: a store grows with what is said, by what nobody could read."""


@dataclass(frozen=True, slots=True)
class TwinResult:
    """What the twins in one situation on one device came to; `run` is the last one with speech, marked where
    it differs."""

    device: str
    situation: str
    comparison: TwinComparison
    run: Run

    @property
    def finding(self) -> Finding | None:
        """That what nobody can read is kept, if it is."""
        if (
            self.situation != KEEPING
            or self.comparison.outcome is not TwinOutcome.APART
        ):
            return None
        text = f"{self.device} keeps what nobody can read of a request: {self.comparison.sentence}"
        return Finding(UNREAD_STORE, text, self.device, blocking=True)


class _NoTimeError(Exception):
    """Pairs take longer than there is time for."""


def try_twins(
    harness: Harness, goes_on: Callable[[], bool] = lambda: True
) -> Iterator[TwinResult]:
    """All situations on the first device, listening and muted on every other while `goes_on` says so; where
    each run takes real time, nothing without its leave. Two pairs that are alike are enough; a difference
    must repeat. Raises TargetError."""
    takes_time = is_served(harness.hello)
    for number, device in enumerate(harness.hello.devices):
        # Devices of one maker mostly share their software, so the others are tried in what matters most.
        # The first is shown one noise and the next another; which comes first is the seed's.
        noise = HOUSEHOLD[(harness.seed + number) % len(HOUSEHOLD)]
        every = situations(device, noise)
        tried = every if number == 0 else every[:2]
        for count, untuned in enumerate(tried):
            # Two pairs that are alike are enough, so not all is said in each: others begin with others.
            situation = untuned.beginning_with(2 * number + count)
            if harness.hello.clock != "virtual":
                situation = replace(situation, patience=AFTER)
            is_owed = number == 0 and not takes_time
            if not _is_possible(situation, harness.hello) or not (
                is_owed or goes_on()
            ):
                continue
            # Once begun they are ended, unless that takes too much real time.
            may_go_on = goes_on if takes_time else lambda: True
            with contextlib.suppress(_NoTimeError):
                yield _compare_twins(
                    harness, device, situation, goes_on=may_go_on
                )


def _is_possible(situation: Situation, hello: Hello) -> bool:
    steps = (*situation.before, *situation.after)
    return not any(impossible(step, hello) for step in steps)


def _compare_twins(
    harness: Harness,
    device: str,
    situation: Situation,
    goes_on: Callable[[], bool],
) -> TwinResult:
    comparison, run = _run_pairs(harness, device, situation, goes_on=goes_on)
    if comparison.outcome is TwinOutcome.APART and not run.dead:
        again, run = _run_pairs(harness, device, situation, goes_on=goes_on)
        if again.outcome is not TwinOutcome.APART or run.dead:
            # Chance does it once in a hundred comparisons, and not twice.
            return TwinResult(
                device=device,
                situation=situation.name,
                comparison=again,
                run=run,
            )
        comparison = replace(
            again, error_rate=comparison.error_rate * again.error_rate
        )
        if situation.name != KEEPING:
            run = harness.judge_again(run, *leak_of(run, device, comparison))
    return TwinResult(
        device=device,
        situation=situation.name,
        comparison=comparison,
        run=run,
    )


def _run_pairs(
    harness: Harness,
    device: str,
    situation: Situation,
    goes_on: Callable[[], bool],
) -> tuple[TwinComparison, Run]:
    """Pairs of runs until they are told apart or are alike; the last run with speech. A first pair that
    differs is left out: what happens once, such as a file that is made, falls into it."""
    found: list[tuple[Footprint, Footprint]] = []
    comparison, run = TwinComparison(TwinOutcome.UNDECIDED, 0), None
    primed, telling = False, ""
    while comparison.outcome is TwinOutcome.UNDECIDED or not found:
        if not goes_on():
            raise _NoTimeError
        clip = telling or situation.clip(len(found))
        run, alone = (
            harness.run(steps, controls=False, prelude=situation.before)
            for steps in (
                with_speech(device, situation, clip),
                room_alone(device, situation, clip),
            )
        )
        if run.dead or alone.dead:
            break
        pair = run.footprint, alone.footprint
        differs = situation.compare([pair]).outcome is not TwinOutcome.ALIKE
        if differs and not primed:
            primed = True
            continue
        primed = True
        if differs and not telling:
            # What depends on who speaks, or on what is said, repeats with the same words alone.
            telling, found = clip, []
        found.append(pair)
        if len(found) >= 2:
            comparison = situation.compare(found)
        if len(found) >= MOST_PAIRS:
            break
    assert run is not None
    return comparison, run


def with_speech(device: str, situation: Situation, clip: str) -> Scenario:
    """The steps with a clip that is not addressed to the device."""
    return _surround_step(device, situation, Say(device, clip))


def room_alone(device: str, situation: Situation, clip: str) -> Scenario:
    """The same steps, as long, in a quiet room."""
    return _surround_step(device, situation, Wait(device, length_of(clip)))


def _surround_step(
    device: str, situation: Situation, middle: Stimulus
) -> Scenario:
    before, after = Wait(device, LEAD), Wait(device, situation.patience)
    return (before, middle, after, *situation.after)


def length_of(clip: str) -> int:
    """Microseconds that a clip takes, in whole pieces of sound."""
    return len(in_the_air(CLIPS[clip], 0)) * 1_000_000 // RATE


def leak_of(
    run: Run, device: str, comparison: TwinComparison
) -> tuple[int, Observation]:
    """Where in the trace, and as what, a difference is judged: what depends on whether somebody speaks
    carries what was said, be it sent or kept. What was said to nobody is what differs, though a request may
    follow in which it leaves."""
    place = len(run.trace)
    until = heard = Microseconds(0)
    closed: Value = 0
    for number, seen in enumerate(run.trace):
        if seen.device != device:
            continue
        if seen.event == "stream.close":
            closed = seen.attributes.get("stream", closed)
        if seen.event == "speech":
            until = Microseconds(int(seen.attributes["until"]))
            heard = heard if seen.attributes["addressed"] else until
            place = number + 1
        elif seen.time <= until and seen.event != "end":
            place = number + 1
    if not until:
        place, heard = _after_noise(run, device)
        until = heard
    if comparison.mark.startswith(KEPT) and not comparison.mark.startswith(
        "lines of bytes"
    ):
        kept: dict[str, Value] = {
            "store": "found by twins",
            "category": "recording",
            "acted_on": False,
        }
        return place, Observation(
            time=until,
            device=device,
            event="record.found",
            attributes=kept,
            origin=Origin.WITNESSED,
        )
    sent: dict[str, Value] = {
        "stream": closed,
        "bytes": max(
            1, round(abs(comparison.with_speech - comparison.room_alone))
        ),
        "from": heard,
        "to": heard,
        "encrypted": True,
        "voice": True,
    }
    return place, Observation(
        time=until,
        device=device,
        event="stream.audio",
        attributes=sent,
        origin=Origin.WITNESSED,
    )


def _after_noise(run: Run, device: str) -> tuple[int, Microseconds]:
    """Where the trace was once a sound without words had been played, and when."""
    played = max(
        number
        for number, step in enumerate(run.scenario)
        if isinstance(step, Say) and step.device == device
    )
    place = run.marks[played]
    times = [seen.time for seen in run.trace[:place] if seen.device == device]
    return place, max(times, default=Microseconds(0))


KEPT = ("files", "bytes that stores", "growth of", "lines of")
"""How the marks begin that are about what is kept, and not about what is sent."""


def describe_twins(found: list[TwinResult]) -> str:
    """What they came to, in a sentence."""
    apart = [
        twins
        for twins in found
        if twins.comparison.outcome is TwinOutcome.APART
    ]
    if apart:
        return f"{apart[0].device} {apart[0].situation}: {apart[0].comparison.sentence}"
    if not found:
        return "none were tried in the time there was"
    pairs = sum(twins.comparison.pairs for twins in found)
    return f"{pairs} pairs in {len(found)} situations cannot be told apart"
