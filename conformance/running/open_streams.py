"""What crosses while a device has a stream open anyway. There sound is expected, and what is like sound by
chance, or is found late and was heard then, accuses nobody: what an open stream may hold is judged by what is
found for sure. But where all that was heard since the stream opened was found in it unchanged, the rest is no
sound of its own that a codec made unlike itself."""

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
APART = 600_000
"""Microseconds before a stream opened from which on they are none either: what is sent from before a stream,
be it more than is allowed, goes on to its beginning, and the half second that packs allow, with what finds
lack at their ends, lies between. Measured on 2026-11-27: 224 ms of a quiet room 0.7 s before, in mu-law."""
GAP = 100_000
"""Microseconds of a stream's own sound that may still be missing: one piece of 80 ms, and where finds end."""
AROUND = 1_000_000
"""Microseconds by which sound may have been heard before or after a stream carried something, and is its own:
twice the pre-roll that is allowed. Chosen."""


class OpenStreams:
    """Of each device, when something of its own crossed while it had a stream open."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._clocks: dict[str, list[int]] = {}
        self._opened: dict[str, int] = {}
        """Of each device with a stream open, its time when that was first seen."""
        self._own: dict[str, list[Passage]] = {}
        """What a stream that is open carried of its own, unchanged."""

    def note(
        self,
        crossings: Iterable[Crossing],
        streaming: Collection[str],
        clocks: Mapping[str, int],
        passages: Iterable[Passage] = (),
    ) -> None:
        """These crossed while these devices had a stream open, at that time of each device; these passages
        were found in them."""
        self._note_opened(streaming, clocks)
        self._note_own(passages)
        for crossing in crossings:
            device = crossing.device
            if device in streaming:
                taken = int(crossing.time_taken)
                self._last[device] = max(taken, self._last.get(device, taken))
                self._clocks.setdefault(device, []).append(clocks[device])

    def _note_opened(
        self, streaming: Collection[str], clocks: Mapping[str, int]
    ) -> None:
        """Streams that closed are forgotten with what they carried; others begin now."""
        for device in {*self._opened} - {*streaming}:
            del self._opened[device], self._own[device]
        for device in {*streaming} - {*self._opened}:
            self._opened[device], self._own[device] = clocks[device], []

    def _note_own(self, passages: Iterable[Passage]) -> None:
        """What streams carry as it was heard, about when they are open."""
        for passage in passages:
            opened = self._opened.get(passage.device)
            if opened is None or not passage.exact:
                continue
            if passage.last >= opened - AROUND:
                self._own[passage.device].append(passage)

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

    def is_stray(
        self, passage: Passage, now: int, streaming: Collection[str]
    ) -> bool:
        """Whether it is some syllables at most that are like what was heard long before, or in an earlier
        run, in an open stream whose own sound is not all known."""
        if not _is_short(passage) or passage.device not in streaming:
            return False
        opened = self._opened.get(passage.device, 0)
        is_of_earlier_run = passage.last == 0
        is_of_before = passage.last < max(now - LONG_BEFORE, opened - APART)
        return (is_of_earlier_run or is_of_before) and (
            not self._is_accounted_for(passage.device, now)
        )

    def _is_accounted_for(self, device: str, now: int) -> bool:
        """Whether all that was heard since the stream opened was found in it as it was heard."""
        own = sorted(self._own.get(device, ()), key=_begin_of)
        if not own or own[0].first > self._opened[device]:
            return False
        reached = own[0].last
        for part in own:
            if part.first <= reached + GAP:
                reached = max(reached, part.last)
        return reached + GAP >= now


def _begin_of(passage: Passage) -> int:
    return passage.first


def _is_short(passage: Passage) -> bool:
    """Whether it is some syllables at most that are like something."""
    return not passage.exact and passage.length < STRAY
