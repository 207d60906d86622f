"""Why a formula holds, or does not, at an event: the few events that decide it, as a tree with one witness
for each operator. What only the whole trace can show, that something did not come, is listed as absences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from earwitness.model.logic.formula import (
    Compare,
    Count,
    Event,
    Formula,
    Historically,
    Last,
    Once,
    Previously,
    Since,
    direct_parts,
)
from earwitness.model.logic.semantics import Trace, holds
from earwitness.model.trace import Observation


class ExplanationError(ValueError):
    """An explanation that does not explain; the message names the step that fails."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Nowhere from position `first` to `last`, both included, has the formula the given truth.

    >>> Absence(IS_TONE, truth=True, first=0, last=0).is_so(LOG)  # no tone at the first event
    True
    >>> Absence(IS_TONE, truth=True, first=0, last=1).is_so(LOG)
    False
    """

    formula: Formula
    truth: bool
    first: int
    last: int

    def is_so(self, trace: Trace) -> bool:
        """Whether the whole trace bears it out."""
        return all(
            holds(self.formula, trace, i) is not self.truth
            for i in range(self.first, self.last + 1)
        )


@dataclass(frozen=True, slots=True)
class Reason:
    """The formula has that truth at a position, because of the parts and of what did not come.

    >>> reason = Reason(Once(None, IS_TONE), truth=True, position=2, parts=(Reason(IS_TONE, True, 2),))
    >>> reason.size
    2
    """

    formula: Formula
    truth: bool
    position: int
    parts: tuple[Reason, ...] = ()
    absences: tuple[Absence, ...] = ()

    @property
    def size(self) -> int:
        """How many steps there are to read."""
        return 1 + len(self.absences) + sum(part.size for part in self.parts)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason with the observations that it speaks of, by their positions in the trace.

    >>> Explanation(Reason(IS_TONE, True, 1), facts={1: TONE}).facts[1].event
    'tone'
    """

    reason: Reason
    facts: Mapping[int, Observation] = field(default_factory=dict)


def absences_in(reason: Reason) -> Iterator[Absence]:
    """All absences that a reason relies on.

    >>> never = Reason(Once(None, IS_TONE), False, 0, absences=(Absence(IS_TONE, True, 0, 0),))
    >>> [(absence.first, absence.last) for absence in absences_in(never)]
    [(0, 0)]
    """
    yield from reason.absences
    for part in reason.parts:
        yield from absences_in(part)


def happened_in(reason: Reason) -> Iterator[int]:
    """The positions of the events that happened and that the reason rests on.

    >>> list(happened_in(Reason(Once(None, IS_TONE), True, 2, parts=(Reason(IS_TONE, True, 1),))))
    [1]
    """
    if isinstance(reason.formula, Event) and reason.truth:
        yield reason.position
    for part in reason.parts:
        yield from happened_in(part)


def positions_in(reason: Reason, trace: Trace) -> set[int]:
    """The positions of the reason, and the neighbours that show where a bound begins and ends.

    >>> never = Reason(Once(None, IS_TONE), False, 0, absences=(Absence(IS_TONE, True, 0, 0),))
    >>> positions_in(never, LOG)
    {0}
    """
    found = {reason.position}
    for absence in reason.absences:
        edges = {
            absence.first - 1,
            absence.first,
            absence.last,
            absence.last + 1,
        }
        found |= {edge for edge in edges if 0 <= edge <= reason.position}
    if isinstance(reason.formula, Compare):
        found |= set(
            latest_positions(reason.formula, trace, reason.position).values()
        )
    found |= _outside_positions(reason)
    return found.union(*(positions_in(part, trace) for part in reason.parts))


def _outside_positions(reason: Reason) -> set[int]:
    """Further positions whose times show that nothing more was inside the bound."""
    match reason.formula:
        case Previously() if reason.position:
            return {reason.position - 1}
        case Count() if reason.parts:
            return {max(0, reason.parts[0].position - 1)}
        case Once() | Historically() | Since() if not reason.absences:
            return {0}
    return set()


def latest_positions(formula: object, trace: Trace, i: int) -> dict[str, int]:
    """Of each event that a comparison looks back to, the position of the latest.

    >>> latest_positions(parse_formula("last tone.time < now"), LOG, 2)
    {'tone': 2}
    """
    names = names_looked_back_to(formula)
    return {
        seen.event: j
        for j, seen in enumerate(trace[: i + 1])
        if seen.event in names
    }


def names_looked_back_to(part: object) -> set[str]:
    """The events whose latest attributes a comparison reads.

    >>> names_looked_back_to(parse_formula("last tone.time < now"))
    {'tone'}
    """
    own = {part.event} if isinstance(part, Last) else set()
    return own.union(
        *(names_looked_back_to(smaller) for smaller in direct_parts(part))
    )
