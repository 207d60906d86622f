"""What of a system can matter to a monitor: its cone of influence. The rest of the system only lets time pass beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from earwitness.model.expression import Const, Expression, substitute, variables
from earwitness.model.logic.monitor import DEFAULT, Monitor
from earwitness.model.systems.transition_system import PASS_TIME, System, Transition
from earwitness.model.vocabulary import vocabulary

SILENT = "tick"
"""What a monitor is told at a silent step: that time passes."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a transition's event does to a monitor, over the state, the registers and `time`."""

    updates: Mapping[str, Expression]
    verdict: Expression
    trigger: Expression

    def reads(self) -> set[str]:
        return {v.name for e in (*self.updates.values(), self.verdict, self.trigger) for v in variables(e)}


def monitor_effect(transition: Transition, monitor: Monitor) -> Effect:
    """The monitor's expressions with the event and its attributes filled in."""
    seen: dict[str, Expression] = {"event": Const(transition.emits or SILENT)}
    for name, attribute in vocabulary().attributes.items():
        seen[f"has.{name}"] = Const(name in transition.attributes)
        seen[f"its.{name}"] = transition.attributes.get(name, Const(DEFAULT[attribute.sort]))
    return Effect(
        {r.name: substitute(monitor.updates[r.name], seen) for r in monitor.registers},
        substitute(monitor.verdict, seen),
        substitute(monitor.trigger, seen),
    )


def variable_names(expressions: Iterable[Expression]) -> set[str]:
    """The variables of some expressions."""
    return {v.name for e in expressions for v in variables(e)}


def timed_variables(system: System) -> set[str]:
    """The variables that limits speak of."""
    return variable_names(e for x in system.limits for e in (x.condition, x.since)) - {"time"}


def cone_of_influence(system: System, monitor: Monitor, seeds: Iterable[str] = ()) -> System:
    """The system without transitions and variables that cannot touch the monitor. It allows every run the whole does, as the monitor sees it;
    a limit on time is kept only where the cone already holds what it speaks of. With `timed(system)` among the `seeds` it allows no more than the whole."""
    idle = monitor_effect(PASS_TIME, monitor)
    effects = {t.name: monitor_effect(t, monitor) for t in system.transitions}
    kept = {t.name for t in system.transitions if effects[t.name] != idle or t.is_idle}
    known = {v.name for v in system.variables}
    wanted: set[str] = set(seeds)
    limits: tuple[str, ...] = ()
    while True:
        before = (len(wanted), len(kept), len(limits))
        for t in system.transitions:
            if t.name in kept:
                wanted |= (effects[t.name].reads() | variable_names([t.guard])) & known
                wanted |= variable_names(e for name, e in t.updates.items() if name in wanted) & known
            elif wanted & t.updates.keys():
                kept.add(t.name)
        limits = tuple(x.name for x in system.limits if variable_names([x.condition]) <= wanted | {"time"})
        wanted |= variable_names(x.since for x in system.limits if x.name in limits) & known
        if before == (len(wanted), len(kept), len(limits)):
            break
    return replace(
        system,
        variables=tuple(v for v in system.variables if v.name in wanted),
        transitions=tuple(
            replace(t, updates={n: e for n, e in t.updates.items() if n in wanted})
            for t in system.transitions
            if t.name in kept
        ),
        limits=tuple(x for x in system.limits if x.name in limits),
        hints=tuple(h for h in system.hints if variable_names([h]) <= wanted),
    )
