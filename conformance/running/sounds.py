"""What crossed and what is kept, compared with all sound and all words of the check: passages of voice, and
everything else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from earwitness.conformance.running.moment import Passage
from earwitness.conformance.witnesses.finds_of_sound import Heard
from earwitness.conformance.witnesses.found_on_wire import FoundOnWire
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.reader import Reader
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.spoken_words import (
    SpokenWords,
    WordsKind,
)
from earwitness.conformance.witnesses.wire_reader import WireReader
from earwitness.model.vocabulary import Microseconds

DOUBT = 8_000
"""Microseconds by which sound that is found by correlation may really begin later and end earlier: a voice
repeats itself, so it may be found a pitch period off, 8 ms for a low one; bytes of a header are less."""
EDGE = 250
"""Microseconds by which exact sound may be found to begin too early or to end too late: four samples. What
lies beside it in a message agrees with the room by chance, one sample in about forty, four once in a million
times. Measured on 2026-11-27: one too many, in an honest stream of exactly the pre-roll that is allowed."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words that were said beside a device, and when they ended."""

    device: str
    words: str
    until: int


class SoundMemory:
    """One memory for the whole check. Sound of an earlier run has no place on this run's clocks: it is dated
    0."""

    def __init__(self) -> None:
        self.first_device = ""
        self.heard = HeardSound()
        self.words = SpokenWords(("alexa", "amazon", "computer", "echo"))
        self.reader = Reader(self.heard, self.words)
        self.wire = WireReader(self.reader)
        self.spoken: list[Spoken] = []
        """In this run."""

    def close(self) -> None:
        self.reader.close()

    def begin(self) -> None:
        """A new run."""
        self.heard.begin_run()
        self.wire = WireReader(self.reader)
        self.spoken = []

    def add(
        self, device: str, began: int, samples: bytes, *, in_call: bool
    ) -> None:
        """Sound that is about to be heard beside a device from that instant on."""
        self.first_device = self.first_device or device
        self.heard.play(
            device,
            Microseconds(began),
            np.frombuffer(samples, "<i2"),
            call=in_call,
        )

    def speak(self, device: str, words: str, until: int) -> None:
        """Words that are about to be said beside a device."""
        self.words.add(words)
        self.spoken.append(Spoken(device, words, until))

    def passages(
        self, crossings: Iterable[Crossing], streaming: Collection[str] = ()
    ) -> list[Passage]:
        """The sound and the words in what crossed. Everything else is traffic. `streaming` are the devices
        that have a stream open."""
        return list(self._passages_of(self.wire.feed(crossings, streaming)))

    def last_passages(self) -> list[Passage]:
        """What is found only when all that crossed in a run is put together."""
        return list(self._passages_of(self.wire.finish()))

    def _passages_of(self, found: Iterable[FoundOnWire]) -> Iterator[Passage]:
        for find in found:
            if find.heard is not None:
                first, last = self._times_of(find.heard)
            elif find.words is not None and find.words.kind is WordsKind.SAME:
                first = last = self._end_of(find.words.phrase)
            else:
                continue
            yield Passage(
                device=self._heard_beside(find),
                first=first,
                last=last,
                size=find.size,
                encrypted=find.crossing.encrypted,
                peer=find.crossing.door,
                taken=int(find.crossing.time_taken),
                exact=find.heard is None or find.heard.exact,
                length=_length_of(find.heard),
            )

    def _heard_beside(self, find: FoundOnWire) -> str:
        """The device that is to answer for it: that which sent it. But unchanged sound of this run that was
        heard beside another is that one's: it left by the stream of somebody who never heard it."""
        heard = find.heard
        is_sure = (
            heard is not None and heard.exact and heard.run == self.heard.run
        )
        if heard is not None and is_sure and find.crossing.device:
            return heard.device
        return find.crossing.device or self._said_beside(find)

    def _said_beside(self, find: FoundOnWire) -> str:
        """The device beside which what left was said, where the way it went tells of none; of an earlier run
        none of this one's clocks knows."""
        if find.heard is not None:
            return find.heard.device
        phrase = find.words.phrase if find.words is not None else ""
        said = [
            spoken.device
            for spoken in self.spoken
            if self.words.same(spoken.words, phrase)
        ]
        return said[-1] if said else self.first_device

    def _times_of(self, heard: Heard) -> tuple[int, int]:
        if heard.run != self.heard.run:
            return 0, 0
        # Where sound begins and ends is known no better, which is not held against the device.
        doubt = EDGE if heard.exact else DOUBT
        first = min(heard.heard_from + doubt, heard.heard_to)
        return first, max(first, heard.heard_to - doubt)

    def _end_of(self, phrase: str) -> int:
        """When words were last spoken in this run, 0 where they were not."""
        ends = [
            spoken.until
            for spoken in self.spoken
            if self.words.same(spoken.words, phrase)
        ]
        return max(ends, default=0)


def _length_of(heard: Heard | None) -> int:
    """Microseconds of sound, in whichever run it was heard."""
    return 0 if heard is None else heard.heard_to - heard.heard_from
