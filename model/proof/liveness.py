"""That something stays possible: transitions that must be enabled, and that time never stops."""

from __future__ import annotations

from dataclasses import replace

from earwitness.model.expression import (
    FALSE,
    Const,
    Expression,
    at_most,
    conjunction,
    disjunction,
    implication,
    negation,
    plus,
    substitute,
)
from earwitness.model.systems.runs import free_variables
from earwitness.model.systems.state_property import NOW, StateProperty
from earwitness.model.systems.transition_system import (
    TIME,
    Enabled,
    Limit,
    System,
    count,
)


def enabled_property(system: System, wanted: Enabled) -> StateProperty:
    """In every reachable state where it is wanted, the transition can happen with the free choices
    given; if exactly, in no other.

    >>> enabled_property(MICROPHONE_SYSTEM, Enabled("switch", wherever=UNSETTLED)).trigger == UNSETTLED
    True
    """
    guard = substitute(
        system.transition(wanted.transition).guard,
        {**wanted.chosen, "time": count(NOW)},
    )
    possible = implication(wanted.wherever, guard)
    if wanted.exactly:
        possible = conjunction(possible, implication(guard, wanted.wherever))
    return StateProperty(possible, wanted.wherever)


def progress_properties(system: System) -> dict[str, StateProperty]:
    """That time never stops: no active limit is ever past, and whoever owes the step can take it at the
    latest instant, so that the limit is no longer active or is moved. Without this, deadlines would
    hold because nothing happens any more.

    >>> sorted(progress_properties(MICROPHONE_SYSTEM))
    ['progress.rail.in_time', 'progress.rail.possible']
    """
    found = {}
    for limit in system.limits:
        found[f"progress.{limit.name}.in_time"] = StateProperty(
            never_past(limit), limit.condition
        )
        found[f"progress.{limit.name}.possible"] = StateProperty(
            implication(limit.condition, can_be_met(system, limit)),
            limit.condition,
        )
    return found


def latest_instant(limit: Limit) -> Expression:
    """When the limit's duty is due.

    >>> (limit,) = MICROPHONE_SYSTEM.limits
    >>> latest_instant(limit) == plus(pressed_at, Const(100_000))
    True
    """
    return plus(limit.since, Const(limit.bound))


def never_past(limit: Limit) -> Expression:
    """While the limit is active, its latest instant has not gone by.

    >>> (limit,) = MICROPHONE_SYSTEM.limits
    >>> in_time = StateProperty(never_past(limit), trigger=limit.condition)
    >>> decide(MICROPHONE_SYSTEM, in_time).standing.value
    'proved'
    """
    return implication(
        limit.condition, at_most(count(NOW), latest_instant(limit))
    )


def can_be_met(system: System, limit: Limit) -> Expression:
    """At its latest instant, steps of `discharge` can end the limit or move it, one after another where
    one does not suffice.

    Raises ValueError where a discharge depends on free choices: it would not be the duty's own step.

    >>> (limit,) = MICROPHONE_SYSTEM.limits
    >>> possible = StateProperty(can_be_met(MICROPHONE_SYSTEM, limit), trigger=limit.condition)
    >>> decide(MICROPHONE_SYSTEM, possible).standing.value
    'proved'
    """
    due = latest_instant(limit)
    # Ended, or due later than it was.
    met = disjunction(
        negation(limit.condition),
        negation(at_most(latest_instant(limit), TIME)),
    )
    for _ in limit.discharge:
        met = disjunction(
            met, *(_goal_after(system, name, met) for name in limit.discharge)
        )
    return substitute(met, {"time": due})


def _goal_after(system: System, name: str, goal: Expression) -> Expression:
    """The transition can happen now, and the goal holds after it."""
    transition = system.transition(name)
    if free_variables(replace(transition, attributes={})):
        raise ValueError(
            f"{name} discharges a limit and depends on a free choice; the duty must be its own"
        )
    after = substitute(goal, transition.updates)
    return FALSE if after == FALSE else conjunction(transition.guard, after)
