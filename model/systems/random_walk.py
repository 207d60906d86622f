"""Random runs of a system beside a promise, with time passing: many reachable states, cheaply. They
refute guesses and prove nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from earwitness.model.expression import (
    Expression,
    Sort,
    Value,
    Var,
    python_source,
)
from earwitness.model.systems.cone import effect_on
from earwitness.model.systems.runs import State, free_variables
from earwitness.model.systems.state_property import NOW, Promise
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    System,
    Transition,
)

LONGER_THAN_ANY_BOUND = 40_000_000
"""Microseconds a walk may let pass where no limit says less."""
SHORT_PAUSE = 150_000
"""Microseconds: about a reaction time, so that walks also act between two bounds."""
LOOKING_BACK = 500_000
"""Microseconds: a free instant may lie so far in the past, as a pre-roll does."""
STEPS_OF_AN_EPISODE = 50
"""Long enough for two requests one after the other."""
MOSTLY = 0.8
"""How often a walk prefers: to go on from an earlier state, the newest of these, a step of the system
to one of the environment. Tried with 0.5 and 0.9: fewer mutants were noticed."""

Evaluate = Callable[[Mapping[str, Value]], Value]
Pair = tuple[str, Value, str, Value]


def compile_expression(expression: Expression) -> Evaluate:
    """The expression as a Python function of its variables' values.

    >>> compile_expression(UNSETTLED)({"muted": True, "rail": "on"})
    True
    """
    source = python_source(expression, lambda name: f"s[{name!r}]")
    function: Evaluate = eval("lambda s: " + source)
    return function


def explore(
    system: System, promise: Promise, prefix: str, steps: int, seed: int = 0
) -> Iterator[State]:
    """The states of one walk after another, registers named with `prefix`, the instant as `now`.

    >>> states = explore(MICROPHONE_SYSTEM, KEPT_PROMISE, prefix="r!", steps=50)
    >>> {state["rail"] for state in states} == {"off", "on"}
    True
    """
    for state, _ in _Explorer(
        system=system, promise=promise, prefix=prefix, seed=seed
    ).walk(steps):
        yield state


def walk_violates(
    system: System, promise: Promise, steps: int, seed: int = 0
) -> bool:
    """Whether a random walk of so many steps breaks the promise.

    >>> walk_violates(MICROPHONE_SYSTEM, BROKEN_PROMISE, steps=200)
    True
    >>> walk_violates(MICROPHONE_SYSTEM, KEPT_PROMISE, steps=200)
    False
    """
    return not all(
        holds
        for _, holds in _Explorer(
            system=system, promise=promise, prefix="", seed=seed
        ).walk(steps)
    )


def diverse_states(
    system: System, promise: Promise, steps: int, seed: int = 0
) -> list[State]:
    """States that between them hold every pair of truths or texts that a random walk found together.
    The promise's registers and `now` are among their variables.

    >>> found = diverse_states(MICROPHONE_SYSTEM, KEPT_PROMISE, steps=200)
    >>> sorted({(state["muted"], state["rail"]) for state in found})
    [(False, 'off'), (False, 'on'), (True, 'off'), (True, 'on')]
    """
    explorer = _Explorer(system=system, promise=promise, prefix="", seed=seed)
    for _ in explorer.walk(steps):
        pass
    return list(
        {
            id(state): state for state in explorer.archive.states.values()
        }.values()
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A transition beside the promise, compiled."""

    transition: Transition
    guard: Evaluate
    updates: tuple[tuple[str, Evaluate], ...]
    free: tuple[Var, ...]
    verdict: Evaluate

    def successor(self, values: Mapping[str, Value]) -> State:
        return {name: update(values) for name, update in self.updates}


@dataclass
class _Archive:
    """For each pair of truths or texts that held together, the first state in which they did. Later
    walks start there, or the deep states would hardly be seen (Ecoffet and others 2021)."""

    marks: tuple[str, ...]
    states: dict[Pair, State] = field(default_factory=dict)
    fresh: list[Pair] = field(default_factory=list)

    def record(self, before: State, after: State) -> None:
        for moved in (
            name for name in self.marks if after[name] != before[name]
        ):
            for other in self.marks:
                pair = (moved, after[moved], other, after[other])
                if pair not in self.states:
                    self.states[pair] = after
                    self.fresh.append(pair)

    def pick(self, generator: random.Random) -> State:
        """What no walk began from comes first, the latest before the others: it is rare, and deep."""
        if self.fresh and generator.random() < MOSTLY:
            return self.states[self.fresh.pop()]
        return self.states[generator.choice(list(self.states))]


class _Explorer:
    def __init__(
        self, system: System, promise: Promise, prefix: str, seed: int
    ) -> None:
        self.system, self.promise, self.prefix = system, promise, prefix
        self.generator = random.Random(seed)
        self.rows = [self.compiled_row(t) for t in system.transitions]
        self.own_rows = [
            row
            for row in self.rows
            if row.transition.component != ENVIRONMENT
        ]
        self.limits = [
            (
                compile_expression(x.condition),
                compile_expression(x.since),
                x.bound,
            )
            for x in system.limits
        ]
        marks = (
            v.name
            for v in system.variables
            if v.values or v.sort is Sort.BOOL
        )
        self.archive = _Archive(tuple(marks))
        self.first_states = list(system.first_states())

    def compiled_row(self, transition: Transition) -> _Row:
        effect = effect_on(self.promise, transition)
        updates = [*transition.updates.items()]
        updates += [
            (self.prefix + name, e) for name, e in effect.updates.items()
        ]
        return _Row(
            transition=transition,
            guard=compile_expression(transition.guard),
            updates=tuple(
                (name, compile_expression(e)) for name, e in updates
            ),
            free=free_variables(transition),
            verdict=compile_expression(effect.verdict),
        )

    def walk(self, steps: int) -> Iterator[tuple[State, bool]]:
        """Each state with whether the promise held at the step to it."""
        state = self.first_state()
        for number in range(steps):
            if number % STEPS_OF_AN_EPISODE == 0:
                state = self.begin_episode()
                yield state, True
            found = self.step(state)
            if found is not None:
                self.archive.record(state, found[0])
                state = found[0]
                yield found

    def first_state(self) -> State:
        state = self.generator.choice(self.first_states)
        registers = {
            self.prefix + r.name: r.initial for r in self.promise.registers
        }
        return state | registers | {NOW: 0}

    def begin_episode(self) -> State:
        if self.archive.states and self.generator.random() < MOSTLY:
            return self.archive.pick(self.generator)
        return self.first_state()

    def step(self, state: State) -> tuple[State, bool] | None:
        """A step that is enabled, chosen at random, with whether the promise held; None where time has
        stopped or nothing can happen."""
        now = int(state[NOW])
        latest = self.latest_instant(state, now)
        if latest < now:
            return None
        soon = min(latest, now + self.generator.randrange(SHORT_PAUSE))
        # Three times in five nothing passes: what happens at one instant is where most faults are.
        time = self.generator.choice((now, now, now, soon, latest))
        for row in self.shuffled_rows():
            values = self.values_for(row, state, time)
            if row.guard(values):
                holds = bool(row.verdict(values))
                return {**state, **row.successor(values), NOW: time}, holds
        return None

    def latest_instant(self, state: State, now: int) -> int:
        due = (
            int(since(state)) + bound
            for condition, since, bound in self.limits
            if condition(state)
        )
        return min(due, default=now + LONGER_THAN_ANY_BOUND)

    def shuffled_rows(self) -> list[_Row]:
        rows = list(
            self.own_rows if self.generator.random() < MOSTLY else self.rows
        )
        self.generator.shuffle(rows)
        return rows

    def values_for(self, row: _Row, state: State, time: int) -> State:
        chosen = {
            v.name: choose_freely(
                self.generator, self.system, variable=v, time=time
            )
            for v in row.free
        }
        plain = {
            r.name: state[self.prefix + r.name]
            for r in self.promise.registers
        }
        return {**state, **plain, **chosen, "time": time}


def choose_freely(
    generator: random.Random, system: System, variable: Var, time: int
) -> Value:
    """A value for a variable that the environment chooses: of a number one of the few that matter.

    >>> number = Var("asked_at", Sort.INT)
    >>> choose_freely(random.Random(0), MICROPHONE_SYSTEM, number, 7) in (0, 1, 7)
    True
    """
    match variable.sort:
        case Sort.BOOL:
            return generator.random() < 0.5
        case Sort.TEXT:
            return generator.choice(system.free[variable.name])
        case Sort.INT:
            return generator.choice((0, 1, time, max(0, time - LOOKING_BACK)))
