"""What crosses while a device has a stream open anyway. There sound is expected, and what is like sound by
chance, or is found late and was heard then, accuses nobody: what an open stream may hold is judged by what is
found for sure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from earwitness.conformance.running.moment import Passage
from earwitness.conformance.witnesses.relay import Crossing

STRAY = 750_000
"""Microseconds of changed sound that may be like something said long before by chance, as the same voice says
the same words again. Measured on 2026-11-27: 48 to 512 ms with a drifting clock, 224 ms in stereo."""
LONG_BEFORE = 2_000_000
"""Microseconds from which on such syllables are no part of what the stream is about: where more is sent from
before a stream than is allowed, it goes on into the stream and is one long find. Measured on 2026-11-27:
224 ms of 4.6 s before, where the loudness is evened out."""
AROUND = 1_000_000
"""Microseconds by which sound may have been heard before or after a stream carried something, and is its own:
twice the pre-roll that is allowed. Chosen."""


class OpenStreams:
    """Of each device, when something of its own crossed while it had a stream open."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._clocks: dict[str, list[int]] = {}

    def note(
        self,
        crossings: Iterable[Crossing],
        streaming: Collection[str],
        clocks: Mapping[str, int],
    ) -> None:
        """These crossed while these devices had a stream open, at that time of each device."""
        for crossing in crossings:
            device = crossing.device
            if device in streaming:
                taken = int(crossing.time_taken)
                self._last[device] = max(taken, self._last.get(device, taken))
                self._clocks.setdefault(device, []).append(clocks[device])

    def carried(self, passage: Passage) -> bool:
        """Whether it crossed no later than the last that did while its device had a stream open, and was
        heard about when one was, or is a stray: what was heard long before is not a stream's own."""
        last = self._last.get(passage.device)
        if last is None or passage.taken > last:
            return False
        return _is_short(passage) or any(
            abs(clock - passage.last) <= AROUND
            for clock in self._clocks[passage.device]
        )


def _is_short(passage: Passage) -> bool:
    """Whether it is some syllables at most that are like something."""
    return not passage.exact and passage.length < STRAY


def is_stray(passage: Passage, now: int, streaming: Collection[str]) -> bool:
    """Whether it is some syllables at most that are like what was heard long before, or in an earlier run, in
    an open stream."""
    is_of_earlier_run = passage.last == 0
    return (
        _is_short(passage)
        and passage.device in streaming
        and (is_of_earlier_run or passage.last < now - LONG_BEFORE)
    )
