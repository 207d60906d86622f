"""Exact samples of what was played, found in bytes of any width, order and number of channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from earwitness.conformance.stimuli.sound_format import RATE, Samples
from earwitness.conformance.witnesses.anchors import SHORTEST, SampleRun
from earwitness.conformance.witnesses.finds_of_sound import (
    Heard,
    is_all_explained,
    merge_finds,
    move_find,
)
from earwitness.conformance.witnesses.layouts import (
    STRIDES,
    floats_at,
    is_plain_text,
    orderly_ranges,
    phases_of_floats,
    upper_halves,
)
from earwitness.conformance.witnesses.played_stretches import PlayedStretches

LARGEST_SEARCH = 4 << 20
"""Bytes searched at a time, so that memory stays bounded."""
INTEGERS = (
    (False, STRIDES[:1]),
    (False, STRIDES[1:]),
    (True, STRIDES),
)
"""Whether the upper half comes first, and strides that are tried together: first what most devices send."""
OVERLAP = 1 << 12
"""Bytes that neighbouring searches share, so that nothing is lost at the seam."""


@dataclass(frozen=True, slots=True)
class ExactSearch:
    """Looks for exact samples of what was played, negated ones too."""

    played: PlayedStretches

    def locate(self, content: bytes) -> list[Heard]:
        """Exact samples, in any width, order, number of channels and at any offset; negated ones too."""
        finds: list[Heard] = []
        for begins, part in _windows_of(content):
            if not is_plain_text(part):
                finds += [
                    move_find(find, begins)
                    for find in self._locate_anywhere(part)
                ]
        return merge_finds(finds)

    def locate_usual(self, content: bytes) -> list[Heard]:
        """Exact samples of 16 bits, little-endian, at any offset: what most devices send, found in a tenth
        of the time."""
        finds: list[Heard] = []
        for begins, part in _windows_of(content):
            if not is_plain_text(part):
                finds += [
                    move_find(find, begins)
                    for find in self._located_in(part, STRIDES[:1], big=False)
                ]
        return merge_finds(finds)

    def locate_samples(self, samples: Samples) -> list[Heard]:
        """Exact samples among numbers; `begins` and `ends` count samples."""
        return merge_finds(
            [
                heard
                for run in self.played.index.find(samples)
                for heard in self._tell_heard(
                    run, step=1, scale=1, first=0, layout="numbers"
                )
            ]
        )

    def _locate_anywhere(self, content: bytes) -> list[Heard]:
        finds: list[Heard] = []
        for big, strides in INTEGERS:
            if is_all_explained(content, finds):
                return finds
            finds += self._located_in(content, strides, big=big)
        for big in (False, True):
            for phase in phases_of_floats(content, big):
                if is_all_explained(content, finds):
                    return finds
                for run in self.played.index.find(
                    floats_at(content, phase, big)
                ):
                    finds += self._tell_heard(
                        run,
                        step=1,
                        scale=4,
                        first=phase,
                        layout="32-bit floats",
                    )
        return finds

    def _located_in(
        self, content: bytes, strides: Sequence[int], *, big: bool
    ) -> list[Heard]:
        """Finds in layouts of integers, at all their offsets. What one layout explains is not looked for in
        the next."""
        order = "big" if big else "little"
        runs = self.played.index.find_in_strides(
            upper_halves(content, big), strides
        )
        finds: list[Heard] = []
        for stride in strides:
            if finds and is_all_explained(content, finds):
                break
            for run in runs[stride]:
                finds += self._tell_heard(
                    run,
                    step=stride,
                    scale=1,
                    first=0,
                    layout=f"{order}-endian 16 bits each {stride} bytes",
                )
        return finds

    def _tell_heard(
        self,
        run: SampleRun,
        *,
        step: int,
        scale: int,
        first: int,
        layout: str,
    ) -> Iterator[Heard]:
        """A run of samples told in instants; it may reach over several additions, which were not played in
        one piece. A sample takes `step` of the run's windows, a window `scale` bytes of the content, and
        the windows begin at byte `first`."""
        parts = groupby(
            self.played.split_run(run, step),
            key=lambda part: id(self.played.addition(part.number)[0]),
        )
        for _, of_one_stretch in parts:
            together = list(of_one_stretch)
            # A run of one stretch may go on by chance into what was added before or after it.
            if sum(part.samples for part in together) < SHORTEST:
                continue
            for part in together:
                stretch, offset = self.played.addition(part.number)
                sample = offset + part.sample
                begins = run.begins + part.done * step
                ends = begins + part.samples * step
                yield Heard(
                    device=stretch.device,
                    run=stretch.run,
                    call=stretch.call,
                    heard_from=stretch.time_of(sample, RATE),
                    heard_to=stretch.time_of(sample + part.samples, RATE),
                    begins=first + begins * scale,
                    ends=first + ends * scale,
                    layout=layout,
                    exact=True,
                )


def _windows_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    for first, last in orderly_ranges(content):
        for begins in range(first, max(first + 1, last), LARGEST_SEARCH):
            ends = min(last, begins + LARGEST_SEARCH + OVERLAP)
            yield begins, content[begins:ends]
