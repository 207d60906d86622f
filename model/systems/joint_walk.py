"""Random runs of a system beside many promises at once: one step is one call of generated code, and says
which promises it breaks. They find what a changed row breaks, and prove nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from earwitness.model.expression import (
    FALSE,
    TRUE,
    Expression,
    Sort,
    Value,
    Var,
    python_source,
)
from earwitness.model.systems.cone import Effect, effect_on
from earwitness.model.systems.random_walk import (
    LONGER_THAN_ANY_BOUND,
    LOOKING_BACK,
    MOSTLY,
    SHORT_PAUSE,
    STEPS_OF_AN_EPISODE,
)
from earwitness.model.systems.runs import ModelRun, Step, free_variables
from earwitness.model.systems.state_property import (
    NOW,
    Promise,
    StateProperty,
)
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    System,
    Transition,
)

KEPT_STATES = 8_000
"""States of the sound system from which a changed row is tried: more found no more of its faults."""
TRIES = 2
"""Instants and choices at which a changed row is tried in one state."""

Values = list[Any]
Advance = Callable[[Values, int, tuple[Value, ...]], tuple[Values, list[int]]]
Allows = Callable[[Values, int, tuple[Value, ...]], bool]


@dataclass(frozen=True, slots=True)
class Path:
    """How a state was reached: a step after an earlier path, or a first state."""

    earlier: Path | None
    first: tuple[Value, ...] = ()
    row: Transition | None = None
    time: int = 0
    chosen: tuple[Value, ...] = ()
    rows: frozenset[str] = frozenset()
    """The names of all rows taken so far."""

    def then(
        self, row: Transition, time: int, chosen: tuple[Value, ...]
    ) -> Path:
        rows = self.rows if row.name in self.rows else self.rows | {row.name}
        return Path(self, (), row, time, chosen, rows)


@dataclass(frozen=True, slots=True)
class Reached:
    """A state as values in the walk's order, and how it was reached."""

    values: Values
    path: Path


@dataclass(frozen=True, slots=True)
class CompiledRow:
    """A row beside all promises. `advance` gives the next state and the numbers of the promises that the
    step breaks."""

    transition: Transition
    free: tuple[Var, ...]
    allows: Allows
    advance: Advance


@dataclass(frozen=True)
class WalkedSystem:
    """A system as a walk sees it."""

    rows: Mapping[str, CompiledRow]
    latest: Callable[[Values, int], int]
    """Until when time may pass in a state, from now on."""
    broken_states: Callable[[Values], list[int]]
    """The numbers of the properties of states that a state lacks."""

    @cached_property
    def every(self) -> list[CompiledRow]:
        return list(self.rows.values())

    @cached_property
    def own(self) -> list[CompiledRow]:
        """The rows that are not the environment's."""
        return [
            row
            for row in self.rows.values()
            if row.transition.component != ENVIRONMENT
        ]


class JointWalk:
    """Compiles once a system beside its promises, walks it, and keeps states from which changed forms of
    it are tried.

    >>> walk = JointWalk(MICROPHONE_SYSTEM, {"kept": KEPT_PROMISE, "broken": BROKEN_PROMISE})
    >>> sorted(walk.explore(200))
    ['broken']
    """

    def __init__(
        self, system: System, promises: Mapping[str, Promise], seed: int = 0
    ) -> None:
        self.system = system
        self.promises = dict(promises)
        self.names = list(self.promises)
        self.generator = random.Random(seed)
        self.slots = {v.name: n for n, v in enumerate(system.variables)}
        self.slots[NOW] = len(self.slots)
        self.registers: list[dict[str, int]] = []
        self.begin: list[Value] = []
        for promise in self.promises.values():
            base = len(self.slots) + len(self.begin)
            self.registers.append(
                {r.name: base + n for n, r in enumerate(promise.registers)}
            )
            self.begin += [r.initial for r in promise.registers]
        self.effects: dict[Any, dict[int, Effect]] = {}
        self.sound = self.compiled(system, self.promises)
        self.archive = _Archive(
            tuple(
                self.slots[v.name]
                for v in system.variables
                if v.values or v.sort is Sort.BOOL
            )
        )
        self.seen: list[Reached] = []
        self.count = 0

    def compiled(
        self, system: System, promises: Mapping[str, Promise]
    ) -> WalkedSystem:
        """A form of the system beside promises of the same names."""
        return WalkedSystem(
            rows={t.name: self.row(t) for t in system.transitions},
            latest=self.latest(system),
            broken_states=self.broken_states(promises),
        )

    def changed(
        self, system: System, promises: Mapping[str, Promise]
    ) -> WalkedSystem:
        """A changed form: only the rows that differ are compiled."""
        known = {t.name: t for t in self.system.transitions}
        rows = {
            t.name: (
                self.sound.rows[t.name]
                if known.get(t.name) == t
                else self.row(t)
            )
            for t in system.transitions
        }
        return WalkedSystem(
            rows=rows,
            latest=self.latest(system),
            broken_states=(
                self.sound.broken_states
                if promises == self.promises
                else self.broken_states(promises)
            ),
        )

    def latest(self, system: System) -> Callable[[Values, int], int]:
        lines = [
            "def latest(v, now):",
            f"    soonest = now + {LONGER_THAN_ANY_BOUND}",
        ]
        for limit in system.limits:
            lines += [
                f"    if {self.source(limit.condition)}:",
                f"        due = {self.source(limit.since)} + {limit.bound}",
                "        if due < soonest: soonest = due",
            ]
        found: Callable[[Values, int], int] = _compiled(
            "latest", [*lines, "    return soonest"]
        )
        return found

    def broken_states(
        self, promises: Mapping[str, Promise]
    ) -> Callable[[Values], list[int]]:
        held = [
            f"({number}, {self.source(promises[name].verdict)})"
            for number, name in enumerate(self.names)
            if isinstance(promises[name], StateProperty)
        ]
        source = f"[n for n, held in ({''.join(x + ', ' for x in held)}) if not held]"
        found: Callable[[Values], list[int]] = _function("v", source)
        return found

    def row(self, transition: Transition) -> CompiledRow:
        free = free_variables(transition)
        places = {v.name: f"c[{n}]" for n, v in enumerate(free)}
        lines = [
            "def advance(v, time, c):",
            "    w = v[:]",
            "    broken = []",
        ]
        for name, update in transition.updates.items():
            if name in self.slots:
                lines.append(
                    f"    w[{self.slots[name]}] = {self.source(update, places)}"
                )
        lines.append(f"    w[{self.slots[NOW]}] = time")
        for number, effect in self.effects_of(transition).items():
            lines += self.effect_lines(number, effect, places)
        return CompiledRow(
            transition=transition,
            free=free,
            allows=_function(
                "v, time, c", self.source(transition.guard, places)
            ),
            advance=_compiled("advance", [*lines, "    return w, broken"]),
        )

    def effects_of(self, transition: Transition) -> dict[int, Effect]:
        """What the row does to each monitor: the same for all rows that are observed alike."""
        key = (
            transition.emits,
            tuple(sorted(transition.attributes.items(), key=lambda x: x[0])),
        )
        if key not in self.effects:
            self.effects[key] = {
                number: effect_on(promise, transition)
                for number, promise in enumerate(self.promises.values())
                if not isinstance(promise, StateProperty)
            }
        return self.effects[key]

    def effect_lines(
        self, number: int, effect: Effect, places: Mapping[str, str]
    ) -> Iterator[str]:
        own = self.registers[number]
        here = {
            **places,
            **{name: f"v[{slot}]" for name, slot in own.items()},
        }
        for name, update in effect.updates.items():
            if not (isinstance(update, Var) and update.name == name):
                yield f"    w[{own[name]}] = {self.source(update, here)}"
        if effect.verdict == FALSE:
            yield f"    broken.append({number})"
        elif effect.verdict != TRUE:
            verdict = self.source(effect.verdict, here)
            yield f"    if not {verdict}: broken.append({number})"

    def source(
        self, e: Expression, places: Mapping[str, str] | None = None
    ) -> str:
        known = places or {}

        def place(name: str) -> str:
            if name in known:
                return known[name]
            return "time" if name == "time" else f"v[{self.slots[name]}]"

        return python_source(e, place)

    def explore(self, steps: int) -> set[str]:
        """Walk the sound system, keep states, and name the promises that were broken."""
        broken: set[int] = set()
        first = self.first_states()
        walks = self.walks(
            walked=self.sound, first=first, archive=self.archive, steps=steps
        )
        for here, lost in walks:
            self.keep(here)
            broken.update(lost)
        return {self.names[n] for n in broken}

    def walks(
        self,
        walked: WalkedSystem,
        first: list[Reached],
        archive: _Archive,
        steps: int,
    ) -> Iterator[tuple[Reached, list[int]]]:
        """One episode after another, from `first` or from what the archive holds."""
        done = 0
        while done < steps:
            done += 1
            earlier = self.start(first, archive)
            for here, lost in self.episode(walked, earlier):
                done += 1
                archive.record(earlier, here)
                yield here, lost
                earlier = here

    def keep(self, here: Reached) -> None:
        """A sample of all states seen, each as likely as another."""
        self.count += 1
        if len(self.seen) < KEPT_STATES:
            self.seen.append(here)
            return
        place = self.generator.randrange(self.count)
        if place < KEPT_STATES:
            self.seen[place] = here

    def first_states(self) -> list[Reached]:
        found = []
        for state in self.system.first_states():
            first = tuple(state[v.name] for v in self.system.variables)
            found.append(Reached([*first, 0, *self.begin], Path(None, first)))
        return found

    def start(self, first: list[Reached], archive: _Archive) -> Reached:
        if archive.states and self.generator.random() < MOSTLY:
            return archive.pick(self.generator)
        return self.generator.choice(first)

    def hunt(
        self,
        system: System,
        promises: Mapping[str, Promise],
        steps: int,
        allows_more: bool = False,
        seed: str = "",
    ) -> dict[str, ModelRun]:
        """The promises that runs of a changed form break, each with a run that does. The changed row is tried
        in the states kept, and walks go on from where it led elsewhere than the sound row does.
        `allows_more`: every run of the sound system is one of the changed form too; else only those count
        that never took a changed row, and walks begin anew."""
        self.generator.seed(seed)
        walked = self.changed(system, promises)
        found: dict[int, Path] = {}
        starts = list(
            self.tried(walked=walked, allows_more=allows_more, found=found)
        )
        self.generator.shuffle(starts)
        if not allows_more:
            starts = [*starts[: len(self.slots)], *self.first_states()]
        if starts:
            walks = self.walks(
                walked=walked,
                first=starts,
                archive=_Archive(self.archive.slots),
                steps=steps,
            )
            for there, lost in walks:
                for number in lost:
                    found.setdefault(number, there.path)
        return {
            self.names[number]: self.run_of(path, system)
            for number, path in found.items()
        }

    def tried(
        self, walked: WalkedSystem, allows_more: bool, found: dict[int, Path]
    ) -> Iterator[Reached]:
        """Where a changed row leads from the states kept; what it breaks at once goes to `found`."""
        rows = [
            row
            for name, row in walked.rows.items()
            if row is not self.sound.rows[name]
        ]
        changed = {row.transition.name for row in rows}
        for here in (*self.archive.distinct(), *self.seen):
            if not allows_more and here.path.rows & changed:
                continue
            now = here.values[self.slots[NOW]]
            latest = walked.latest(here.values, now)
            if latest != self.sound.latest(here.values, now):
                yield here
            for row in rows:
                yield from self.tried_in(
                    walked=walked, row=row, here=here, found=found
                )

    def tried_in(
        self,
        walked: WalkedSystem,
        row: CompiledRow,
        here: Reached,
        found: dict[int, Path],
    ) -> Iterator[Reached]:
        sound = self.sound.rows[row.transition.name]
        now = here.values[self.slots[NOW]]
        latest = walked.latest(here.values, now)
        for _ in range(TRIES if latest >= now else 0):
            time = self.instant(now, latest)
            chosen = self.choices(row, time)
            if not row.allows(here.values, time, chosen):
                continue
            after, lost = row.advance(here.values, time, chosen)
            lost = lost + walked.broken_states(after)
            is_usual = (
                row.free == sound.free
                and sound.allows(here.values, time, chosen)
                and sound.advance(here.values, time, chosen) == (after, lost)
            )
            if not is_usual:
                path = here.path.then(row.transition, time, chosen)
                for number in lost:
                    found.setdefault(number, path)
                yield Reached(after, path)

    def episode(
        self, walked: WalkedSystem, here: Reached
    ) -> Iterator[tuple[Reached, list[int]]]:
        """Steps from a state on, each with the numbers of the promises that it breaks."""
        for _ in range(STEPS_OF_AN_EPISODE):
            found = self.step(walked, here)
            if found is None:
                return
            here = found[0]
            yield found

    def step(
        self, walked: WalkedSystem, here: Reached
    ) -> tuple[Reached, list[int]] | None:
        now = here.values[self.slots[NOW]]
        latest = walked.latest(here.values, now)
        if latest < now:
            return None
        time = self.instant(now, latest)
        for row in self.rows_in_some_order(walked):
            chosen = self.choices(row, time)
            if row.allows(here.values, time, chosen):
                after, lost = row.advance(here.values, time, chosen)
                path = here.path.then(row.transition, time, chosen)
                return Reached(after, path), lost + walked.broken_states(
                    after
                )
        return None

    def instant(self, now: int, latest: int) -> int:
        """Three times in five nothing passes: what happens at one instant is where most faults are."""
        dice = self.generator.random()
        if dice < 0.6:
            return now
        if dice < 0.8:
            pause = int(SHORT_PAUSE * self.generator.random())
            return min(latest, now + pause)
        return latest

    def rows_in_some_order(
        self, walked: WalkedSystem
    ) -> Iterator[CompiledRow]:
        """Some at random; then all, in the tables' order: what is rarely possible would else be missed."""
        rows = (
            walked.own if self.generator.random() < MOSTLY else walked.every
        )
        for _ in range(len(rows)):
            yield rows[int(len(rows) * self.generator.random())]
        yield from rows

    def choices(self, row: CompiledRow, time: int) -> tuple[Value, ...]:
        if not row.free:
            return ()
        return tuple(self.free_choice(v, time) for v in row.free)

    def free_choice(self, variable: Var, time: int) -> Value:
        match variable.sort:
            case Sort.BOOL:
                return self.generator.random() < 0.5
            case Sort.TEXT:
                return self.generator.choice(self.system.free[variable.name])
            case Sort.INT:
                return self.generator.choice(
                    (0, 1, time, max(0, time - LOOKING_BACK))
                )

    def run_of(self, path: Path, system: System) -> ModelRun:
        """The run, with the promises' constants (those of slices) among its first values."""
        steps: list[Step] = []
        here: Path | None = path
        while here is not None and here.row is not None:
            row = system.transition(here.row.name)
            names = [v.name for v in free_variables(row)]
            chosen = dict(zip(names, here.chosen, strict=False))
            steps.append(Step(row, here.time, chosen))
            path, here = here, here.earlier
        first = here.first if here is not None else ()
        names = [v.name for v in self.system.variables]
        return ModelRun(
            dict(zip(names, first, strict=True)), tuple(reversed(steps))
        )


@dataclass
class _Archive:
    """For each pair of truths or texts that held together, the first state in which they did (as in
    `random_walk`). `slots` are the places of these among the values."""

    slots: tuple[int, ...]
    states: dict[Any, Reached] = field(default_factory=dict)
    fresh: list[Any] = field(default_factory=list)

    def record(self, before: Reached, after: Reached) -> None:
        values = after.values
        for moved in self.slots:
            if values[moved] != before.values[moved]:
                for other in self.slots:
                    pair = (moved, values[moved], other, values[other])
                    if pair not in self.states:
                        self.states[pair] = after
                        self.fresh.append(pair)

    def pick(self, generator: random.Random) -> Reached:
        if self.fresh and generator.random() < MOSTLY:
            return self.states[self.fresh.pop()]
        return generator.choice(self.distinct())

    def distinct(self) -> list[Reached]:
        return list({id(s): s for s in self.states.values()}.values())


def _compiled(name: str, lines: list[str]) -> Any:
    space: dict[str, Any] = {}
    exec(compile("\n".join(lines), f"<{name}>", "exec"), space)
    return space[name]


def _function(parameters: str, source: str) -> Any:
    return eval(f"lambda {parameters}: {source}")
