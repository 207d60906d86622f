"""Sound that was changed on its way: coded, filtered, resampled, mixed; found by correlation with what was
played, in every layout and at every rate in which bytes may be sound."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from earwitness.conformance.stimuli.sound_format import RATE, Samples
from earwitness.conformance.witnesses.finds_of_sound import (
    Coding,
    Heard,
    Likeness,
    Where,
    merge_finds,
    tell_in_bytes,
)
from earwitness.conformance.witnesses.layouts import (
    Signal,
    plausible_layouts,
)
from earwitness.conformance.witnesses.played_stretches import PlayedStretches
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
SPECTRUM_OF_RECENT = 1 << 16
"""Samples at `COMPARED_RATE` of which the spectrum is taken: six seconds have 48,000, and what is left is
more than a message has, so that nothing wraps around."""


class ChangedSearch:
    """Looks for changed sound among what was played, within bounds on the work of a whole check."""

    def __init__(self, played: PlayedStretches) -> None:
        self.played = played
        self.where = Where.KEPT
        """Where the bytes come from that are read now."""
        self._in_vain: Counter[Where] = Counter()
        """Comparisons that found nothing."""
        self._nothing_in: dict[bytes, int] = {}
        """Contents, by digest, and how many stretches they were compared with in vain."""

    def resembling(self, content: bytes) -> Likeness:
        """Sound that was changed, in every layout and at every rate in which the bytes may be sound. Slow:
        see `MOST_COMPARISONS`."""
        if len(content) < SHORTEST_CANDIDATE or not self.played.stretches:
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
            self._nothing_in[digest] = self.played.count_ended()
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
        signals = [
            each.compared().signal for each in self.played.just_played()
        ]
        joined = np.concatenate([np.zeros(0, np.float32), *signals])
        return whiten_spectrum(joined, SPECTRUM_OF_RECENT)

    def _find_in_recent(self, signal: Signal) -> tuple[Heard, ...]:
        """Finds in what was just played, in samples at `COMPARED_RATE`; none unless they explain all of the
        signal that is loud."""
        recent = self.played.just_played()
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
                len(self.played.stretches) + number: alignments
                for number, alignments in found.items()
            }
            stretches = [*self.played.stretches, *recent]
            finds += self._choose_likeliest(
                numbered, begins, stretches, recent=len(self.played.stretches)
            )
        return tuple(merge_finds(finds))

    def _compare_signal(
        self, signal: Signal, most: int, *, since: int = 0
    ) -> tuple[Likeness, int]:
        """Finds in a signal at `COMPARED_RATE`, in its samples, and the number of comparisons. Of what was
        played, the stretches from number `since` on are compared."""
        played = self.played.stretches[since:]
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
            stretches = [*played, *self.played.just_played()]
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
