"""Whether a new device shows what an old one showed at the same steps: a pure comparison of two recordings.
Nothing is learned and nothing is judged: only what was seen of both is compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest

from earwitness.conformance.evidence.redaction import CONTENT
from earwitness.conformance.gate.story import UNEVENTFUL
from earwitness.conformance.running.recording import Recording
from earwitness.model.expression import Value
from earwitness.model.logic.formula import event_names
from earwitness.model.trace import Observation
from earwitness.policies.pack import Clause

TOLERANCE = 100_000
"""Microseconds by which the same event may come earlier or later: as far as two witnesses' clocks may differ
on a target whose time is real."""
STEADY = frozenset({"audio.captured", "camera.captured"})
"""Events that come many times a second: whether they come is compared, and not when."""
AT_THE_END = -1
"""The number of the step of what was found when all was done."""
KEPT = frozenset({"record.found"})
"""What is compared of the time after the last step: there somebody says other words to each device."""

Kind = tuple[str, tuple[tuple[str, Value], ...]]
"""An event with those attributes that do not differ from run to run."""


class DepartureKind(Enum):
    """How the new device differs."""

    NEW = "it shows what the old one did not, or once more"
    MISSING = "it does not show what the old one did, or once less"
    EARLIER = "it shows it earlier"
    LATER = "it shows it later"


@dataclass(frozen=True, slots=True)
class Departure:
    """A step at which the devices differ. `delays` are the microseconds since the step's first observation,
    of the old device and of the new one; None where it does not show it."""

    step: int
    device: str
    change: DepartureKind
    seen: Observation
    delays: tuple[int | None, int | None]

    @property
    def kind(self) -> tuple[int, str, DepartureKind, Kind]:
        """What must be the same for it to be the same difference again."""
        return self.step, self.device, self.change, kind_of(self.seen)


def kind_of(seen: Observation) -> Kind:
    """The event without times, sizes and numbers of streams, which no two runs share, and without words,
    which a bundle does not hold.

    >>> kind_of(Observation(5, "d1", "audio.captured", {"bytes": 2560, "buffered": 0}))
    ('audio.captured', ())
    """
    steady = {
        name: value
        for name, value in seen.attributes.items()
        if name not in CONTENT
        and (isinstance(value, bool) or not isinstance(value, int))
    }
    return seen.event, tuple(sorted(steady.items()))


def departures(
    old: Recording,
    new: Recording,
    tolerance: int = TOLERANCE,
    left_out: Collection[int] = (),
) -> Iterator[Departure]:
    """Where the devices differ, step by step, but for the steps that were left out. What follows the first
    difference may follow from it."""
    pairs = zip(old.after, new.after, strict=False)
    for step, (before, now) in enumerate(pairs):
        if step not in left_out:
            yield from _compare_step(
                step, before, now=now, tolerance=tolerance
            )
    is_whole = len(old.after) == len(new.after)
    if is_whole and old.has_control == new.has_control:
        yield from _compare_step(
            AT_THE_END,
            before=_kept_of(old.last),
            now=_kept_of(new.last),
            tolerance=None,
        )


def _kept_of(last: Sequence[Observation]) -> list[Observation]:
    return [seen for seen in last if seen.event in KEPT]


def _compare_step(
    step: int,
    before: Sequence[Observation],
    now: Sequence[Observation],
    tolerance: int | None,
) -> Iterator[Departure]:
    for device in sorted({seen.device for seen in (*before, *now)}):
        old, new = _shown_by(before, device), _shown_by(now, device)
        pairs = (
            pair
            for kind in {**old, **new}
            for pair in zip_longest(old.get(kind, ()), new.get(kind, ()))
        )
        found = (_compare_pair(step, *pair, tolerance) for pair in pairs)
        yield from sorted(
            (one for one in found if one is not None), key=_when_it_shows
        )


def _when_it_shows(difference: Departure) -> int:
    return min(delay for delay in difference.delays if delay is not None)


@dataclass(frozen=True, slots=True)
class _Shown:
    seen: Observation
    delay: int


def _shown_by(
    observations: Sequence[Observation], device: str
) -> Mapping[Kind, Sequence[_Shown]]:
    """What a device showed, by kinds, since the first of all of the step. Of what comes in pieces the first
    is enough: how many there are depends on their size."""
    found: dict[Kind, list[_Shown]] = {}
    began = None
    for seen in observations:
        if seen.device != device or seen.event in UNEVENTFUL:
            continue
        began = seen.time if began is None else began
        known = found.setdefault(kind_of(seen), [])
        if not known or "bytes" not in seen.attributes:
            known.append(_Shown(seen, seen.time - began))
    return found


def _compare_pair(
    step: int, old: _Shown | None, new: _Shown | None, tolerance: int | None
) -> Departure | None:
    shown = new or old
    if shown is None:
        return None
    change = _change_between(old, new, tolerance)
    if change is None:
        return None
    return Departure(
        step=step,
        device=shown.seen.device,
        change=change,
        seen=shown.seen,
        delays=(
            old.delay if old is not None else None,
            new.delay if new is not None else None,
        ),
    )


def _change_between(
    old: _Shown | None, new: _Shown | None, tolerance: int | None
) -> DepartureKind | None:
    if old is None or new is None:
        return DepartureKind.NEW if old is None else DepartureKind.MISSING
    late = new.delay - old.delay
    is_timed = tolerance is not None and new.seen.event not in STEADY
    if not is_timed or abs(late) <= (tolerance or 0):
        return None
    return DepartureKind.LATER if late > 0 else DepartureKind.EARLIER


def touched_clauses(
    seen: Observation, clauses: Sequence[Clause]
) -> tuple[str, ...]:
    """The clauses that speak of the event: what must be looked at again."""
    return tuple(
        clause.id
        for clause in clauses
        if any(
            seen.event in event_names(conjunct.formula)
            for conjunct in clause.conjuncts
        )
    )
