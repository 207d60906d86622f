"""What a model's components keep to, each figure with its origin. Promises are proved against it: it
owes them nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from earwitness.model.systems.transition_system import Component
from earwitness.model.vocabulary import nearest


@dataclass(frozen=True, slots=True)
class Rating:
    """One line of a datasheet: what a component takes or holds at most, in microseconds, and where the
    figure is from.

    >>> from earwitness.model.systems.transition_system import Layer
    >>> rail = Rating("rail", Component("rail", Layer.HARDWARE), at_most=40_000, origin="measured")
    >>> rail.at_most, rail.component.layer.value
    (40000, 'hardware')
    """

    name: str
    component: Component
    at_most: int
    origin: str


@dataclass(frozen=True, slots=True)
class Datasheet:
    """All ratings of a model.

    >>> from earwitness.model.systems.transition_system import Layer
    >>> rail = Rating("rail", Component("rail", Layer.HARDWARE), 40_000, "measured")
    >>> Datasheet((rail,))["rail"], Datasheet((rail,)).with_ratings({"rail": 1})["rail"]
    (40000, 1)
    """

    ratings: tuple[Rating, ...]

    def __getitem__(self, name: str) -> int:
        """Microseconds. Raises KeyError that names the nearest rating."""
        for rating in self.ratings:
            if rating.name == name:
                return rating.at_most
        raise KeyError(
            f"the datasheet has no rating '{name}'.{nearest(name, [r.name for r in self.ratings])}"
        )

    def with_ratings(self, figures: Mapping[str, int]) -> Datasheet:
        """The same datasheet with other figures: a faster device, or a tiny one for a finite search.
        Raises KeyError."""
        for name in figures:
            _ = self[name]
        return Datasheet(
            tuple(
                replace(r, at_most=figures.get(r.name, r.at_most))
                for r in self.ratings
            )
        )
