"""The two-run promise, tried on an implementation: runs that differ only in who speaks and what is said must
look the same to whoever sees metrics (Goguen and Meseguer 1982), and stored metrics must hold nothing of
either. Whatever differs must differ again in a second round before it counts, since dates and random names
differ too."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.possible import impossible
from earwitness.conformance.running.run import Run
from earwitness.conformance.stimuli.stimulus import (
    METRICS,
    ROLES,
    Query,
    Say,
    Scenario,
)

VOICES = (
    ("seattle", "three-minutes"),
    ("boston", "ten-minutes"),
    ("chicago", "twenty-minutes"),
)
"""Clips of the same intents and skills in other words and another voice; the first speaks fast, the second
slowly and softly, and the last is a woman's."""
ROUNDS = 2
"""Times that each of the two runs is made. Chosen: once more than one, so that chance shows."""
FEWEST_ENTRIES = 2
"""Entries more from which an answer grows with what is said: one more is a new day."""
Look = frozenset[tuple[str, ...]]
"""What reaches those who see metrics: facts, each as texts."""


class RunLikeness(Enum):
    ALIKE = "alike"
    APART = "apart"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether the runs look the same, what tells them apart or why that is not known, and how many were
    compared."""

    likeness: RunLikeness
    reason: str = ""
    runs: int = 0


def ask_metrics(devices: Sequence[str]) -> Iterator[Query]:
    """Everybody asks for every metric."""
    for device in devices:
        for actor in ("ours", "theirs"):
            for role in ROLES:
                for resource in METRICS:
                    yield Query(
                        device=device,
                        actor=actor,
                        role=role,
                        resource=resource,
                    )


def plan(devices: Sequence[str], clips: Sequence[str]) -> Scenario:
    """Say the clips to every device, then let everybody ask for every metric."""
    says = [Say(device, clip) for device in devices for clip in clips]
    return (*says, *ask_metrics(devices))


def compare(
    harness: Harness, take: Callable[[Run], None] = lambda run: None
) -> Comparison:
    """One run for each voice, one with the first voice's requests in another order, and one in which they are
    said twice. Where two of the same length differ, all run again. `take` gets every run. Raises
    TargetError."""

    def run_once(scenario: Scenario) -> Run:
        # Each says requests that must be understood, so no controls are needed beside them.
        run = harness.run(scenario, controls=False)
        take(run)
        return run

    devices = [
        name
        for name in harness.hello.devices
        if not impossible(
            Query(name, actor="ours", role="", resource=""), harness.hello
        )
    ]
    plans = [plan(devices, clips) for clips in VOICES]
    plans.append(plan(devices, VOICES[0][::-1]))
    rounds: list[list[Look]] = []
    count = 0
    for _ in range(ROUNDS):
        runs = [run_once(scenario) for scenario in plans]
        count += len(runs)
        reason = next(
            (why for run in runs[1:] if (why := _why_unfit(runs[0], run))), ""
        )
        if reason:
            return Comparison(RunLikeness.UNKNOWN, reason, count)
        rounds.append([look_of(run) for run in runs])
        if all(look == rounds[-1][0] for look in rounds[-1]):
            break
    apart = _told_apart(rounds, count)
    if apart.likeness is RunLikeness.APART:
        return apart
    twice = run_once(plan(devices, VOICES[0] * 2))
    return _compare_counts(rounds[-1][0], twice, count + 1)


def _compare_counts(once: Look, twice: Run, count: int) -> Comparison:
    """Whether metrics only count. Where the same requests are said twice, the numbers in an aggregate grow;
    entries that become more are about single utterances."""
    if twice.dead:
        return Comparison(RunLikeness.UNKNOWN, twice.dead, count)
    before = {fact[1:4]: fact[4] for fact in once if fact[0] == "answer"}
    for fact in sorted(look_of(twice)):
        if fact[0] != "answer" or fact[1:4] not in before:
            continue
        entries = _count_entries(json.loads(fact[4]))
        more = entries - _count_entries(json.loads(before[fact[1:4]]))
        if more >= FEWEST_ENTRIES:
            _, who, device, resource, _ = fact
            reason = (
                f"{who} reads {resource} of {device} with {entries} entries, {more} more than"
                " when the same was said once: it holds single utterances"
            )
            return Comparison(RunLikeness.APART, reason, count)
    return Comparison(RunLikeness.ALIKE, "", count)


def _count_entries(data: object) -> int:
    """How many values there are in an answer, however it is built."""
    if isinstance(data, dict):
        return sum(map(_count_entries, data.values()))
    if isinstance(data, list):
        return sum(map(_count_entries, data))
    return 1


def _told_apart(rounds: Sequence[Sequence[Look]], count: int) -> Comparison:
    """A fact that is there in every round of one run and in no round of another."""
    always = [
        frozenset.intersection(*looks) for looks in zip(*rounds, strict=True)
    ]
    ever = [frozenset.union(*looks) for looks in zip(*rounds, strict=True)]
    for one in always:
        for other in ever:
            apart = sorted(one - other)
            if apart:
                return Comparison(
                    RunLikeness.APART, describe_fact(apart[0]), count
                )
    return Comparison(RunLikeness.ALIKE, "", count)


def _why_unfit(one: Run, other: Run) -> str:
    """Why two runs cannot be compared, or ''."""
    if one.dead or other.dead:
        return one.dead or other.dead
    intents = [
        sorted(_values_said(run, "nlu.intent", "intent"))
        for run in (one, other)
    ]
    if not intents[0] or intents[0] != intents[1]:
        return "the two runs were not understood, or not alike, so what differs may be due to that"
    looks = look_of(one)
    if not any(kind in ("answer", "metric") for kind, *_ in looks):
        return "no metric was seen"
    return ""


def _values_said(run: Run, event: str, attribute: str) -> list[str]:
    """Of the scenario alone: the positive controls say the same in all runs."""
    own = run.trace[slice(*run.span)]
    return [str(o.attributes.get(attribute)) for o in own if o.event == event]


def look_of(run: Run) -> Look:
    """What of a run reaches those who see metrics, and what metrics were stored."""
    metrics = Counter(
        (str(o.attributes.get("name")), str(o.attributes.get("level")))
        for o in run.trace
        if o.event == "metric"
    )
    answers = [
        (
            "answer",
            f"{step.actor} {step.role}",
            step.device,
            step.resource,
            json.dumps(data, sort_keys=True),
        )
        for step, data in run.journal
        if isinstance(step, Query) and data is not None
    ]
    counted = [
        ("metric", *key, str(number)) for key, number in metrics.items()
    ]
    return frozenset([*answers, *counted])


ONLY_THERE = "only where other words were said, in another voice or order"


def describe_fact(fact: tuple[str, ...]) -> str:
    """What tells two runs apart, as a sentence."""
    match fact:
        case ("answer", who, device, resource, data):
            return f"{who} reads {resource} of {device} as {data[:200]} {ONLY_THERE}"
        case ("metric", name, level, number):
            return f"the metric '{name}' ({level}) is stored {number} times {ONLY_THERE}"
    return f"a store holds '{fact[-1]}' only where other words were said in another voice or order"
