"""Random runs of a system beside many promises at once. They find what a changed row breaks, and prove
nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from earwitness.model.expression import Sort, Value
from earwitness.model.systems.joint_code import (
    CompiledRow,
    JointCode,
    Path,
    Reached,
    WalkedSystem,
)
from earwitness.model.systems.random_walk import (
    MOSTLY,
    SHORT_PAUSE,
    STEPS_OF_AN_EPISODE,
    choose_freely,
)
from earwitness.model.systems.runs import ModelRun, Step, free_variables
from earwitness.model.systems.state_property import NOW, Promise
from earwitness.model.systems.transition_system import System

KEPT_STATES = 8_000
"""States of the sound system from which a changed row is tried: more found no more of its faults."""
TRIES_IN_A_STATE = 2
"""Instants and choices at which a changed row is tried in one state."""
KINDS_OF_PAUSE = ("none", "none", "none", "short", "longest")


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
        self.code = JointCode(system, promises)
        self.system, self.sound = system, self.code.sound
        self.slots, self.names = self.code.slots, self.code.names
        self.generator = random.Random(seed)
        self.archive = _Archive(
            tuple(
                self.slots[v.name]
                for v in system.variables
                if v.values or v.sort is Sort.BOOL
            )
        )
        self.seen: list[Reached] = []
        self.count = 0

    def explore(self, steps: int) -> set[str]:
        """Walk the sound system, keep states, and name the promises that were broken."""
        broken: set[int] = set()
        first = self._first_states()
        walks = self._walks(
            walked=self.sound, first=first, archive=self.archive, steps=steps
        )
        for here, lost in walks:
            self._keep(here)
            broken.update(lost)
        return {self.names[n] for n in broken}

    def _walks(
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
            earlier = self._start(first, archive)
            for here, lost in self._episode(walked, earlier):
                done += 1
                archive.record(earlier, here)
                yield here, lost
                earlier = here

    def _keep(self, here: Reached) -> None:
        """A sample of all states seen, each as likely as another."""
        self.count += 1
        if len(self.seen) < KEPT_STATES:
            self.seen.append(here)
            return
        place = self.generator.randrange(self.count)
        if place < KEPT_STATES:
            self.seen[place] = here

    def _first_states(self) -> list[Reached]:
        found = []
        for state in self.system.first_states():
            first = tuple(state[v.name] for v in self.system.variables)
            found.append(
                Reached([*first, 0, *self.code.begin], Path(None, first))
            )
        return found

    def _start(self, first: list[Reached], archive: _Archive) -> Reached:
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
        that never took a changed row, and walks begin again.

        >>> walk = JointWalk(MICROPHONE_SYSTEM, {"kept": KEPT_PROMISE})
        >>> walk.explore(500)
        set()
        >>> mutants = {m.name: m for m in mutants_of(MICROPHONE_SYSTEM)}
        >>> changed = mutants["capture: drop guard condition 1"].system
        >>> found = walk.hunt(changed, walk.code.promises, steps=500, allows_more=True)
        >>> found["kept"].steps[-1].transition.name
        'capture'
        """
        self.generator.seed(seed)
        walked = self.code.changed(system, promises)
        found: dict[int, Path] = {}
        starts = list(
            self._tried(walked=walked, allows_more=allows_more, found=found)
        )
        self.generator.shuffle(starts)
        if not allows_more:
            starts = [*starts[: len(self.slots)], *self._first_states()]
        if starts:
            walks = self._walks(
                walked=walked,
                first=starts,
                archive=_Archive(self.archive.slots),
                steps=steps,
            )
            for there, lost in walks:
                for number in lost:
                    found.setdefault(number, there.path)
        return {
            self.names[number]: self._run_of(path, system)
            for number, path in found.items()
        }

    def _tried(
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
                yield from self._tried_in(
                    walked=walked, row=row, here=here, found=found
                )

    def _tried_in(
        self,
        walked: WalkedSystem,
        row: CompiledRow,
        here: Reached,
        found: dict[int, Path],
    ) -> Iterator[Reached]:
        sound = self.sound.rows[row.transition.name]
        now = here.values[self.slots[NOW]]
        latest = walked.latest(here.values, now)
        for _ in range(TRIES_IN_A_STATE if latest >= now else 0):
            time = self._instant(now, latest)
            chosen = self._choices(row, time)
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

    def _episode(
        self, walked: WalkedSystem, here: Reached
    ) -> Iterator[tuple[Reached, list[int]]]:
        """Steps from a state on, each with the numbers of the promises that it breaks."""
        for _ in range(STEPS_OF_AN_EPISODE):
            found = self._step(walked, here)
            if found is None:
                return
            here = found[0]
            yield found

    def _step(
        self, walked: WalkedSystem, here: Reached
    ) -> tuple[Reached, list[int]] | None:
        now = here.values[self.slots[NOW]]
        latest = walked.latest(here.values, now)
        if latest < now:
            return None
        time = self._instant(now, latest)
        for row in self._rows_in_some_order(walked):
            chosen = self._choices(row, time)
            if row.allows(here.values, time, chosen):
                after, lost = row.advance(here.values, time, chosen)
                path = here.path.then(row.transition, time, chosen)
                return Reached(after, path), lost + walked.broken_states(
                    after
                )
        return None

    def _instant(self, now: int, latest: int) -> int:
        """Three times in five nothing passes: what happens at one instant is where most faults are."""
        dice = self.generator.choice(KINDS_OF_PAUSE)
        if dice == "none":
            return now
        if dice == "short":
            pause = int(SHORT_PAUSE * self.generator.random())
            return min(latest, now + pause)
        return latest

    def _rows_in_some_order(
        self, walked: WalkedSystem
    ) -> Iterator[CompiledRow]:
        """Some at random; then all, in the tables' order: what is rarely possible would else be missed."""
        rows = (
            walked.own if self.generator.random() < MOSTLY else walked.every
        )
        for _ in range(len(rows)):
            yield rows[int(len(rows) * self.generator.random())]
        yield from rows

    def _choices(self, row: CompiledRow, time: int) -> tuple[Value, ...]:
        if not row.free:
            return ()
        return tuple(
            choose_freely(
                self.generator, self.system, variable=variable, time=time
            )
            for variable in row.free
        )

    def _run_of(self, path: Path, system: System) -> ModelRun:
        """The run, with the promises' constants (those of slices) among its first values."""
        steps: list[Step] = []
        here: Path | None = path
        while here is not None and here.row is not None:
            row = system.transition(here.row.name)
            names = [v.name for v in free_variables(row)]
            chosen = dict(zip(names, here.chosen, strict=True))
            steps.append(Step(row, here.time, chosen))
            here = here.earlier
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
