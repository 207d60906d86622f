"""The instant of a deed is searched: the wait before it is halved towards where what follows changes, for
there two things race."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from earwitness.conformance.running.run import Run
from earwitness.conformance.stimuli.sound_format import PIECE_TIME
from earwitness.conformance.stimuli.stimulus import Scenario, Wait

Course = tuple[str, ...]
"""The names of the events after a wait, in order, without repetition."""
MOST_GAPS = 64
"""Gaps that wait to be halved; more are dropped, as the search finds others soon."""
COMMON = frozenset({"audio.captured", "stream.audio", "end", "tick"})
"""Events that come with each piece of sound."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Two waits at one place of a scenario after which different things happen, in pieces of sound."""

    scenario: Scenario
    place: int
    low: int
    high: int
    after_low: Course | None = None
    after_high: Course | None = None

    @property
    def middle(self) -> int:
        return (self.low + self.high) // 2


@dataclass
class Instants:
    """The gaps that are being halved. Ask for the next scenario, and give back what it came to."""

    gaps: deque[Gap] = field(default_factory=deque)
    _asked: Gap | None = None

    def consider(self, run: Run) -> None:
        """Every wait before something else in a run that came somewhere new is a gap from no wait at all."""
        for place, pieces in _waits_before_deeds(run.scenario):
            if len(self.gaps) < MOST_GAPS:
                gap = Gap(
                    scenario=run.scenario, place=place, low=0, high=pieces
                )
                self.gaps.append(
                    replace(gap, after_high=course_after(run, place))
                )

    def next_scenario(self) -> Scenario | None:
        """What to try next; None where no gap is open."""
        if not self.gaps:
            return None
        gap = self._asked = self.gaps.popleft()
        pieces = gap.middle if gap.after_low is not None else 1
        scenario, place = gap.scenario, gap.place
        wait = Wait(scenario[place].device, PIECE_TIME * pieces)
        return (*scenario[:place], wait, *scenario[place + 1 :])

    def take(self, run: Run) -> None:
        """What the scenario that was asked for last came to."""
        gap, self._asked = self._asked, None
        if gap is None:
            return
        came = course_after(run, gap.place)
        if gap.after_low is None:
            gap = replace(gap, low=1, after_low=came)
        elif came != gap.after_low:
            gap = replace(gap, high=gap.middle, after_high=came)
        else:
            gap = replace(gap, low=gap.middle)
        if gap.high - gap.low > 1 and gap.after_low != gap.after_high:
            self.gaps.appendleft(gap)


def course_after(run: Run, place: int) -> Course:
    """What happened after the step at that place of the run's scenario."""
    begins = run.marks[place] if place < len(run.marks) else len(run.trace)
    names = [
        seen.event
        for seen in run.trace[begins : run.span[1]]
        if seen.event not in COMMON
    ]
    return tuple(
        name for n, name in enumerate(names) if names[n - 1 : n] != [name]
    )


def _waits_before_deeds(scenario: Scenario) -> Iterator[tuple[int, int]]:
    for place, (step, following) in enumerate(pairwise(scenario)):
        if isinstance(step, Wait) and not isinstance(following, Wait):
            pieces = step.microseconds // PIECE_TIME
            if pieces > 2:
                yield place, pieces
