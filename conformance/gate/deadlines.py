"""How close each deadline came to its bound: who is nearly too late should hear of it before he is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from earwitness.conformance.evidence.records import NearMiss
from earwitness.conformance.evidence.redaction import safe_text
from earwitness.model.logic.wording import describe_duration
from earwitness.model.vocabulary import SECOND


@dataclass(frozen=True, slots=True)
class DeadlineLine:
    """The slowest answer within one deadline. `left` is the share of the bound that was left, in percent; it
    is negative where the answer came too late."""

    part: str
    allowed: str
    slowest: str
    left: int

    @property
    def left_words(self) -> str:
        """What was left, as every report says it."""
        if self.left < 0:
            return "too late"
        return f"{self.left} % left"


def deadline_lines(near: Iterable[NearMiss]) -> Iterator[DeadlineLine]:
    """One line for each deadline, in the order in which they are kept: the closest to its bound first."""
    for each in near:
        yield DeadlineLine(
            part=safe_text(each.clause),
            allowed=describe_duration(each.bound),
            slowest=_measured_time(each.closest),
            left=_share_left(each.bound, each.closest),
        )


def _measured_time(microseconds: int) -> str:
    """A measured time: of one above a second nobody needs more than hundredths.

    >>> _measured_time(5_280_000), _measured_time(20_000)
    ('5.28 s', '20 ms')
    """
    if microseconds < SECOND:
        return describe_duration(microseconds)
    return f"{microseconds / SECOND:.2f} s"


def _share_left(bound: int, closest: int) -> int:
    """In whole percent, rounded down, so that what is late by little is never called in time.

    >>> _share_left(100, 99), _share_left(1_000_000, 1_000_001)
    (1, -1)
    """
    return 100 * (bound - closest) // bound


def describe_closest(lines: Iterable[DeadlineLine], most: int) -> str:
    """The closest few, in one line.

    >>> describe_closest([DeadlineLine("MIC-2.1", "100 ms", "80 ms", 20)], most=3)
    'MIC-2.1 took 80 ms of 100 ms (20 % left)'
    """
    told = [
        f"{line.part} took {line.slowest} of {line.allowed} ({line.left_words})"
        for line in lines
    ]
    return "; ".join(told[:most])
