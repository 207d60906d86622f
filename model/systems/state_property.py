"""Promises about states, where a monitor speaks of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from earwitness.model.expression import (
    Const,
    Expression,
    evaluate,
    substitute,
)
from earwitness.model.logic.monitor import Monitor, Register
from earwitness.model.systems.transition_system import (
    TIME,
    System,
    Transition,
)

NOW = "now"
"""The instant of the last step, as a state property may name it."""


@dataclass(frozen=True, slots=True)
class StateProperty:
    """What must hold at first and after every step, over the state and `now`; `trigger` says in which
    states it is about something. It has no registers: the state remembers enough.

    >>> never_both = StateProperty(verdict=negation(all_of(muted, equals(rail, "on"))), trigger=muted)
    >>> never_both.registers
    ()
    """

    verdict: Expression
    trigger: Expression
    registers: ClassVar[tuple[Register, ...]] = ()
    updates: ClassVar[Mapping[str, Expression]] = {}


Promise = Monitor | StateProperty
"""What can be proved of a system."""


def after_step(condition: Expression, transition: Transition) -> Expression:
    """The condition on the state that a transition leads to, in terms of the state it starts from and
    `time`.

    >>> after_step(equals(muted, True), PRESS) == equals(negation(muted), True)
    True
    """
    return substitute(condition, {**transition.updates, NOW: TIME})


def holds_at_first(system: System, condition: Expression) -> bool:
    """Whether a condition holds in every first state, where the instant is 0.

    >>> holds_at_first(MICROPHONE_SYSTEM, UNSETTLED), holds_at_first(MICROPHONE_SYSTEM, muted)
    (True, False)
    """
    at_start = substitute(condition, {NOW: Const(0)})
    return all(evaluate(at_start, state) for state in system.first_states())
