"""Whether a changed model can be told from the sound one at all: a simulation (Milner 1971). Beside every
step of the changed model the sound one takes one that looks the same, or silent steps where nothing is
seen. The relation between their states is guessed, and kept only as far as every step keeps it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import z3

from earwitness.model.expression import Expression, Sort
from earwitness.model.proof.encoding import Encoding, Term
from earwitness.model.proof.joint_invariant import never_false
from earwitness.model.proof.simulation_strategy import (
    Strategy,
    changed_rows,
    changed_variables,
    strategies_for,
)
from earwitness.model.systems.cone import variable_names
from earwitness.model.systems.state_property import NOW
from earwitness.model.systems.transition_system import (
    StateVariable,
    System,
    Transition,
)

OTHER = "other."
"""Prefix of the changed model's own copy of a variable."""
MOST = 4
"""Variables that may differ: with more no relation was found, and each costs time."""
PATIENCE = 6.0
"""Seconds of computing for one changed form, after which no other strategy is begun."""
TIMEOUT = 3000
"""Milliseconds of one question to the solver; no answer is taken as a no."""
State = Mapping[str, Term]


@dataclass(frozen=True, slots=True)
class Simulation:
    """The relation that was found: `differing` are the variables that need not be equal, and `relation`
    what is known of both copies, as texts.

    >>> Simulation(differing=("rail",), relation=("rail == other.rail",)).helper
    ''
    """

    differing: tuple[str, ...]
    relation: tuple[str, ...]
    helper: str = ""


@dataclass
class _Moment:
    """What one copy must be able to do, and where it then is."""

    owed: list[Term]
    after: dict[str, Term]


class _Broken(Exception):
    """No relation of this kind: a step of the changed model has no partner."""


@dataclass
class Simulator:
    """Compares changed forms with one sound system, of which `lemmas` (terms of `encoding`) hold in every
    reachable state. `watched` are variables that somebody sees beside the events.

    >>> simulator = Simulator(MICROPHONE_SYSTEM, Encoding(), lemmas=[])
    >>> mutants = {m.name: m.system for m in mutants_of(MICROPHONE_SYSTEM)}
    >>> simulator.find(mutants["press: drop guard condition 1"]) is None  # two presses in a row are seen
    True
    >>> simulator.find(MICROPHONE_SYSTEM).differing
    ()
    """

    system: System
    encoding: Encoding
    lemmas: Sequence[Term]
    watched: Collection[str] = ()

    def find(self, changed: System) -> Simulation | None:
        """A simulation of the changed form by the sound one; None where none was found."""
        ends = time.process_time() + PATIENCE
        for strategy in strategies_for(self.system, changed):
            if time.process_time() > ends:
                return None
            found = _Search(self, changed, strategy).run()
            if found is not None:
                return found
        return None


class _Search:
    """One attempt: a strategy, and the variables that may differ, grown until nothing is missing."""

    def __init__(
        self, simulator: Simulator, changed: System, strategy: Strategy
    ) -> None:
        self.simulator, self.strategy = simulator, strategy
        self.sound, self.changed = simulator.system, changed
        self.encoding = simulator.encoding
        self.time = self.encoding.variable("time", Sort.INT)
        self.variables = {v.name: v for v in self.sound.variables}
        self.changed_here = [
            self.sound.transition(row.name)
            for row in changed_rows(self.sound, changed)
        ]
        self.ground = z3.Solver()
        self.ground.set("timeout", TIMEOUT)
        now = self.encoding.variable(NOW, Sort.INT)
        self.ground.add(*simulator.lemmas, now <= self.time)
        self.pairs = [
            (other, self.sound.transition(other.name))
            for other in changed.transitions
        ]

    def run(self) -> Simulation | None:
        differing = changed_variables(self.sound, self.changed)
        while len(differing) <= MOST:
            try:
                lost = self.attempt(differing)
            except _Broken:
                return None
            if not lost:
                return self.result(differing)
            differing = differing | lost
        return None

    def result(self, differing: set[str]) -> Simulation:
        helper = self.strategy.helper
        return Simulation(
            differing=tuple(sorted(differing)),
            relation=tuple(str(claim) for claim in self.relation),
            helper=helper.name if helper is not None else "",
        )

    def attempt(self, differing: set[str]) -> set[str]:
        """The variables that do not stay equal although they should; none where the relation is kept.
        Raises _Broken."""
        if differing & set(self.simulator.watched):
            raise _Broken
        self.differing = differing
        self.here = {n: self.term_of(v) for n, v in self.variables.items()}
        self.there = {
            n: self.term_of(v, OTHER) if n in differing else self.here[n]
            for n, v in self.variables.items()
        }
        self.relation = list(self.guesses())
        steps = [
            (other, self.step_there(other), self.step_here(row))
            for other, row in self.pairs
            if self.concerns(other, row)
        ]
        self.drop_lost_at_first()
        is_kept = False
        while not is_kept:
            # What fails beside too many guesses fails beside fewer: most attempts end here.
            for other, there, here in steps:
                if other != self.sound.transition(other.name):
                    self.check_step(there, here)
            is_kept = not self.drop_lost(steps)
        self.check_limits()
        lost: set[str] = set()
        for _, there, here in steps:
            lost |= self.check_step(there, here)
        return lost

    def term_of(self, variable: StateVariable, prefix: str = "") -> Term:
        return self.encoding.variable(prefix + variable.name, variable.sort)

    def concerns(self, other: Transition, row: Transition) -> bool:
        """Whether a row could part the copies: it differs, or touches what may differ."""
        if other != row or self.strategy.helper is not None:
            return True
        touched = variable_names(
            [row.guard, *row.updates.values(), *row.attributes.values()]
        )
        named = touched | row.updates.keys()
        return bool(named & self.spoken_of)

    # What each copy does

    def step_there(self, row: Transition) -> _Moment:
        """The changed model takes the row."""
        within = self.limits(self.changed, self.there)
        guard = self.term(row.guard, self.there)
        return _Moment([guard, *within], self.moved(row, self.there))

    def step_here(self, row: Transition) -> _Moment:
        """The sound model's partner: the same row, with the helper beside it. A silent row that cannot be
        taken is left out."""
        helper = self.strategy.helper
        before = dict(self.here)
        owed = self.limits(self.sound, before)
        if helper is not None and not self.strategy.late:
            needed = z3.Not(self.term(row.guard, before))
            before = self.perhaps(helper, before, needed, fixed=True)
            owed += self.limits(self.sound, before)
        guard = self.term(row.guard, before)
        if row.emits is None:
            skips = self.strategy.skips and row in self.changed_here
            after = self.perhaps(row, before, z3.BoolVal(not skips))
        else:
            owed.append(guard)
            after = self.moved(row, before)
        if helper is not None and self.strategy.late and not row.is_idle:
            owed += self.limits(self.sound, after)
            after = self.perhaps(helper, after, z3.BoolVal(True), fixed=True)
        if row.emits is not None:
            owed += self.same_events(row, before)
        return _Moment(owed, after)

    def same_events(self, row: Transition, before: State) -> list[Term]:
        other = self.changed.transition(row.name)
        return [
            self.term(other.attributes[name], self.there)
            == self.term(value, before)
            for name, value in row.attributes.items()
        ]

    def perhaps(
        self,
        row: Transition,
        before: State,
        wanted: Term,
        fixed: bool = False,
    ) -> dict[str, Term]:
        """The state after the row where it can happen and is wanted, else the same."""
        chosen = dict(self.strategy.chosen) if fixed else {}
        bound = {n: self.encoding.constant(v) for n, v in chosen.items()}
        beside = {**before, **bound}
        happens = z3.And(wanted, self.term(row.guard, beside))
        moved = self.moved(row, beside)
        return {
            name: term
            if moved[name].eq(term)
            else z3.If(happens, moved[name], term)
            for name, term in before.items()
        }

    def moved(self, row: Transition, before: State) -> dict[str, Term]:
        after = {n: t for n, t in before.items() if n in self.variables}
        return after | {
            name: self.term(update, before)
            for name, update in row.updates.items()
            if name in self.variables
        }

    def term(self, expression: Expression, state: State) -> Term:
        return self.encoding.term(expression, {**state, "time": self.time})

    def limits(self, system: System, state: State) -> list[Term]:
        found = []
        for limit in system.limits:
            latest = self.term(limit.since, state) + limit.bound
            active = self.term(limit.condition, state)
            found.append(z3.Implies(active, self.time <= latest))
        return found

    # What is known of both

    @property
    def spoken_of(self) -> set[str]:
        """The variables that may differ, and those that their rows and limits ask about."""
        named = set(self.differing)
        for row in self.sound.transitions:
            read = variable_names(
                [row.guard, *row.updates.values(), *row.attributes.values()]
            )
            if self.differing & (read | row.updates.keys()):
                named |= variable_names([row.guard])
        for limit in self.sound.limits:
            read = variable_names([limit.condition, limit.since])
            if self.differing & read:
                named |= read
        return named & self.variables.keys()

    def guesses(self) -> Iterator[Term]:
        """A variable is equal in both, or some fact holds of either copy; a value in one excludes a value in
        the other."""
        facts = [
            fact
            for name in sorted(self.spoken_of)
            for fact in self.facts_about(name, self.here)
        ]
        facts += [
            fact
            for name in sorted(self.differing)
            for fact in self.facts_about(name, self.there)
        ]
        for name in sorted(self.differing):
            alike = self.here[name] == self.there[name]
            yield alike
            yield from (z3.Or(alike, fact) for fact in facts)
            for one in self.facts_about(name, self.there):
                yield one
                for other in self.facts_about(name, self.here):
                    yield z3.Or(one, other)
            if self.variables[name].sort is Sort.INT:
                yield self.here[name] <= self.there[name]
                yield self.there[name] <= self.here[name]

    def facts_about(self, name: str, state: State) -> list[Term]:
        variable = self.variables[name]
        if variable.sort is Sort.BOOL:
            return [state[name], z3.Not(state[name])]
        same = [
            state[name] == self.encoding.constant(v) for v in variable.values
        ]
        return [*same, *(z3.Not(term) for term in same)]

    def drop_lost_at_first(self) -> None:
        """Drop what the first states, equal in both, do not show."""
        alike = [
            (self.there[n], self.here[n]) for n in sorted(self.differing)
        ]
        start = z3.Solver()
        start.add(*self.first_states())
        lost = _lost(start, self.relation, alike)
        self.relation = [
            claim for n, claim in enumerate(self.relation) if n not in lost
        ]

    def drop_lost(
        self, steps: Sequence[tuple[Transition, _Moment, _Moment]]
    ) -> bool:
        """Drop what some step does not keep; whether anything was."""
        lost: set[int] = set()
        with self.known() as solver:
            for _, there, here in steps:
                moved = [
                    *self.moves(self.here, here, self.variables),
                    *self.moves(self.there, there, self.differing),
                ]
                solver.push()
                solver.add(*there.owed)
                lost |= _lost(
                    solver=solver, claims=self.relation, moved=moved, but=lost
                )
                solver.pop()
        self.relation = [
            claim for n, claim in enumerate(self.relation) if n not in lost
        ]
        return bool(lost)

    def moves(
        self, before: State, moment: _Moment, names: Iterable[str]
    ) -> list[tuple[Term, Term]]:
        """What of a copy reads otherwise after its step."""
        return [
            (before[name], moment.after[name])
            for name in sorted(names)
            if not moment.after[name].eq(before[name])
        ]

    def first_states(self) -> list[Term]:
        return [
            z3.Or(
                *(
                    self.here[v.name] == self.encoding.constant(value)
                    for value in v.initial
                )
            )
            for v in self.sound.variables
            if v.initial
        ]

    @contextmanager
    def known(self) -> Iterator[Any]:
        """A solver that knows the lemmas and what is left of the relation."""
        self.ground.push()
        self.ground.add(*self.relation)
        try:
            yield self.ground
        finally:
            self.ground.pop()

    def check_limits(self) -> None:
        """Wherever the changed model may let time pass, the sound one may. Raises _Broken."""
        with self.known() as solver:
            solver.add(*self.limits(self.changed, self.there))
            wanted = z3.And(*self.limits(self.sound, self.here))
            if solver.check(z3.Not(wanted)) != z3.unsat:
                raise _Broken

    def check_step(self, there: _Moment, here: _Moment) -> set[str]:
        """The variables that do not stay equal. Raises _Broken where the sound model has no such step."""
        with self.known() as solver:
            solver.add(*there.owed)
            if solver.check(z3.Not(z3.And(*here.owed))) != z3.unsat:
                raise _Broken
            return {
                name
                for name in sorted(self.variables.keys() - self.differing)
                if not there.after[name].eq(here.after[name])
                and solver.check(there.after[name] != here.after[name])
                != z3.unsat
            }


def _lost(
    solver: Any,
    claims: Sequence[Term],
    moved: Sequence[tuple[Term, Term]],
    but: Collection[int] = (),
) -> set[int]:
    """The numbers of the claims that may fail after the move, in some model of the solver."""
    together = z3.substitute(z3.And(*claims, True), *moved)
    after = enumerate(list(together.children())[: len(claims)])
    at_risk = [
        (n, term)
        for n, term in after
        if n not in but and not term.eq(claims[n])
    ]
    return {n for n, _ in at_risk} - never_false(solver, at_risk)
