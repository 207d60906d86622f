"""Search: a fixed tour that exercises every clause, then Hypothesis looking for a sequence that breaks one; failures shrink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from earwitness.conformance.running.harness import Harness, Run
from earwitness.conformance.stimuli.stimulus import (
    RESOURCES,
    ROLES,
    Call,
    Choose,
    Kill,
    Network,
    Power,
    Press,
    Query,
    Say,
    Scenario,
    SetTone,
    Shutter,
    Skill,
    Stimulus,
    needs,
)
from earwitness.model.trace import Observation

DEVICE = st.sampled_from(["d1", "d2"])
REFUSED = ("bedtime_stories", "horoscope_by_birthday", "after_dark", "gift_shop", "unreviewed")
"""Skills that no property may enable: one of each refused kind, and one that nobody certified."""


def questions(device: str) -> list[Stimulus]:
    """Everybody asks for everything, both those the device belongs to and others."""
    return [
        Query(device, actor, role, resource)
        for actor in ("ours", "theirs")
        for role in ROLES
        for resource in RESOURCES
    ]


def tour(devices: tuple[str, ...]) -> Scenario:
    """Every promise exercised once on every device: muting while idle and in mid-request, tone, follow-up, shutter, power and network, calls; and, once, every
    question to the property's side and every skill it should refuse."""
    steps: list[Stimulus] = []
    for d in devices:
        steps += [
            Say(d, "chatter"), Say(d, "other-word"), SetTone(d, True), Say(d, "weather-2"), SetTone(d, False), Say(d, "question"),
            Press(d, "action"), Say(d, "chatter"), Shutter(d), Say(d, "quiet"), Shutter(d), Say(d, "timer"), Say(d, "cut-short"),
            Press(d, "microphone"), Say(d, "weather-3"), Kill(d), Say(d, "weather"), Power(d, "cut"), Power(d, "restore"),
            Press(d, "microphone"), Say(d, "cut-short"), Network(d, "down"), Say(d, "weather"), Network(d, "up"), Say(d, "quiet"),
            Choose(d, "computer"), Say(d, "weather"), Say(d, "computer"), Choose(d, "alexa"),
            Call(d, "start", "device"), Say(d, "chatter"), Call(d, "end", "device"), Call(d, "start", "telephone"), Say(d, "chatter"),
            Press(d, "microphone"), Say(d, "quiet"), Press(d, "microphone"), Call(d, "end", "telephone"),
        ]  # fmt: skip
    for d in devices[:1]:
        steps += [
            Skill(d, "disable", "weather"),
            Say(d, "weather"),
            Skill(d, "enable", "weather"),
            *(Skill(d, "enable", name) for name in REFUSED),
        ]
        steps += questions(d)
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class Failure:
    """A scenario, as short as it got, that violates a clause; `at` is the violation's place in `trace`."""

    clause: str
    scenario: Scenario
    trace: tuple[Observation, ...]
    at: int


def possible(stimulus: Stimulus, harness: Harness) -> bool:
    needed = needs(stimulus)
    return stimulus.device in harness.hello.devices and (
        needed is None or harness.hello.capabilities.get(needed, False)
    )


def shrink(harness: Harness, clause: str, run: Run, budget: int = 24) -> Failure:
    """Leave out what came after the violation, then other steps, halves first, while the clause is still violated; at most `budget` runs."""
    best = run
    needed = sum(mark <= (run.watch.records[clause].violated_at or 0) for mark in run.marks) + 1
    if needed < len(run.scenario):
        budget -= 1
        tried = harness.run(run.scenario[:needed])
        best = tried if clause in tried.watch.violated else best
    size = max(1, len(best.scenario) // 2)
    while budget > 0:
        shorter = None
        for begin in range(0, len(best.scenario), size):
            if budget <= 0:
                break
            budget -= 1
            tried = harness.run(best.scenario[:begin] + best.scenario[begin + size :])
            if clause in tried.watch.violated:
                shorter = tried
                break
        if shorter is not None:
            best = shorter
            size = min(size, max(1, len(best.scenario) // 2))
        elif size == 1:
            break
        else:
            size //= 2
    at = best.watch.records[clause].violated_at
    assert at is not None
    return Failure(clause, best.scenario, tuple(best.watch.trace), at)


def search(harness: Harness, examples: int, steps: int, seen: Callable[[Run], None]) -> None:
    """Hypothesis builds sequences of stimuli; each finished one is run and handed to `seen`. Same seed, same search."""

    class Stimuli(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.steps: list[Stimulus] = []
            self.muted = False

        def add(self, *stimuli: Stimulus) -> None:
            self.steps += [s for s in stimuli if possible(s, harness)]

        @rule(
            device=DEVICE,
            clip=st.sampled_from(
                ["weather", "question", "timer", "cut-short", "other-word", "chatter", "quiet"]
            ),
        )
        def say(self, device: str, clip: str) -> None:
            self.add(Say(device, clip))

        @rule(device=DEVICE)
        def press_microphone(self, device: str) -> None:
            self.add(Press(device, "microphone"))

        @rule(device=DEVICE)
        def press_action(self, device: str) -> None:
            self.add(Press(device, "action"), Say(device, "quiet"))

        @rule(device=DEVICE, up=st.booleans())
        def network(self, device: str, up: bool) -> None:
            self.add(Network(device, "up" if up else "down"))

        @rule(device=DEVICE)
        def kill(self, device: str) -> None:
            self.add(Kill(device))

        @precondition(lambda self: len(self.steps) < steps)
        @rule(device=DEVICE, on=st.booleans())
        def tone(self, device: str, on: bool) -> None:
            self.add(SetTone(device, on))

        @rule(device=DEVICE, word=st.sampled_from(["computer", "alexa"]))
        def choose(self, device: str, word: str) -> None:
            self.add(Choose(device, word), Say(device, "computer"))

        @rule(device=DEVICE, leg=st.sampled_from(["device", "telephone"]))
        def call(self, device: str, leg: str) -> None:
            self.add(Call(device, "start", leg), Say(device, "chatter"), Call(device, "end", leg))

        @rule(
            device=DEVICE,
            actor=st.sampled_from(["ours", "theirs"]),
            role=st.sampled_from(ROLES),
            resource=st.sampled_from(RESOURCES),
        )
        def query(self, device: str, actor: str, role: str, resource: str) -> None:
            self.add(Query(device, actor, role, resource))

        @rule(device=DEVICE)
        def shutter(self, device: str) -> None:
            self.add(Shutter(device))

        def teardown(self) -> None:
            if self.steps:
                seen(harness.run(tuple(self.steps)))

    quiet = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(Stimuli, settings=quiet)
