"""Which rows of a sound model are set beside those of a changed one, to see whether it simulates it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from earwitness.model.expression import Value, variables
from earwitness.model.systems.cone import variable_names
from earwitness.model.systems.transition_system import System, Transition


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which silent row of the sound model may be taken beside a step: `late` just after, as soon as it can;
    otherwise just before, where the step needs it. Free choices are fixed in `chosen`. `skips`: beside a
    changed row that shows nothing the sound model does nothing.

    >>> Strategy().late, Strategy(skips=True).helper
    (False, None)
    """

    helper: Transition | None = None
    late: bool = False
    chosen: tuple[tuple[str, Value], ...] = ()
    skips: bool = False


def strategies_for(system: System, changed: System) -> Iterator[Strategy]:
    """The plain one, in which each row stands beside itself, first.

    >>> next(strategies_for(MICROPHONE_SYSTEM, MICROPHONE_SYSTEM)).helper is None
    True
    """
    yield Strategy()
    differing = changed_rows(system, changed)
    if any(row.emits is None for row in differing):
        yield Strategy(skips=True)
    touched = changed_variables(system, changed)
    touched |= variable_names(
        system.transition(row.name).guard for row in differing
    )
    for row in system.transitions:
        if row.emits is not None or row.is_idle:
            continue
        if touched & (row.updates.keys() | variable_names([row.guard])):
            for chosen in _choices_of(system, row):
                yield Strategy(row, late=False, chosen=chosen)
                yield Strategy(row, late=True, chosen=chosen)


def _choices_of(
    system: System, row: Transition
) -> Iterable[tuple[tuple[str, Value], ...]]:
    """Every way to fix the free choices of a row; none where one of them is not a listed text."""
    names = sorted(_free_names(row))
    if not all(name in system.free for name in names):
        return ()
    listed = [system.free[name] for name in names]
    return (
        tuple(zip(names, picked, strict=True)) for picked in product(*listed)
    )


def changed_rows(sound: System, changed: System) -> list[Transition]:
    """The rows of the changed form that are not those of the sound one.

    >>> changed_rows(MICROPHONE_SYSTEM, MICROPHONE_SYSTEM)
    []
    """
    return [
        row
        for row in changed.transitions
        if row != sound.transition(row.name)
    ]


def changed_variables(sound: System, changed: System) -> set[str]:
    """The variables that some row moves otherwise.

    >>> changed_variables(MICROPHONE_SYSTEM, MICROPHONE_SYSTEM)
    set()
    """
    found: set[str] = set()
    for row in changed.transitions:
        known = sound.transition(row.name)
        found |= {
            name
            for name in row.updates.keys() | known.updates.keys()
            if row.updates.get(name) != known.updates.get(name)
        }
    return found


def _free_names(row: Transition) -> set[str]:
    read = (row.guard, *row.updates.values())
    return {
        v.name
        for e in read
        for v in variables(e)
        if v.name.startswith("any.")
    }
