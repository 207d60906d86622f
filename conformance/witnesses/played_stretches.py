"""The memory of all sound that was played: what continues what, where each sample lies in the index, and what
was played just now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from earwitness.conformance.stimuli.sound_format import RATE, Samples
from earwitness.conformance.witnesses.anchors import AnchorIndex, SampleRun
from earwitness.conformance.witnesses.stretch import Stretch
from earwitness.model.vocabulary import Microseconds

JUST_PLAYED = 6 * RATE
"""Samples, six seconds: a clip that begins with a wake word takes longer, so it is not in it twice."""


@dataclass(frozen=True, slots=True)
class PartOfRun:
    """So many samples of a run that lie in one addition, from a sample of it on; `done` are before them."""

    number: int
    sample: int
    done: int
    samples: int


class PlayedStretches:
    """What was played in a check, in stretches without a gap."""

    def __init__(self) -> None:
        self.run = 0
        self.index = AnchorIndex()
        self.stretches: list[Stretch] = []
        # Of each addition to the index: its first place, its stretch, and where it begins in that.
        self._firsts: list[int] = []
        self._additions: list[tuple[Stretch, int]] = []
        self._latest: dict[tuple[str, bool], Stretch] = {}
        self._playing: Stretch | None = None
        self._before: Stretch | None = None
        """What was played last, and the stretch that it goes on from."""
        self._recent: tuple[int, Stretch] | None = None
        """What was just played, and how much was played in all by then."""

    def begin_run(self) -> int:
        """A new run begins, with clocks of its own; returns its number."""
        self.run += 1
        self._latest.clear()
        return self.run

    def add(
        self,
        device: str,
        began: Microseconds,
        samples: Samples,
        call: bool = False,
    ) -> None:
        """Sound was played beside a device, 16-bit mono at 16 kHz, from an instant of the device's clock;
        `call` says during a call."""
        if not len(samples):
            return
        latest = self._latest.get((device, call))
        stretch = self._stretch_for(device, began, call)
        if stretch is not self._playing:
            self._before = latest if latest is not stretch else None
        self._firsts.append(self.index.add(samples))
        self._additions.append((stretch, len(stretch.samples)))
        stretch.samples = np.concatenate([stretch.samples, samples])
        stretch.spectra = None
        self._playing = stretch

    def _stretch_for(
        self, device: str, began: Microseconds, call: bool
    ) -> Stretch:
        """The stretch that sound from this instant continues, or a new one."""
        latest = self._latest.get((device, call))
        if latest is not None and latest.is_continued_at(began):
            return latest
        stretch = Stretch(
            device=device,
            run=self.run,
            call=call,
            began=began,
            samples=np.zeros(0, np.int16),
        )
        self.stretches.append(stretch)
        self._latest[device, call] = stretch
        return stretch

    def count_ended(self) -> int:
        """How many stretches, from the first on, nothing can be added to any more."""
        growing = {id(stretch) for stretch in self._latest.values()}
        return next(
            (
                number
                for number, stretch in enumerate(self.stretches)
                if id(stretch) in growing
            ),
            len(self.stretches),
        )

    def just_played(self) -> list[Stretch]:
        """The end of what was played last, as a stretch of its own: the same words may have been said before,
        and who sends what it hears sends this."""
        playing, before = self._playing, self._before
        if playing is None:
            return []
        if self._recent is not None and self._recent[0] == len(self.index):
            return [self._recent[1]]
        samples = playing.samples[-JUST_PLAYED:]
        missing = JUST_PLAYED - len(samples)
        if missing and before is not None and before.ends_at(playing.began):
            samples = np.concatenate([before.samples[-missing:], samples])
        earlier = len(playing.samples) - len(samples)
        began = playing.time_of(earlier, RATE)
        recent = replace(playing, began=began, samples=samples, spectra=None)
        self._recent = len(self.index), recent
        return [recent]

    def split_run(self, run: SampleRun, step: int) -> Iterator[PartOfRun]:
        """What of a run lies in each addition."""
        count = (run.ends - run.begins) // step
        done = 0
        while done < count:
            place = run.place + done
            number = bisect_right(self._firsts, place) - 1
            until = (
                self._firsts[number + 1]
                if number + 1 < len(self._firsts)
                else len(self.index)
            )
            here = min(count - done, until - place)
            yield PartOfRun(
                number=number,
                sample=place - self._firsts[number],
                done=done,
                samples=here,
            )
            done += here

    def addition(self, number: int) -> tuple[Stretch, int]:
        """The stretch of an addition, and where it begins in that."""
        return self._additions[number]
