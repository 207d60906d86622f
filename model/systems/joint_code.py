"""A system beside many promises as generated code: one call takes a step and says which promises it
breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from earwitness.model.expression import (
    FALSE,
    TRUE,
    Expression,
    Value,
    Var,
    python_source,
)
from earwitness.model.systems.cone import Effect, effect_on
from earwitness.model.systems.random_walk import LONGER_THAN_ANY_BOUND
from earwitness.model.systems.runs import free_variables
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

Values = list[Any]
Advance = Callable[[Values, int, tuple[Value, ...]], tuple[Values, list[int]]]
Allows = Callable[[Values, int, tuple[Value, ...]], bool]


@dataclass(frozen=True, slots=True)
class Path:
    """How a state was reached: a step after an earlier path, or a first state.

    >>> pressed = Path(None, (False, "off", 0)).then(PRESS, 7, ())
    >>> pressed.earlier.first, pressed.row.name, pressed.time, sorted(pressed.rows)
    ((False, 'off', 0), 'press', 7, ['press'])
    """

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
        return Path(
            earlier=self, row=row, time=time, chosen=chosen, rows=rows
        )


@dataclass(frozen=True, slots=True)
class Reached:
    """A state as values in the walk's order, and how it was reached.

    >>> Reached([False, "off", 0, 0], Path(None)).values[1]
    'off'
    """

    values: Values
    path: Path


@dataclass(frozen=True, slots=True)
class CompiledRow:
    """A row beside all promises. `advance` gives the next state and the numbers of the promises that the
    step breaks.

    >>> row = JointCode(MICROPHONE_SYSTEM, {}).sound.rows["press"]
    >>> state = [False, "on", 0, 0]  # muted, rail, pressed_at, now
    >>> row.allows(state, 7, ()), row.advance(state, 7, ())
    (True, ([True, 'on', 7, 7], []))
    """

    transition: Transition
    free: tuple[Var, ...]
    allows: Allows
    advance: Advance


@dataclass(frozen=True)
class WalkedSystem:
    """A system as a walk sees it.

    >>> walked = JointCode(MICROPHONE_SYSTEM, {}).sound
    >>> [row.transition.name for row in walked.every], [row.transition.name for row in walked.own]
    (['press', 'switch', 'capture', 'pass_time'], ['switch', 'capture'])
    >>> walked.latest([True, "on", 7, 7], 7)  # 100 ms after the press the rail must have switched
    100007
    """

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


class JointCode:
    """Compiles a system beside its promises once, and of changed forms only what differs.

    >>> code = JointCode(MICROPHONE_SYSTEM, {"kept": KEPT_PROMISE})
    >>> code.slots["rail"], code.names
    (1, ['kept'])
    >>> code.changed(MICROPHONE_SYSTEM, code.promises).rows["press"] is code.sound.rows["press"]
    True
    """

    def __init__(
        self, system: System, promises: Mapping[str, Promise]
    ) -> None:
        self.system = system
        self.promises = dict(promises)
        self.names = list(self.promises)
        self.slots = _number_variables(system)
        self.registers: list[dict[str, int]] = []
        self.begin: list[Value] = []
        for promise in self.promises.values():
            self._place_registers(promise)
        self.effects: dict[Any, dict[int, Effect]] = {}
        self.sound = self._compiled(system, self.promises)

    def _place_registers(self, promise: Promise) -> None:
        """Behind the variables, promise by promise."""
        places: dict[str, int] = {}
        for register in promise.registers:
            places[register.name] = len(self.slots) + len(self.begin)
            self.begin.append(register.initial)
        self.registers.append(places)

    def _compiled(
        self, system: System, promises: Mapping[str, Promise]
    ) -> WalkedSystem:
        """A form of the system beside promises of the same names."""
        return WalkedSystem(
            rows={t.name: self._row(t) for t in system.transitions},
            latest=self._latest(system),
            broken_states=self._broken_states(promises),
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
                else self._row(t)
            )
            for t in system.transitions
        }
        return WalkedSystem(
            rows=rows,
            latest=self._latest(system),
            broken_states=(
                self.sound.broken_states
                if promises == self.promises
                else self._broken_states(promises)
            ),
        )

    def _latest(self, system: System) -> Callable[[Values, int], int]:
        lines = [
            "def latest(v, now):",
            f"    soonest = now + {LONGER_THAN_ANY_BOUND}",
        ]
        for limit in system.limits:
            lines += [
                f"    if {self._source(limit.condition)}:",
                f"        due = {self._source(limit.since)} + {limit.bound}",
                "        if due < soonest: soonest = due",
            ]
        found: Callable[[Values, int], int] = _compiled(
            "latest", [*lines, "    return soonest"]
        )
        return found

    def _broken_states(
        self, promises: Mapping[str, Promise]
    ) -> Callable[[Values], list[int]]:
        held = [
            f"({number}, {self._source(promises[name].verdict)})"
            for number, name in enumerate(self.names)
            if isinstance(promises[name], StateProperty)
        ]
        source = f"[n for n, held in ({''.join(x + ', ' for x in held)}) if not held]"
        found: Callable[[Values], list[int]] = _function("v", source)
        return found

    def _row(self, transition: Transition) -> CompiledRow:
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
                    f"    w[{self.slots[name]}] = {self._source(update, places)}"
                )
        lines.append(f"    w[{self.slots[NOW]}] = time")
        for number, effect in self._effects_of(transition).items():
            lines += self._effect_lines(number, effect, places)
        return CompiledRow(
            transition=transition,
            free=free,
            allows=_function(
                "v, time, c", self._source(transition.guard, places)
            ),
            advance=_compiled("advance", [*lines, "    return w, broken"]),
        )

    def _effects_of(self, transition: Transition) -> dict[int, Effect]:
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

    def _effect_lines(
        self, number: int, effect: Effect, places: Mapping[str, str]
    ) -> Iterator[str]:
        own = self.registers[number]
        here = {
            **places,
            **{name: f"v[{slot}]" for name, slot in own.items()},
        }
        for name, update in effect.updates.items():
            if not (isinstance(update, Var) and update.name == name):
                yield f"    w[{own[name]}] = {self._source(update, here)}"
        if effect.verdict == FALSE:
            yield f"    broken.append({number})"
        elif effect.verdict != TRUE:
            verdict = self._source(effect.verdict, here)
            yield f"    if not {verdict}: broken.append({number})"

    def _source(
        self, e: Expression, places: Mapping[str, str] | None = None
    ) -> str:
        known = places or {}

        def place(name: str) -> str:
            if name in known:
                return known[name]
            return "time" if name == "time" else f"v[{self.slots[name]}]"

        return python_source(e, place)


def _number_variables(system: System) -> dict[str, int]:
    """The places of the variables and of the instant among a state's values."""
    names = [*(v.name for v in system.variables), NOW]
    return {name: place for place, name in enumerate(names)}


def _compiled(name: str, lines: list[str]) -> Any:
    space: dict[str, Any] = {}
    exec(compile("\n".join(lines), f"<{name}>", "exec"), space)
    return space[name]


def _function(parameters: str, source: str) -> Any:
    return eval(f"lambda {parameters}: {source}")
