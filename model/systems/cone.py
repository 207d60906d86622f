"""What of a system can matter to a promise: its cone of influence. The rest of the system only lets
time pass beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from earwitness.model.expression import (
    FALSE,
    TRUE,
    Const,
    Expression,
    substitute,
    variables,
)
from earwitness.model.logic.monitor import DEFAULT
from earwitness.model.systems.state_property import (
    Promise,
    StateProperty,
    after_step,
)
from earwitness.model.systems.transition_system import (
    PASS_TIME,
    Limit,
    System,
    Transition,
)
from earwitness.model.vocabulary import vocabulary

SILENT = "tick"
"""What a monitor is told at a silent step: that time passes."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a transition does to a promise, over the state before it, the registers and `time`.

    >>> sorted(effect_on(KEPT_PROMISE, SWITCH).reads())  # the switch, and a register of the promise
    ['muted', 'r0']
    """

    updates: Mapping[str, Expression]
    verdict: Expression
    trigger: Expression

    def reads(self) -> set[str]:
        return variable_names(
            (*self.updates.values(), self.verdict, self.trigger)
        )


def observed_inputs(transition: Transition) -> dict[str, Expression]:
    """What a monitor is told of a transition: its event, and each attribute of the vocabulary with
    whether it is there.

    >>> inputs = observed_inputs(SWITCH)
    >>> inputs["event"].value, inputs["has.on"].value, inputs["has.bytes"].value
    ('microphone.power', True, False)
    """
    shown = transition.attributes
    return {
        **_inputs_without_attributes(),
        "event": Const(transition.emits or SILENT),
        **{f"has.{name}": TRUE for name in shown},
        **{f"its.{name}": value for name, value in shown.items()},
    }


@lru_cache(maxsize=1)
def _inputs_without_attributes() -> Mapping[str, Expression]:
    """Each attribute of the vocabulary, not there."""
    inputs: dict[str, Expression] = {}
    for name, attribute in vocabulary().attributes.items():
        inputs[f"has.{name}"] = FALSE
        inputs[f"its.{name}"] = Const(DEFAULT[attribute.sort])
    return inputs


def effect_on(promise: Promise, transition: Transition) -> Effect:
    """The promise's expressions with the transition filled in: its event for a monitor, its updates for
    a state property.

    >>> effect_on(BROKEN_PROMISE, PRESS).verdict  # a press alone breaks nothing
    Const(value=True)
    >>> verdict = effect_on(BROKEN_PROMISE, SWITCH).verdict
    >>> from earwitness.model.expression import evaluate
    >>> evaluate(verdict, {"muted": True})  # but a switch while muted does
    False
    """
    if isinstance(promise, StateProperty):
        verdict = after_step(promise.verdict, transition)
        return Effect({}, verdict, after_step(promise.trigger, transition))
    inputs = observed_inputs(transition)
    return Effect(
        updates={
            r.name: substitute(promise.updates[r.name], inputs)
            for r in promise.registers
        },
        verdict=substitute(promise.verdict, inputs),
        trigger=substitute(promise.trigger, inputs),
    )


def variable_names(expressions: Iterable[Expression]) -> set[str]:
    """The variables of some expressions.

    >>> sorted(variable_names([SWITCH.guard]))
    ['muted', 'rail']
    """
    return {v.name for e in expressions for v in variables(e)}


def timed_variables(system: System) -> set[str]:
    """The variables that limits speak of.

    >>> sorted(timed_variables(MICROPHONE_SYSTEM))
    ['muted', 'pressed_at', 'rail']
    """
    spoken_of = (e for x in system.limits for e in (x.condition, x.since))
    return variable_names(spoken_of) - {"time"}


def cone_of_influence(
    system: System, promise: Promise, seeds: Iterable[str] = ()
) -> System:
    """The system without transitions and variables that cannot touch the promise. It allows every run
    the whole does, as the promise sees it; a limit on time is kept only where the cone already holds
    what it speaks of. With `timed_variables(system)` among the `seeds` it allows no more than the
    whole.

    >>> cone = cone_of_influence(MICROPHONE_SYSTEM, BROKEN_PROMISE)
    >>> [t.name for t in cone.transitions]  # nothing is captured in it
    ['press', 'switch', 'pass_time']
    """
    cone = _Cone(system, promise, set(seeds))
    while cone.grows():
        pass
    return cone.restricted_system()


class _Cone:
    """Variables, transitions and limits that matter, grown until nothing is missing."""

    def __init__(
        self, system: System, promise: Promise, seeds: set[str]
    ) -> None:
        self.system = system
        self.effects = {
            t.name: effect_on(promise, t) for t in system.transitions
        }
        idle = effect_on(promise, PASS_TIME)
        self.transitions = {
            t.name
            for t in system.transitions
            if t.is_idle or self.effects[t.name] != idle
        }
        self.declared = {v.name for v in system.variables}
        self.wanted = seeds | variable_names([system.initially])
        self.limits: set[str] = set()

    def size(self) -> tuple[int, int, int]:
        return len(self.wanted), len(self.transitions), len(self.limits)

    def grows(self) -> bool:
        before = self.size()
        for transition in self.system.transitions:
            self.take(transition)
        for limit in self.system.limits:
            self.consider(limit)
        return self.size() != before

    def take(self, transition: Transition) -> None:
        if self.wanted & transition.updates.keys():
            self.transitions.add(transition.name)
        if transition.name in self.transitions:
            needed = [
                e
                for name, e in transition.updates.items()
                if name in self.wanted
            ]
            read = self.effects[transition.name].reads() | variable_names(
                [transition.guard, *needed]
            )
            self.wanted |= read & self.declared

    def consider(self, limit: Limit) -> None:
        if variable_names([limit.condition]) <= self.wanted | {"time"}:
            self.limits.add(limit.name)
            self.wanted |= variable_names([limit.since]) & self.declared

    def restricted(self, transition: Transition) -> Transition:
        updates = {
            name: e
            for name, e in transition.updates.items()
            if name in self.wanted
        }
        return replace(transition, updates=updates)

    def restricted_system(self) -> System:
        kept = [
            t for t in self.system.transitions if t.name in self.transitions
        ]
        return replace(
            self.system,
            variables=tuple(
                v for v in self.system.variables if v.name in self.wanted
            ),
            transitions=tuple(self.restricted(t) for t in kept),
            limits=tuple(
                x for x in self.system.limits if x.name in self.limits
            ),
            hints=tuple(
                h
                for h in self.system.hints
                if variable_names([h]) <= self.wanted
            ),
        )
