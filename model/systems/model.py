"""A model: tables with all that proofs, tests and reports need to know of them. Nothing else in the
house names a model's own parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from earwitness.model.systems.correspondence import Correspondence
from earwitness.model.systems.datasheet import Datasheet
from earwitness.model.systems.transition_system import (
    Enabled,
    System,
    Table,
    compose,
)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """`free` gives the texts a free choice may take where a search samples them. `possible` is what
    packs may want to be possible, by name; `observers` what each observer of a two-run promise sees
    of the state, `secrets` the free choices that must not show. `correspondence` says what of a
    device's observations the model leaves out. `package` is where its tables are, and beside them
    the invariants of what is proved of every model. `small` are ratings, in units of time, under
    which finite checkers can search the model whole.

    >>> from earwitness.model.systems.datasheet import Rating
    >>> sheet = Datasheet((Rating("rail", RAIL, 100_000, "measured"),))
    >>> model = Model("microphone", "nowhere", sheet, lambda sheet: (MICROPHONE_TABLE,), small={"rail": 2})
    >>> [table.name for table in model.tables], model.system.name
    (['microphone'], 'microphone')
    >>> model.small_system == model.system_under({"rail": 2})
    True
    """

    name: str
    package: str
    datasheet: Datasheet
    build_tables: Callable[[Datasheet], tuple[Table, ...]]
    free: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    possible: Mapping[str, tuple[Enabled, ...]] = field(default_factory=dict)
    observers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    correspondence: Correspondence = field(default_factory=Correspondence)
    small: Mapping[str, int] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.build_tables(self.datasheet)

    @property
    def system(self) -> System:
        """The tables composed, under the model's own datasheet."""
        return _compose_system(self, self.datasheet)

    @property
    def small_system(self) -> System:
        """The same system where time is counted in a few units."""
        return _compose_system(self, self.datasheet.with_ratings(self.small))

    def system_under(self, figures: Mapping[str, int]) -> System:
        """The system with other figures in its datasheet."""
        return _compose_system(self, self.datasheet.with_ratings(figures))


@cache
def _compose_system(model: Model, datasheet: Datasheet) -> System:
    return compose(
        model.name, *model.build_tables(datasheet), free=model.free
    )
