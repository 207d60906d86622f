"""Shortest runs by explicit breadth-first search: no solver is asked, and no time passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from earwitness.model.expression import (
    FALSE,
    TRUE,
    Const,
    Expression,
    at_most,
    conjunction,
    negation,
    plus,
    python_source,
    substitute,
)
from earwitness.model.systems.cone import Effect, cone_of_influence, effect_on
from earwitness.model.systems.runs import (
    ModelRun,
    Step,
    complete_run,
    sample_choices,
)
from earwitness.model.systems.state_property import (
    NOW,
    Promise,
    StateProperty,
)
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    System,
    Transition,
    count,
    counts,
    flag,
    flags,
)

STATE_LIMIT = 400_000
"""States: where a breadth-first search gives up. A few hundred megabytes of memory, and some seconds."""
SOON = 20_000
"""States that are looked at before runs in which the environment does little are tried: a second."""
MOST_DISTURBANCES = 4
"""Steps of the environment in a run that is looked for where there is too much to look at everything:
power, a press, a loss, and its end."""
DISTURBANCES = "disturbances"
"""Counts them."""
TAKEN = "taken"
"""A flag that only the transition searched for sets."""


class Goal(Enum):
    """What a search looks for in a promise.

    >>> effect = effect_on(BROKEN_PROMISE, SWITCH)
    >>> from earwitness.model.expression import evaluate
    >>> evaluate(Goal.VIOLATED.condition(effect), {"muted": True})
    True
    """

    EXERCISED = "its trigger happened"
    VIOLATED = "its verdict is false"

    def condition(self, effect: Effect) -> Expression:
        return (
            effect.trigger
            if self is Goal.EXERCISED
            else negation(effect.verdict)
        )


def find_run_taking(
    system: System, transition: Transition, limit: int = STATE_LIMIT
) -> ModelRun | None:
    """A short run that ends with the transition; None where none was found among so many states.

    >>> run = find_run_taking(MICROPHONE_SYSTEM, CAPTURE)
    >>> [step.transition.name for step in run.steps]
    ['switch', 'capture']
    """
    if substitute(transition.guard, constants_of(system)) == FALSE:
        return None
    if transition.is_idle:
        # Time may always pass.
        return complete_run(system, ModelRun({}, (Step(transition, 0, {}),)))
    # The mark is set at any instant the transition happens, and nothing else sets it.
    marked = replace(transition, updates={**transition.updates, TAKEN: TRUE})
    rows = tuple(
        marked if t.name == transition.name else t for t in system.transitions
    )
    variables = (*system.variables, *flags(flag(TAKEN)))
    marked_system = replace(system, variables=variables, transitions=rows)
    was_taken = StateProperty(TRUE, flag(TAKEN))
    return complete_run(
        system,
        find_short_run(
            system=marked_system,
            promise=was_taken,
            goal=Goal.EXERCISED,
            limit=limit,
        ),
    )


def find_run_exercising(
    system: System, promise: Promise, limit: int = STATE_LIMIT
) -> ModelRun | None:
    """A short run that exercises the promise; None where none was found among so many states.

    >>> run = find_run_exercising(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> [seen.event for seen in run.observations()]
    ['microphone.power', 'audio.captured']
    """
    return complete_run(
        system,
        find_short_run(
            system=system, promise=promise, goal=Goal.EXERCISED, limit=limit
        ),
    )


def find_short_run(
    system: System, promise: Promise, goal: Goal, limit: int = STATE_LIMIT
) -> ModelRun | None:
    """A shortest run as wanted where it is found soon. Where there is much to look at, a run in which the
    environment does little: one step, two, three; then all the rest. None where none was found.

    >>> find_short_run(MICROPHONE_SYSTEM, KEPT_PROMISE, Goal.VIOLATED) is None
    True
    """
    search = _Search(cone_of_influence(system, promise), promise, goal)
    found = search.run(SOON)
    if found is not None or not search.level:
        return found
    for most in range(1, MOST_DISTURBANCES + 1):
        calm = with_few_disturbances(system, most)
        found = find_shortest_run(
            system=calm, promise=promise, goal=goal, limit=limit
        )
        if found is not None:
            return found
    return search.run(limit)


def with_few_disturbances(system: System, most: int) -> System:
    """The system whose environment takes at most so many steps. Each of its runs is one of the system.

    >>> quiet = with_few_disturbances(MICROPHONE_SYSTEM, most=0)
    >>> find_run_taking(quiet, quiet.transition("press")) is None
    True
    """
    taken = count(DISTURBANCES)
    rows = []
    for transition in system.transitions:
        if transition.component == ENVIRONMENT and not transition.is_idle:
            may = conjunction(
                transition.guard, at_most(taken, Const(most - 1))
            )
            more = {**transition.updates, DISTURBANCES: plus(taken, Const(1))}
            transition = replace(transition, guard=may, updates=more)
        rows.append(transition)
    variables = (*system.variables, *counts(taken))
    return replace(system, variables=variables, transitions=tuple(rows))


def find_shortest_run(
    system: System, promise: Promise, goal: Goal, limit: int = STATE_LIMIT
) -> ModelRun | None:
    """A run of fewest events after which the promise is as wanted, in its cone; None where none was
    found among `limit` states.

    >>> run = find_shortest_run(MICROPHONE_SYSTEM, BROKEN_PROMISE, Goal.VIOLATED)
    >>> [step.transition.name for step in run.steps]
    ['switch', 'press', 'switch']
    """
    cone = cone_of_influence(system, promise)
    return _Search(cone, promise, goal).run(limit)


Node = tuple[Any, ...]
"""The values of all variables and registers."""


class _Search:
    """A breadth-first search. `parents` give for each state found the one before it and the number of
    the move."""

    def __init__(self, system: System, promise: Promise, goal: Goal) -> None:
        self.system = system
        self.moves = _distinct_moves(system, promise, goal)
        self.expand = _compiled_expansion(system, promise, self.moves)
        registers = tuple(r.initial for r in promise.registers)
        self.level: list[Node] = [
            (*s.values(), *registers) for s in system.first_states()
        ]
        self.parents: dict[Node, tuple[Node, int] | None] = dict.fromkeys(
            self.level
        )

    def run(self, limit: int) -> ModelRun | None:
        """The first run that reaches the goal, among so many states."""
        while self.level and len(self.parents) < limit:
            end = self.next_level()
            if end is not None:
                return self.run_to(*end)
        return None

    def next_level(self) -> tuple[Node, int] | None:
        """Go one step further; a state and the move from it that reaches the goal, if one does."""
        level, self.level = self.level, []
        for state in level:
            for number, following, is_goal in self.expand(state):
                if is_goal:
                    return state, number
                if following not in self.parents:
                    self.parents[following] = (state, number)
                    self.level.append(following)
        return None

    def run_to(self, state: Node, last: int) -> ModelRun:
        steps = [self.moves[last].step]
        while (before := self.parents[state]) is not None:
            state, number = before
            steps.append(self.moves[number].step)
        names = [v.name for v in self.system.variables]
        return ModelRun(
            dict(zip(names, state, strict=False)), tuple(reversed(steps))
        )


@dataclass(frozen=True, slots=True)
class _Move:
    """A transition with its choices fixed and the instant 0, over the state alone."""

    step: Step
    guard: Expression
    updates: Mapping[str, Expression]
    goal: Expression


def _distinct_moves(
    system: System, promise: Promise, goal: Goal
) -> list[_Move]:
    """All moves that differ in what they do."""
    found: dict[tuple[str, str, str], _Move] = {}
    for transition in system.transitions:
        effect = effect_on(promise, transition)
        for move in _moves_of(
            system=system, transition=transition, effect=effect, goal=goal
        ):
            key = (
                repr(move.guard),
                repr(sorted(move.updates.items())),
                repr(move.goal),
            )
            found.setdefault(key, move)
    return list(found.values())


def _moves_of(
    system: System, transition: Transition, effect: Effect, goal: Goal
) -> Iterator[_Move]:
    together = {**transition.updates, **effect.updates}
    unchanging = constants_of(system)
    for chosen in sample_choices(system, transition, 0):
        fixed: dict[str, Expression] = {
            name: Const(value) for name, value in chosen.items()
        }
        fixed |= {"time": Const(0), NOW: Const(0), **unchanging}
        guard = substitute(transition.guard, fixed)
        if guard != FALSE:
            updates = {
                name: substitute(e, fixed) for name, e in together.items()
            }
            wanted = substitute(goal.condition(effect), fixed)
            yield _Move(
                step=Step(transition, 0, chosen),
                guard=guard,
                updates=updates,
                goal=wanted,
            )


def constants_of(system: System) -> dict[str, Expression]:
    """The variables that have one first value and that no step sets.

    >>> constants_of(MICROPHONE_SYSTEM)
    {}
    """
    set_somewhere = {name for t in system.transitions for name in t.updates}
    return {
        v.name: Const(v.initial[0])
        for v in system.variables
        if len(v.initial) == 1 and v.name not in set_somewhere
    }


Expansion = Callable[[Node], list[tuple[int, Node, bool]]]


def _compiled_expansion(
    system: System, promise: Promise, moves: list[_Move]
) -> Expansion:
    """One generated function from a state to (number of the move, next state, whether the goal is
    reached), for each enabled move."""
    names = [v.name for v in system.variables] + [
        r.name for r in promise.registers
    ]
    local = {name: f"v{number}" for number, name in enumerate(names)}

    def source(e: Expression) -> str:
        return python_source(e, lambda name: local[name])

    def row(number: int, move: _Move) -> str:
        following = [
            source(move.updates[n]) if n in move.updates else local[n]
            for n in names
        ]
        target = "(" + "".join(f"{part}, " for part in following) + ")"
        return f"    if {source(move.guard)}: out.append(({number}, {target}, {source(move.goal)}))"

    unpacking = "".join(f"{name}, " for name in local.values())
    lines = [
        "def expand(state):",
        f"    ({unpacking}) = state",
        "    out = []",
    ]
    lines += [row(number, move) for number, move in enumerate(moves)]
    space: dict[str, Any] = {}
    exec(
        compile("\n".join([*lines, "    return out"]), "<moves>", "exec"),
        space,
    )
    expand: Expansion = space["expand"]
    return expand
