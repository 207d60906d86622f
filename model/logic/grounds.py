"""What a truth rests on: the weakest origin of all that decides it, where it holds and where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from earwitness.model.logic.formula import (
    Compare,
    Its,
    Last,
    Now,
    direct_parts,
    event_names,
)
from earwitness.model.trace import Observation, Origin

Sight = Mapping[str, Origin | None]
"""For each event name the best origin with which a run could have seen it; None, or no entry: nobody
could."""
Support = Mapping[str, Origin | None]
"""What something rests on: event names with the origin of what was seen of them, or, of events that did not
come, the origin with which they would have been seen (None: nobody would have)."""
STRENGTH = {origin: rank for rank, origin in enumerate([*Origin, None])}
"""Smaller is stronger; what nobody could see is weakest."""


def weakest_origin(support: Support) -> Origin | None:
    """The weakest origin; WITNESSED of no support at all, since nothing could fail.

    >>> weakest_origin({"stream.audio": Origin.WITNESSED, "light": Origin.DEVICE})
    <Origin.DEVICE: 'device'>
    """
    return max(
        support.values(), key=STRENGTH.__getitem__, default=Origin.WITNESSED
    )


def join_support(*supports: Support) -> Support:
    """All of them together; of an event that several name, the weaker origin.

    >>> join_support({"tone": Origin.WITNESSED}, {"tone": Origin.DRIVER})
    {'tone': <Origin.DRIVER: 'driver'>}
    """
    joined: dict[str, Origin | None] = {}
    for support in supports:
        for name, origin in support.items():
            joined[name] = weakest_origin(
                {"": joined.get(name, Origin.WITNESSED), name: origin}
            )
    return joined


@dataclass(frozen=True, slots=True)
class Grounds:
    """The truth of a formula at an event, and what it rests on.

    >>> Grounds(True, {"tone": Origin.DEVICE, "wake_word": Origin.WITNESSED}).weakness
    (1, 2)
    """

    truth: bool
    support: Support

    @property
    def weakness(self) -> tuple[int, int]:
        """For choosing among several: the weaker the origin the worse, then the more names the worse."""
        return STRENGTH[weakest_origin(self.support)], len(self.support)


def support_of_absence(formula: object, sight: Sight) -> Support:
    """What it rests on that nothing a formula speaks of came.

    >>> support_of_absence(IS_TONE, {"tone": Origin.WITNESSED})  # our own ears would have heard one
    {'tone': <Origin.WITNESSED: 'witnessed'>}
    >>> support_of_absence(IS_TONE, {})  # nobody would have
    {'tone': None}
    """
    return {name: sight.get(name) for name in sorted(event_names(formula))}


def negate_grounds(grounds: Grounds) -> Grounds:
    """The contrary rests on the same.

    >>> negate_grounds(Grounds(True, {"tone": Origin.DEVICE})).truth
    False
    """
    return replace(grounds, truth=not grounds.truth)


def all_grounds(*parts: Grounds) -> Grounds:
    """A conjunction that holds rests on all its parts; one that does not rests on the false part that is best
    known.

    >>> seen, told = Grounds(True, {"tone": Origin.WITNESSED}), Grounds(True, {"light": Origin.DEVICE})
    >>> sorted(all_grounds(seen, told).support)
    ['light', 'tone']
    >>> all_grounds(seen, negate_grounds(told)).support
    {'light': <Origin.DEVICE: 'device'>}
    """
    false = [grounds for grounds in parts if not grounds.truth]
    if false:
        return min(false, key=lambda grounds: grounds.weakness)
    return Grounds(
        True, join_support(*(grounds.support for grounds in parts))
    )


def any_grounds(*parts: Grounds) -> Grounds:
    """A disjunction, the other way round.

    >>> seen, told = Grounds(True, {"tone": Origin.WITNESSED}), Grounds(True, {"light": Origin.DEVICE})
    >>> any_grounds(seen, told).support  # the better known one is enough
    {'tone': <Origin.WITNESSED: 'witnessed'>}
    """
    return negate_grounds(all_grounds(*map(negate_grounds, parts)))


def support_of_terms(
    formula: Compare,
    latest: Mapping[str, Observation],
    seen: Observation,
    sight: Sight,
) -> Support:
    """A comparison rests on the events whose values it compares.

    >>> later = parse_formula("last wake_word.time < now")
    >>> support_of_terms(later, latest={"wake_word": WAKE}, seen=TONE, sight={})
    {'wake_word': <Origin.WITNESSED: 'witnessed'>, 'tone': <Origin.DEVICE: 'device'>}
    """
    terms = list(_terms_of(formula))
    support: list[Support] = []
    for term in terms:
        if isinstance(term, Last):
            came = latest.get(term.event)
            support.append(
                {term.event: came.origin if came else sight.get(term.event)}
            )
    if any(isinstance(term, Its | Now) for term in terms):
        support.append({seen.event: seen.origin})
    return join_support(*support)


def _terms_of(part: object) -> Iterator[object]:
    yield part
    for smaller in direct_parts(part):
        yield from _terms_of(smaller)
