"""The rows of a model, prepared for being compared with observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from earwitness.conformance.refinement.row_parts import (
    conditions_of,
    limit_clocks,
    reads_of,
    row_in_words,
)
from earwitness.model.expression import (
    Value,
    Var,
    conjunction,
    variables,
)
from earwitness.model.proof.mutation import visible_variables
from earwitness.model.systems.cone import variable_names
from earwitness.model.systems.correspondence import Correspondence
from earwitness.model.systems.random_walk import compile_expression
from earwitness.model.systems.runs import State, free_variables, sample_values
from earwitness.model.systems.transition_system import (
    System,
    Transition,
)
from earwitness.model.trace import Observation

NEVER_DUE = 1 << 62
"""Microseconds: later than any observation."""


class ObservedRow:
    """A transition whose free choices can be bound to what was observed."""

    def __init__(
        self, system: System, transition: Transition, held: Iterable[str]
    ) -> None:
        self.system, self.transition = system, transition
        self.held = frozenset(held)
        self.conditions = [
            (c, compile_expression(c))
            for c in conditions_of(transition.guard)
        ]
        # What no free choice touches is asked once, before any choice is tried.
        chosen_in = {
            condition: any(
                v.name.startswith("any.") for v in variables(condition)
            )
            for condition, _ in self.conditions
        }
        self.settled = compile_expression(
            conjunction(
                *(c for c, is_open in chosen_in.items() if not is_open)
            )
        )
        self.open = [holds for c, holds in self.conditions if chosen_in[c]]
        self.updates = {
            name: compile_expression(e)
            for name, e in transition.updates.items()
        }
        self.attributes = {
            name: compile_expression(e)
            for name, e in transition.attributes.items()
        }
        # What only an attribute shows is bound by it, or does not matter.
        self.free = free_variables(replace(transition, attributes={}))
        inside = {v.name for v in self.free}
        self.only_shown = [
            v for v in free_variables(transition) if v.name not in inside
        ]
        self.bound = {
            name: e.name
            for name, e in transition.attributes.items()
            if isinstance(e, Var) and e.name.startswith("any.")
        }

    def after(self, state: State, chosen: State, time: int) -> State:
        values = {**state, **chosen, "time": time}
        return state | {
            name: update(values) for name, update in self.updates.items()
        }

    def enabled_choices(self, state: State, time: int) -> Iterator[State]:
        """The free choices under which the row can happen, observed by nobody."""
        values = {**state, "time": time}
        if not self.settled(values):
            return
        for chosen in self.choices({}, time):
            values |= chosen
            if all(holds(values) for holds in self.open):
                yield chosen

    def choices_for(self, state: State, seen: Observation) -> Iterator[State]:
        """The free choices under which the row can happen and shows as the observation."""
        values = {**state, "time": seen.time}
        if not self.settled(values):
            return
        for chosen in self.choices(self.binding(seen), seen.time):
            values |= chosen
            is_possible = all(holds(values) for holds in self.open)
            if is_possible and not self.differing_attributes(values, seen):
                yield chosen

    def binding(self, seen: Observation) -> State:
        compared = {
            name: any_name
            for name, any_name in self.bound.items()
            if name not in self.held
        }
        return {
            a: seen.attributes[name]
            for name, a in compared.items()
            if name in seen.attributes
        }

    def choices(self, binding: State, time: int) -> Iterator[State]:
        samples = {
            v.name: sample_values(self.system, v, time) for v in self.free
        }
        # Of a choice that only shows and was not observed, one sample is enough.
        samples |= {
            v.name: sample_values(self.system, v, time)[:1]
            for v in self.only_shown
        }
        open_choices = [name for name in samples if name not in binding]
        for values in product(*(samples[name] for name in open_choices)):
            yield binding | dict(zip(open_choices, values, strict=True))

    def is_enabled(self, values: Mapping[str, Value]) -> bool:
        return all(holds(values) for _, holds in self.conditions)

    def differing_attributes(
        self, values: Mapping[str, Value], seen: Observation
    ) -> list[str]:
        """The attributes that were observed otherwise than the row would show them. What was not
        observed differs in nothing."""
        compared = (
            n
            for n in self.attributes
            if n in seen.attributes and n not in self.held
        )
        return [
            name
            for name in compared
            if self.attributes[name](values) != seen.attributes[name]
        ]


class RowTable:
    """All rows of a system, with what was derived of it once."""

    def __init__(
        self, system: System, correspondence: Correspondence, tolerance: int
    ) -> None:
        self.system, self.correspondence, self.tolerance = (
            system,
            correspondence,
            tolerance,
        )
        shown = visible_variables(system)
        self.shown = tuple(
            v.name for v in system.variables if v.name in shown
        )
        rows = [
            ObservedRow(system, t, correspondence.held)
            for t in system.transitions
            if not t.is_idle
        ]
        self.silent = [row for row in rows if row.transition.emits is None]
        self.emitting: dict[str, list[ObservedRow]] = {}
        for row in rows:
            if row.transition.emits is not None:
                self.emitting.setdefault(row.transition.emits, []).append(row)
        self.limits = [
            (x, compile_expression(x.condition), compile_expression(x.since))
            for x in system.limits
        ]
        self.clocks = limit_clocks(system)
        self.needed: dict[str, list[ObservedRow]] = {}

    def rows_emitting(self, event: str) -> list[ObservedRow]:
        return self.emitting.get(event, [])

    def key(self, state: State) -> tuple[Value, ...]:
        """What of a state can still matter: no variable that nothing reads, no clock whose limits are
        all inactive."""
        dead = {
            name
            for name, active in self.clocks.items()
            if not any(holds(state) for holds in active)
        }
        return tuple(
            0 if name in dead else state[name] for name in self.shown
        )

    def latest_instant(self, state: State) -> int:
        """The latest instant of a step that no active limit forbids."""
        due = (
            int(since(state)) + x.bound
            for x, active, since in self.limits
            if active(state)
        )
        return min(due, default=NEVER_DUE) + self.tolerance

    def silent_rows_before(self, event: str) -> list[ObservedRow]:
        """The silent rows that cannot be left for later: they touch what the event's rows touch, or
        what a limit speaks of."""
        if event not in self.needed:
            self.needed[event] = self.find_needed(event)
        return self.needed[event]

    def find_needed(self, event: str) -> list[ObservedRow]:
        read = variable_names(
            e for x in self.system.limits for e in (x.condition, x.since)
        )
        written: set[str] = set()
        for row in self.rows_emitting(event):
            read |= reads_of(row.transition)
            written |= set(row.transition.updates)
        needed: list[ObservedRow] = []
        grows = True
        while grows:
            more = [
                row
                for row in self.silent
                if row not in needed and depends_on(row, read, written)
            ]
            for row in more:
                read |= reads_of(row.transition)
                written |= set(row.transition.updates)
            needed += more
            grows = bool(more)
        return needed

    def nearest_failure(
        self, states: Sequence[State], seen: Observation
    ) -> tuple[str, str]:
        """The row that came nearest to showing the observation, and what of it fails."""
        rows = self.rows_emitting(seen.event)
        if not rows:
            return "", f"no row of the model emits {seen.event}"
        failures = [
            self.failure(row, state, seen) for row in rows for state in states
        ]
        return min(failures, key=lambda failure: failure[0])[1:]

    def failure(
        self, row: ObservedRow, state: State, seen: Observation
    ) -> tuple[int, str, str]:
        """How much of the row fails in a state at the least, its name, and the first thing that does."""
        found = []
        for chosen in row.choices(row.binding(seen), seen.time):
            values = {**state, **chosen, "time": seen.time}
            faults = [
                f"attribute {name}"
                for name in row.differing_attributes(values, seen)
            ]
            faults += [
                f"guard {row_in_words(c)}"
                for c, holds in row.conditions
                if not holds(values)
            ]
            found.append(
                (
                    len(faults),
                    row.transition.name,
                    faults[0] if faults else "",
                )
            )
        return min(found)

    def limit_passed(
        self, states: Sequence[State], time: int
    ) -> tuple[str, str]:
        for state in states:
            for limit, active, since in self.limits:
                if (
                    active(state)
                    and time
                    > int(since(state)) + limit.bound + self.tolerance
                ):
                    due = (int(since(state)) + limit.bound) / 1_000_000
                    return (
                        limit.discharge[0],
                        f"limit {limit.name}: one of its steps was due at {due:g} s",
                    )
        return "", "no state of the model lets so much time pass"


def depends_on(row: ObservedRow, read: set[str], written: set[str]) -> bool:
    """Whether it matters that the row is taken before steps that read and write these variables."""
    writes = set(row.transition.updates)
    return bool(writes & (read | written)) or bool(
        reads_of(row.transition) & written
    )
