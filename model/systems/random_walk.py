"""Random runs of a system beside a monitor, with time passing: many reachable states, cheaply. They refute guesses; they prove nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from earwitness.model.expression import Expression, Sort, Value, Var, python_source, variables
from earwitness.model.logic.monitor import Monitor
from earwitness.model.systems.cone import monitor_effect
from earwitness.model.systems.transition_system import ENVIRONMENT, System, Transition

State = dict[str, Value]
Mark = tuple[str, Value, str, Value]
Archive = dict[Mark, State]
"""For each pair of truths or texts that held together, the first state in which they did."""
LONG = 40_000_000
"""Microseconds: longer than any bound."""
EPISODE = 50
"""Steps of one walk."""


def compile_expression(expression: Expression) -> Callable[[Mapping[str, Value]], Value]:
    """The expression as a Python function of its variables' values."""
    made: Callable[[Mapping[str, Value]], Value] = eval(
        "lambda s: " + python_source(expression, lambda name: f"s[{name!r}]")
    )
    return made


def free_variables(transition: Transition) -> tuple[Var, ...]:
    """What may be chosen freely when the transition happens, by name."""
    expressions = (transition.guard, *transition.updates.values(), *transition.attributes.values())
    return tuple(
        sorted(
            {v for e in expressions for v in variables(e) if v.name.startswith("any.")}, key=lambda v: v.name
        )
    )


def explore(system: System, monitor: Monitor, prefix: str, steps: int, seed: int = 0) -> Iterator[State]:
    """The states of one walk after another, registers named with `prefix`, the instant as `now`."""
    for state, _ in _walks(system, monitor, prefix, steps, seed, {}):
        yield state


def walk_violates(system: System, monitor: Monitor, steps: int, seed: int = 0) -> bool:
    """Whether a random walk of so many steps breaks the monitor's verdict."""
    return not all(holds for _, holds in _walks(system, monitor, "", steps, seed, {}))


def diverse_states(system: System, monitor: Monitor, steps: int, seed: int = 0) -> list[State]:
    """States that between them hold every pair of truths or texts that a random walk came upon; the monitor's registers and `now` are among their variables."""
    archive: Archive = {}
    for _ in _walks(system, monitor, "", steps, seed, archive):
        pass
    return list({id(s): s for s in archive.values()}.values())


def _walks(
    system: System, monitor: Monitor, prefix: str, steps: int, seed: int, archive: Archive
) -> Iterator[tuple[State, bool]]:
    """Each state with what the monitor said of the step to it. Later walks start where an earlier one came upon something new, or the deep states would
    hardly be seen (Ecoffet and others 2021)."""
    generator = random.Random(seed)
    rows = []
    for t in system.transitions:
        seen = monitor_effect(t, monitor)
        updates = [(n, compile_expression(e)) for n, e in t.updates.items()] + [
            (prefix + n, compile_expression(e)) for n, e in seen.updates.items()
        ]
        rows.append(
            (t, compile_expression(t.guard), updates, free_variables(t), compile_expression(seen.verdict))
        )
    limits = [(compile_expression(x.condition), compile_expression(x.since), x.bound) for x in system.limits]
    quiet = [row for row in rows if row[0].component != ENVIRONMENT]
    marks = [v.name for v in system.variables if v.values or v.sort is Sort.BOOL]
    fresh: list[Mark] = []
    state: State = {}
    for step in range(steps):
        if step % EPISODE == 0:
            state = (
                {v.name: generator.choice(v.initial) for v in system.variables}
                | {prefix + r.name: r.initial for r in monitor.registers}
                | {"now": 0}
            )
            if archive and generator.random() < 0.8:
                # What was never begun from comes first, the latest before the others: it is rare, and deep.
                state = archive[
                    fresh.pop() if fresh and generator.random() < 0.8 else generator.choice(list(archive))
                ]
            yield state, True
        now = int(state["now"])
        latest = min(
            (int(since(state)) + bound for condition, since, bound in limits if condition(state)),
            default=now + LONG,
        )
        if latest < now:
            continue
        time = generator.choice((now, now, now, min(latest, now + generator.randrange(150_000)), latest))
        some = list(quiet if generator.random() < 0.8 else rows)
        generator.shuffle(some)
        registers = (
            {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)} if prefix else {}
        )
        for _, guard, updates, free, verdict in some:
            values = (
                state | registers | {v.name: _pick(generator, v, system, time) for v in free} | {"time": time}
            )
            if guard(values):
                holds = bool(verdict(values))
                before, state = state, state | {n: update(values) for n, update in updates} | {"now": time}
                for moved in (n for n in marks if state[n] != before[n]):
                    for other in marks:
                        mark = (moved, state[moved], other, state[other])
                        if mark not in archive:
                            archive[mark] = state
                            fresh.append(mark)
                yield state, holds
                break


def _pick(generator: random.Random, variable: Var, system: System, time: int) -> Value:
    if variable.sort is Sort.BOOL:
        return generator.random() < 0.5
    if variable.sort is Sort.TEXT:
        return generator.choice(system.free[variable.name])
    return generator.choice((0, 1, time, max(0, time - 500_000)))
