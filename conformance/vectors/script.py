"""From a run of the model to what a test does and should see: the environment's steps become stimuli, the
others expectations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from earwitness.conformance.stimuli.stimulus import (
    Call,
    Network,
    Power,
    Press,
    Query,
    Say,
    SetTone,
    Shutter,
    Skill,
    Stimulus,
    Wait,
)
from earwitness.conformance.vectors.vector import DEVICE, Expected, VectorStep
from earwitness.model.expression import Var
from earwitness.model.systems.runs import ModelRun, Step
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary

SKILL = "trivia"
"""The skill that is enabled and disabled."""
BROUGHT_ABOUT = frozenset({"any.follow_up", "any.role", "any.category"})
"""Free choices of the model that the stimuli themselves decide; what else it leaves open is not expected of
anybody."""


def _make_call(
    state: str, leg: str
) -> Callable[[Step, Observation], Stimulus]:
    return lambda step, seen: Call(DEVICE, state, leg)


def _make_query(step: Step, seen: Observation) -> Stimulus:
    asked = {
        name: str(seen.attributes[name])
        for name in ("actor", "role", "resource")
    }
    return Query(DEVICE, **asked)


STIMULI: Mapping[str, Callable[[Step, Observation], Stimulus]] = {
    "restore_power": lambda step, seen: Power(DEVICE, "restore"),
    "cut_power": lambda step, seen: Power(DEVICE, "cut"),
    "change_network": lambda step, seen: Network(
        DEVICE, "up" if seen.attributes["on"] else "down"
    ),
    "press_action": lambda step, seen: Press(DEVICE, "action"),
    "press_action_in_vain": lambda step, seen: Press(DEVICE, "action"),
    "press_microphone": lambda step, seen: Press(DEVICE, "microphone"),
    "move_shutter": lambda step, seen: Shutter(DEVICE),
    "organisation_controls_setting": lambda step, seen: SetTone(
        DEVICE, bool(seen.attributes["on"])
    ),
    "enable_skill": lambda step, seen: Skill(DEVICE, "enable", SKILL),
    "disable_skill": lambda step, seen: Skill(DEVICE, "disable", SKILL),
    "permit_access": _make_query,
    "deny_access": _make_query,
    "dial_device": _make_call("start", "device"),
    "dial_telephone": _make_call("start", "telephone"),
    "hang_up": _make_call("end", "device"),
}
"""What a test does where the model's environment, or somebody at its edge, takes a step. A wake word is
spoken: see `_clip`."""
BESIDE = frozenset(
    {
        "organisation_controls_setting",
        "enable_skill",
        "disable_skill",
        "permit_access",
        "deny_access",
    }
)
"""Steps that nobody need be quick for: in the middle of a request they are taken before it."""
HEARD = frozenset(
    {
        "capture_audio",
        "queue_audio",
        "capture_frame",
        "send_audio",
        "talk_to_device",
        "talk_to_telephone",
    }
)
"""Steps that need time to pass beside the device."""


def _clip_for(following: list[str], follow_up: bool) -> str:
    """What to say so that the run can go on as in the model: a request that somebody interrupts, one that is
    asked back, or a plain one."""
    for name in following:
        if name in STIMULI and name not in BESIDE:
            return "cut-short"
        if name in ("close_stream", "finish_request"):
            break
    return "question" if follow_up else "weather"


@dataclass
class _Script:
    steps: list[VectorStep] = field(default_factory=list)

    def does(
        self,
        stimulus: Stimulus,
        expected: tuple[Expected, ...] = (),
        beside: bool = False,
    ) -> None:
        at = len(self.steps)
        if beside and self.steps and isinstance(self.steps[-1].stimulus, Say):
            at -= 1
        self.steps.insert(at, VectorStep(stimulus, expected))

    def sees(self, expected: Expected) -> None:
        if self.steps:
            last = self.steps[-1]
            self.steps[-1] = VectorStep(
                last.stimulus, (*last.expected, expected)
            )

    @property
    def quiet(self) -> bool:
        return not self.steps or not isinstance(self.steps[-1].stimulus, Say)


def script_of_run(path: ModelRun) -> tuple[VectorStep, ...]:
    """What a test does, and should see after each thing done, to follow a run of the model."""
    made, names, since = _Script(), [s.transition.name for s in path.steps], 0
    follow_up = any(
        s.transition.name == "answer"
        and s.chosen.get("any.follow_up") is True
        for s in path.steps
    )
    for number, (step, seen) in enumerate(
        zip(path.steps, path.observations(), strict=True)
    ):
        name = step.transition.name
        told = () if seen.event == "tick" else (_expect_event(step, seen),)
        if name in STIMULI and name not in BESIDE:
            # What is said takes its own time.
            if seen.time > since and made.quiet:
                made.does(Wait(DEVICE, seen.time - since))
            since = seen.time
        if name == "hear_wake_word":
            made.does(
                Say(DEVICE, _clip_for(names[number + 1 :], follow_up)), told
            )
        elif name in STIMULI:
            made.does(STIMULI[name](step, seen), told, name in BESIDE)
        else:
            if name in HEARD and made.quiet:
                made.does(Say(DEVICE, "quiet"))
            for one in told:
                made.sees(one)
    return tuple(made.steps)


def _expect_event(step: Step, seen: Observation) -> Expected:
    """The event with the attributes that can be known beforehand: truths and closed choices, except what the
    model leaves open."""
    kept = {}
    for name, value in seen.attributes.items():
        source, declared = (
            step.transition.attributes[name],
            vocabulary().attributes[name],
        )
        closed = isinstance(value, bool) or declared.choices
        open_ = (
            isinstance(source, Var)
            and source.name.startswith("any.")
            and source.name not in BROUGHT_ABOUT
        )
        if closed and not open_ and name != "kind":
            kept[name] = value
    return Expected(seen.event, kept)
