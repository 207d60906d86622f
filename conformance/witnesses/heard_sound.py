"""All sound that was ever played in a check, beside each device and in calls: the ground truth for whatever
crosses or is kept.

One memory serves the whole check, because sound may be held back and leave later: at a reset, at the end,
in the next run.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product

import numpy as np

from earwitness.conformance.stimuli.sound_format import RATE, Samples
from earwitness.conformance.witnesses.anchors import (
    SHORTEST,
    AnchorIndex,
    SampleRun,
)
from earwitness.conformance.witnesses.finds_of_sound import (
    Coding,
    Heard,
    Likeness,
    Where,
    is_all_explained,
    merge_finds,
    move_find,
    tell_in_bytes,
)
from earwitness.conformance.witnesses.layouts import (
    STRIDES,
    Signal,
    floats_at,
    is_plain_text,
    orderly_ranges,
    phases_of_floats,
    plausible_layouts,
    upper_halves,
)
from earwitness.conformance.witnesses.resemblance import (
    BLOCK,
    COMPARED_RATE,
    HOP,
    PROBES,
    Alignment,
    Spectrum,
    find_alignments,
    loud_blocks,
    resample_sound,
    varies_like_speech,
    whiten_spectrum,
)
from earwitness.conformance.witnesses.stretch import Stretch
from earwitness.model.vocabulary import Microseconds

RATES = (
    RATE,
    8_000,
    48_000,
    44_100,
    22_050,
    11_025,
    24_000,
    32_000,
    12_000,
)
"""Hertz at which unknown samples may have been taken, the likeliest first."""
CHUNK = 16 * BLOCK
"""Samples of a candidate, 8 s, of which the loudest blocks are searched for everywhere."""
MOST_COMPARISONS = 60_000
"""Blocks times windows of one search by correlation: about 8 s of work here. What is left over is said to
be unsearched."""
MOST_IN_VAIN = 240_000
"""Comparisons of a whole check that may find nothing, half a minute of work here, counted apart for each
place; after that what was just played is looked for, and all else is said to be unsearched."""
SHARE_OF_STREAMS = 3
"""A third of that is for open streams: what they carry is known mostly, and in an honest one the rest is
coded beyond recognition. Chosen."""
NOT_COMPARED = "were not compared"
"""How what a bound left out is told."""
MOST_REMEMBERED = 10_000
"""Contents of which it is remembered with what they were compared."""
ABOUT_AS_COHERENT = 0.1
"""Difference of coherence that a codec's noise makes between two plays of the same words."""
SHORTEST_CANDIDATE = 1_024
"""Bytes of the shortest content in which changed sound is looked for: 0.13 s at a byte for each sample."""


JUST_PLAYED = 6 * RATE
"""Samples, six seconds: a clip that begins with a wake word takes longer, so it is not in it twice."""
SPECTRUM_OF_RECENT = 1 << 16
"""Samples at `COMPARED_RATE` of which the spectrum is taken: six seconds have 48,000, and what is left is
more than a message has, so that nothing wraps around."""


@dataclass(frozen=True, slots=True)
class _PartOfRun:
    """So many samples of a run that lie in one addition, from a sample of it on; `done` are before them."""

    number: int
    sample: int
    done: int
    samples: int


class HeardSound:
    """Remembers what was played, and finds it in whatever bytes, changed or not."""

    def __init__(self) -> None:
        self.run = 0
        self._index = AnchorIndex()
        self._stretches: list[Stretch] = []
        # Of each addition to the index: its first place, its stretch, and where it begins in that.
        self._firsts: list[int] = []
        self._additions: list[tuple[Stretch, int]] = []
        self._latest: dict[tuple[str, bool], Stretch] = {}
        self._playing: Stretch | None = None
        self._before: Stretch | None = None
        """What was played last, and the stretch that it goes on from."""
        self._recent: tuple[int, Stretch] | None = None
        """What was just played, and how much was played in all by then."""
        self.where = Where.KEPT
        """Where the bytes come from that are read now."""
        self._in_vain: Counter[Where] = Counter()
        """Comparisons that found nothing."""
        self._nothing_in: dict[bytes, int] = {}
        """Contents, by digest, and how many stretches they were compared with in vain."""

    def begin_run(self) -> int:
        """A new run begins, with clocks of its own; returns its number."""
        self.run += 1
        self._latest.clear()
        return self.run

    def play(
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
        self._firsts.append(self._index.add(samples))
        self._additions.append((stretch, len(stretch.samples)))
        stretch.samples = np.concatenate([stretch.samples, samples])
        stretch.spectra = None
        self._playing = stretch

    @property
    def seconds(self) -> float:
        """How much was played in all."""
        return len(self._index) / RATE

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
                    for find in self._located_in(part, 2, big=False)
                ]
        return merge_finds(finds)

    def locate_samples(self, samples: Samples) -> list[Heard]:
        """Exact samples among numbers; `begins` and `ends` count samples."""
        return merge_finds(
            [
                heard
                for run in self._index.find(samples)
                for heard in self._tell_heard(
                    run, step=1, scale=1, first=0, layout="numbers"
                )
            ]
        )

    def resembling(self, content: bytes) -> Likeness:
        """Sound that was changed, in every layout and at every rate in which the bytes may be sound. Slow:
        see `MOST_COMPARISONS`."""
        if len(content) < SHORTEST_CANDIDATE or not self._stretches:
            return Likeness(())
        signals = []
        # Who sends what it hears sends this, so it is looked for in every way before anything older is.
        for layout, rate in product(plausible_layouts(content), RATES):
            way = Coding(layout, rate)
            signal = resample_sound(layout.decoded(content), rate)
            finds = self._find_in_recent(signal)
            if finds:
                return Likeness(tell_in_bytes(finds, way), way=way)
            # What was said before is looked for only where somebody may speak.
            if varies_like_speech(signal):
                signals.append((way, signal))
        # The same file may lie there in every run; then it is compared with what was played since.
        digest = hashlib.sha256(content).digest()
        known = self._nothing_in.get(digest, 0)
        spent, unsearched = 0, ""
        for way, signal in signals:
            likeness, cost = self._compare_signal(
                signal, MOST_COMPARISONS - spent, since=known
            )
            spent += cost
            unsearched = unsearched or likeness.unsearched
            if likeness.finds:
                finds_there = tell_in_bytes(likeness.finds, way)
                return Likeness(finds_there, unsearched, way)
        if not unsearched and len(self._nothing_in) < MOST_REMEMBERED:
            self._nothing_in[digest] = self._count_ended()
        return Likeness((), unsearched)

    def resembling_again(self, content: bytes, way: Coding) -> Likeness:
        """The same in what was just played, and in the way in which it was found before in bytes of the same
        line: found in a hundredth of the time."""
        if len(content) < SHORTEST_CANDIDATE:
            return Likeness(())
        for phase in range(way.layout.stride):
            here = Coding(replace(way.layout, phase=phase), way.rate)
            signal = resample_sound(here.layout.decoded(content), way.rate)
            finds = self._find_in_recent(signal)
            if finds:
                return Likeness(tell_in_bytes(finds, here), way=here)
        return Likeness(())

    def resembling_samples(
        self, samples: Samples, rate: int = RATE
    ) -> Likeness:
        """Changed sound among decoded samples; `begins` and `ends` count samples."""
        signal = resample_sound(
            samples.astype(np.float32) / np.float32(32_768), rate
        )
        likeness = Likeness(self._find_in_recent(signal))
        if not likeness.finds and varies_like_speech(signal):
            likeness, _ = self._compare_signal(signal, MOST_COMPARISONS)
        scale = rate / COMPARED_RATE
        finds = [
            replace(
                find,
                begins=round(find.begins * scale),
                ends=round(find.ends * scale),
            )
            for find in likeness.finds
        ]
        return Likeness(tuple(finds), likeness.unsearched)

    def recent_spectrum(self) -> Spectrum:
        """What was just played, whitened as one; empty where nothing was."""
        signals = [each.compared().signal for each in self._just_played()]
        joined = np.concatenate([np.zeros(0, np.float32), *signals])
        return whiten_spectrum(joined, SPECTRUM_OF_RECENT)

    def _count_ended(self) -> int:
        """How many stretches, from the first on, nothing can be added to any more."""
        growing = {id(stretch) for stretch in self._latest.values()}
        return next(
            (
                number
                for number, stretch in enumerate(self._stretches)
                if id(stretch) in growing
            ),
            len(self._stretches),
        )

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
        self._stretches.append(stretch)
        self._latest[device, call] = stretch
        return stretch

    def _locate_anywhere(self, content: bytes) -> list[Heard]:
        finds: list[Heard] = []
        for big in (False, True):
            for stride in STRIDES:
                if is_all_explained(content, finds):
                    return finds
                finds += self._located_in(content, stride, big=big)
        for big in (False, True):
            for phase in phases_of_floats(content, big):
                if is_all_explained(content, finds):
                    return finds
                for run in self._index.find(floats_at(content, phase, big)):
                    finds += self._tell_heard(
                        run,
                        step=1,
                        scale=4,
                        first=phase,
                        layout="32-bit floats",
                    )
        return finds

    def _located_in(
        self, content: bytes, stride: int, *, big: bool
    ) -> list[Heard]:
        """Finds in one layout of integers, at all its offsets."""
        name = (
            f"{'big' if big else 'little'}-endian 16 bits each {stride} bytes"
        )
        return [
            heard
            for run in self._index.find(upper_halves(content, big), stride)
            for heard in self._tell_heard(
                run, step=stride, scale=1, first=0, layout=name
            )
        ]

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
            self._split_run(run, step),
            key=lambda part: id(self._additions[part.number][0]),
        )
        for _, of_one_stretch in parts:
            together = list(of_one_stretch)
            # A run of one stretch may go on by chance into what was added before or after it.
            if sum(part.samples for part in together) < SHORTEST:
                continue
            for part in together:
                stretch, offset = self._additions[part.number]
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

    def _split_run(self, run: SampleRun, step: int) -> Iterator[_PartOfRun]:
        """What of a run lies in each addition."""
        count = (run.ends - run.begins) // step
        done = 0
        while done < count:
            place = run.place + done
            number = bisect_right(self._firsts, place) - 1
            until = (
                self._firsts[number + 1]
                if number + 1 < len(self._firsts)
                else len(self._index)
            )
            here = min(count - done, until - place)
            yield _PartOfRun(
                number=number,
                sample=place - self._firsts[number],
                done=done,
                samples=here,
            )
            done += here

    def _find_in_recent(self, signal: Signal) -> tuple[Heard, ...]:
        """Finds in what was just played, in samples at `COMPARED_RATE`; none unless they explain all of the
        signal that is loud."""
        recent = self._just_played()
        finds: list[Heard] = []
        for begins in range(0, len(signal), CHUNK):
            chunk = signal[begins : begins + CHUNK]
            found = find_alignments(
                chunk, [stretch.compared() for stretch in recent]
            )
            aligned = [a.begins for a in found.get(0, ())]
            if not set(loud_blocks(chunk)) <= set(aligned):
                return ()
            numbered = {
                len(self._stretches) + number: alignments
                for number, alignments in found.items()
            }
            stretches = [*self._stretches, *recent]
            finds += self._choose_likeliest(
                numbered, begins, stretches, recent=len(self._stretches)
            )
        return tuple(merge_finds(finds))

    def _compare_signal(
        self, signal: Signal, most: int, *, since: int = 0
    ) -> tuple[Likeness, int]:
        """Finds in a signal at `COMPARED_RATE`, in its samples, and the number of comparisons. Of what was
        played, the stretches from number `since` on are compared."""
        played = self._stretches[since:]
        windows = sum(
            len(stretch.samples) * COMPARED_RATE // RATE // HOP + 1
            for stretch in played
        )
        finds: list[Heard] = []
        spent = 0
        for begins in range(0, len(signal), CHUNK):
            chunk = signal[begins : begins + CHUNK]
            cost = windows * min(PROBES, len(chunk) // BLOCK + 1)
            if spent + cost > min(most, self._left_for_nothing()):
                seconds = (len(signal) - begins) / COMPARED_RATE
                return Likeness(
                    tuple(finds),
                    f"{seconds:.0f} s of what may be sound {NOT_COMPARED}",
                ), spent
            spent += cost
            stretches = [*played, *self._just_played()]
            found = find_alignments(
                chunk, [stretch.compared() for stretch in stretches]
            )
            finds += self._choose_likeliest(
                found, begins, stretches, recent=len(played)
            )
        if not finds:
            self._in_vain[self.where] += spent
        return Likeness(tuple(merge_finds(finds))), spent

    def _left_for_nothing(self) -> int:
        """Comparisons that may still find nothing in what is read now."""
        share = SHARE_OF_STREAMS if self.where is Where.STREAM else 1
        return MOST_IN_VAIN // share - self._in_vain[self.where]

    def _just_played(self) -> list[Stretch]:
        """The end of what was played last, as a stretch of its own: the same words may have been said before,
        and who sends what it hears sends this."""
        playing, before = self._playing, self._before
        if playing is None:
            return []
        if self._recent is not None and self._recent[0] == len(self._index):
            return [self._recent[1]]
        samples = playing.samples[-JUST_PLAYED:]
        missing = JUST_PLAYED - len(samples)
        if missing and before is not None and before.ends_at(playing.began):
            samples = np.concatenate([before.samples[-missing:], samples])
        earlier = len(playing.samples) - len(samples)
        began = playing.time_of(earlier, RATE)
        recent = replace(playing, began=began, samples=samples, spectra=None)
        self._recent = len(self._index), recent
        return [recent]

    def _choose_likeliest(
        self,
        found: dict[int, list[Alignment]],
        first: int,
        stretches: Sequence[Stretch],
        *,
        recent: int,
    ) -> Iterable[Heard]:
        """Of each block the most coherent find. Among those about as coherent, that in what was just played
        (number `recent`); else in the sound of which most is found, as the same words may have been said in
        several; then the latest begun."""
        blocks: dict[int, list[tuple[int, Alignment]]] = {}
        weights = {
            n: sum(abs(a.coherence) for a in alignments)
            for n, alignments in found.items()
        }
        for number, alignments in found.items():
            for aligned in alignments:
                blocks.setdefault(aligned.begins // BLOCK, []).append(
                    (number, aligned)
                )
        for rivals in blocks.values():
            best = max(abs(aligned.coherence) for _, aligned in rivals)
            close = [
                rival
                for rival in rivals
                if abs(rival[1].coherence) >= best - ABOUT_AS_COHERENT
            ]
            number, aligned = max(
                close,
                key=lambda rival: (
                    rival[0] == recent,
                    round(weights[rival[0]], 1),
                    rival[0],
                ),
            )
            stretch = stretches[number]
            length = aligned.ends - aligned.begins
            yield Heard(
                device=stretch.device,
                run=stretch.run,
                call=stretch.call,
                heard_from=stretch.time_of(aligned.place, COMPARED_RATE),
                heard_to=stretch.time_of(
                    aligned.place + length, COMPARED_RATE
                ),
                begins=first + aligned.begins,
                ends=first + aligned.ends,
                layout="decoded",
                exact=False,
            )


LARGEST_SEARCH = 4 << 20
"""Bytes searched at a time, so that memory stays bounded."""
OVERLAP = 1 << 12
"""Bytes that neighbouring searches share, so that nothing is lost at the seam."""


def _windows_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    for first, last in orderly_ranges(content):
        for begins in range(first, max(first + 1, last), LARGEST_SEARCH):
            ends = min(last, begins + LARGEST_SEARCH + OVERLAP)
            yield begins, content[begins:ends]
