"""Sound that the microphones took before their device said anything of it: who reports in batches tells of it
later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from earwitness.conformance.running.moment import Frame
from earwitness.model.trace import Observation

CAPTURED = "audio.captured"
SEEN = frozenset({CAPTURED, "stream.audio", "light", "screen"})
"""What the harness sees at the end of each piece of sound."""
LONGEST_BATCH = 5_000_000
"""Microseconds that a device may hold reports back. What is told later still is dated when it is told."""


@dataclass
class Untold:
    """What was seen to be taken and was not yet told of, by device, in order of time."""

    taken: dict[str, list[Observation]] = field(default_factory=dict)
    late_tellers: set[str] = field(default_factory=set)
    """The devices that told of sound later than it was taken."""

    def add(self, taken: Observation) -> None:
        """The microphones took sound, and the device said nothing of it."""
        self.taken.setdefault(taken.device, []).append(taken)

    def match_reports(
        self,
        reports: Sequence[Observation],
        frames: Mapping[str, Frame],
        trace: list[Observation],
    ) -> list[Observation]:
        """The reports without those that are about sound of earlier moments: what they say is added to the
        trace there. The latest are about the sound of this moment."""
        left = {name: frame.taken for name, frame in frames.items()}
        kept: list[Observation] = []
        for said in reversed(reports):
            is_of_now = left.get(said.device, 0) > 0
            if said.event != CAPTURED:
                kept.append(said)
            elif is_of_now:
                left[said.device] -= _size_of(said)
                kept.append(said)
            elif not self.tell(said, trace):
                kept.append(said)
        return kept[::-1]

    def tell(self, said: Observation, trace: list[Observation]) -> bool:
        """Take a report as one of the sound nearest in time that nobody spoke of; whether there is any."""
        untold = self.taken.get(said.device)
        if not untold:
            return False
        nearest = min(untold, key=lambda taken: abs(taken.time - said.time))
        untold.remove(nearest)
        self.late_tellers.add(said.device)
        _complete_attributes(trace, [nearest], said)
        return True

    def tell_of_last(self, trace: list[Observation]) -> None:
        """What a device that reports in batches had no more time to tell is as it told last."""
        for device, untold in self.taken.items():
            told = [
                o
                for o in trace
                if (o.event, o.device) == (CAPTURED, device)
                and "buffered" in o.attributes
            ]
            if told:
                last = told[-1]
                until = last.time + LONGEST_BATCH
                late = [o for o in untold if last.time < o.time <= until]
                _complete_attributes(trace, late, last)


def insert_late(trace: list[Observation], said: Observation) -> None:
    """Put what was told late where it belongs: after all that its device had done until then, and before what
    was seen of the same instant when it was over."""

    def is_later(other: Observation) -> bool:
        seen_at_its_end = other.time == said.time and other.event in SEEN
        return (
            other.device != said.device
            or other.time > said.time
            or seen_at_its_end
        )

    place = len(trace)
    while place and is_later(trace[place - 1]):
        place -= 1
    trace.insert(place, said)


def _complete_attributes(
    trace: list[Observation], taken: Iterable[Observation], said: Observation
) -> None:
    """Give these observations, where they stand in the trace, what was said of them."""
    wanted = {id(o) for o in taken}
    for place in reversed(range(len(trace))):
        if not wanted:
            return
        seen = trace[place]
        if id(seen) in wanted:
            wanted.discard(id(seen))
            attributes = {**said.attributes, **seen.attributes}
            trace[place] = replace(seen, attributes=attributes)


def _size_of(said: Observation) -> int:
    size = said.attributes.get("bytes", 0)
    return size if isinstance(size, int) else 0
