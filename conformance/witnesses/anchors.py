"""Finding exact samples: an index of anchors, short runs of samples taken at regular places of everything
that was played.

A run of samples in data is found by its hash, whatever its place, stride and byte order. Looking up a
megabyte takes about the same time whether a minute was played or an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NewType, cast

import numpy as np
from numpy.typing import NDArray

from earwitness.conformance.stimuli.sound_format import Samples

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
Place = NewType("Place", int)
"""A sample's number among all that was ever played."""

ANCHOR = 8
"""Samples of an anchor. The noise under all sound gives each about 5.6 bits, so an anchor has 45: chance
meets one in 10^13 windows."""
SPACING = 16
"""Samples between anchors: each run of ANCHOR + SPACING - 1 = 23 samples (46 bytes, 1.4 ms) holds a whole
one."""
SHORTEST = 16
"""Samples of a find. By chance so many samples agree once in 50^16 tries, however much is searched."""
DISTINCT = 4
"""Different values in an anchor: digital silence, steps and clipped peaks may lie anywhere."""
FILTER_BITS = 24
"""The filter's table has 16 million places, of which an hour of sound fills a fifth. An anchor must have
both of its places: chance has them in one of 25 windows then, and in one of 800 after ten minutes of
sound. An anchor and its negative have the same places."""
SECOND_SLOT = np.uint32(0x61C88647)
"""An odd number (2^32 by the golden ratio) that makes the second place unlike the first."""
BLOCK = 1 << 18
"""Windows hashed at a time, so that the work stays in the processor's cache."""
SHORT = 1 << 15
"""Samples of data that are looked up in all strides at once: five times as many hashes fit in the cache."""
MOST_HITS = 1 << 15
"""Hits looked at in one block: twice as many as two devices' sound can give. More come only from data that
repeats itself."""
RANDOM = np.random.default_rng(20_261_126)
"""The seed is the day this was written; any would do."""
MULTIPLIERS: NDArray[np.int64] = RANDOM.integers(
    -(1 << 62), 1 << 62, ANCHOR, dtype=np.int64
) | np.int64(1)
QUICK_MULTIPLIERS: NDArray[np.int32] = RANDOM.integers(
    -(1 << 30), 1 << 30, ANCHOR, dtype=np.int32
) | np.int32(1)
"""One odd number for each sample of an anchor, for the hash itself and for the quick one that filters."""

BIT_OF = np.array([1 << bit for bit in range(8)], np.uint8)
"""The bit of each of eight places that lie in one byte."""

NOWHERE: Places = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class SampleRun:
    """Samples in data that are samples that were played. `begins` and `ends` are places among the windows
    given to `find`, in steps of its stride; `place` is where the first was played; `negated` says that
    they were found upside down."""

    begins: int
    ends: int
    place: Place
    negated: bool


@dataclass(frozen=True, slots=True)
class _Hits:
    """Windows of data in one stride that are anchors, or negatives of them, and where these were played."""

    stride: int
    negated: bool
    windows: Places
    places: Places


def _order_of_run(run: SampleRun) -> tuple[int, int]:
    return run.begins, run.place


def hash_quickly(samples: Samples, stride: int = 1) -> NDArray[np.int32]:
    """A hash of 32 bits (which processors multiply many at a time) of the anchor that begins at each
    sample and takes every stride-th one. That of negated samples is its negative."""
    return hash_in_strides(samples, (stride,))[0]


def hash_in_strides(
    samples: Samples, strides: Sequence[int]
) -> list[NDArray[np.int32]]:
    """The same for each stride."""
    wide = samples.astype(np.int32)
    products = [wide * multiplier for multiplier in QUICK_MULTIPLIERS]
    hashes = []
    for stride in strides:
        count = max(0, len(samples) - (ANCHOR - 1) * stride)
        total = products[0][:count].copy()
        for number in range(1, ANCHOR):
            first = number * stride
            total += products[number][first : first + count]
        hashes.append(total)
    return hashes


def hash_anchors(anchors: NDArray[np.int64]) -> Hashes:
    """The hash of each row, an anchor."""
    return cast(Hashes, (anchors * MULTIPLIERS).sum(axis=1).view(np.uint64))


def _regardless_of_sign(quick: NDArray[np.int32]) -> NDArray[np.uint32]:
    """The same for a quick hash and its negative."""
    return np.minimum(quick.view(np.uint32), (-quick).view(np.uint32))


def _filter_slots(
    signless: NDArray[np.uint32],
) -> NDArray[np.uint32]:
    """The first place in the filter's table. A signless hash seldom has its highest bit."""
    return signless >> np.uint32(31 - FILTER_BITS)


def _second_slots(signless: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The second place."""
    return (signless * SECOND_SLOT) >> np.uint32(32 - FILTER_BITS)


class _SlotFilter:
    """A table of bits: two megabytes, most of which the processor's cache holds. A byte for each would not
    fit, and then each look waits for the memory."""

    def __init__(self) -> None:
        self._octets = np.zeros((1 << FILTER_BITS - 3) + 1, np.uint8)

    def mark(self, slots: NDArray[np.uint32]) -> None:
        """From now on these places are marked."""
        np.bitwise_or.at(self._octets, slots >> 3, BIT_OF[slots & 7])

    def marked(self, slots: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """Not 0 for each place that is marked."""
        found: NDArray[np.uint8] = (
            self._octets[slots >> 3] & BIT_OF[slots & 7]
        )
        return found


class AnchorIndex:
    """All samples ever added, and where their anchors lie."""

    def __init__(self) -> None:
        self._samples = np.zeros(1 << 16, np.int16)
        self._size = 0
        self._indexed = 0
        """Samples from the first on whose anchors are known: the rest waits until somebody asks."""
        self._filter = _SlotFilter()
        # Sorted hashes with their places, in segments of which each is at most half as long as the last.
        self._segments: list[tuple[Hashes, Places]] = []

    def __len__(self) -> int:
        return self._size

    def add(self, samples: Samples) -> Place:
        """Remember samples; returns the place of the first."""
        first = self._size
        self._make_room(len(samples))
        self._samples[first : first + len(samples)] = samples
        self._size += len(samples)
        if self._size - self._indexed >= BLOCK:
            self._index_rest()
        return Place(first)

    def samples(self, begins: int, ends: int) -> Samples:
        """What was added at these places."""
        return self._samples[begins : min(ends, self._size)]

    def find(self, samples: Samples, stride: int = 1) -> list[SampleRun]:
        """All runs of samples that were played, in order. Of data that repeats itself not all may be
        given."""
        return self.find_in_strides(samples, (stride,))[stride]

    def find_in_strides(
        self, samples: Samples, strides: Sequence[int]
    ) -> dict[int, list[SampleRun]]:
        """The same for several strides: of short data all are looked up at once."""
        self._index_rest()
        runs: dict[int, list[SampleRun]] = {stride: [] for stride in strides}
        for hits in self._find_hits(samples, strides):
            # Hits of one alignment lie on one diagonal; the first run there usually covers the rest.
            diagonals = hits.places * hits.stride - hits.windows
            for diagonal in np.unique(diagonals):
                chosen = diagonals == diagonal
                pairs = zip(
                    hits.windows[chosen].tolist(),
                    hits.places[chosen].tolist(),
                    strict=True,
                )
                runs[hits.stride] += self._runs_along(
                    samples,
                    stride=hits.stride,
                    hits=pairs,
                    negated=hits.negated,
                )
        return {
            stride: sorted(set(found), key=_order_of_run)
            for stride, found in runs.items()
        }

    def _runs_along(
        self,
        samples: Samples,
        *,
        stride: int,
        hits: Iterable[tuple[int, int]],
        negated: bool,
    ) -> Iterator[SampleRun]:
        """The runs of one alignment, from its hits in order."""
        covered = -1
        for window, place in hits:
            if window < covered:
                continue
            run = self._extend_run(
                samples,
                stride=stride,
                window=window,
                place=place,
                negated=negated,
            )
            covered = run.ends
            if run.ends - run.begins >= SHORTEST * stride:
                yield run

    def _make_room(self, count: int) -> None:
        while self._size + count > len(self._samples):
            self._samples = np.concatenate(
                [self._samples, np.zeros(len(self._samples), np.int16)]
            )

    def _index_rest(self) -> None:
        """Index what was added since, all at once: most sound is played while nothing is sent."""
        first, self._indexed = self._indexed, self._size
        samples = self.samples(first, self._size)
        places = np.arange(0, max(0, len(samples) - ANCHOR + 1), SPACING)
        if len(places):
            self._add_segment(samples, places, first)

    def _add_segment(
        self, samples: Samples, places: NDArray[np.int64], first: int
    ) -> None:
        spread = places[:, None] + np.arange(ANCHOR)
        anchors = samples[spread].astype(np.int64)
        telling = _is_distinct(anchors)
        keys = hash_anchors(anchors[telling])
        places = places[telling]
        self._mark_hashes(hash_quickly(samples)[places])
        self._append_sorted(keys, places + first)

    def _append_sorted(self, keys: Hashes, places: Places) -> None:
        """Add a segment, together with those before it that are not much larger."""
        while self._segments and len(self._segments[-1][0]) <= 2 * len(keys):
            more_keys, more_places = self._segments.pop()
            keys = np.concatenate([more_keys, keys])
            places = np.concatenate([more_places, places])
        order = np.argsort(keys, kind="stable")
        self._segments.append((keys[order], places[order]))

    def _mark_hashes(self, hashes: NDArray[np.int32]) -> None:
        """Let the filter pass what has these hashes."""
        signless = _regardless_of_sign(hashes)
        self._filter.mark(_filter_slots(signless))
        self._filter.mark(_second_slots(signless))

    def _find_hits(
        self, samples: Samples, strides: Sequence[int]
    ) -> Iterator[_Hits]:
        """Windows that are anchors (or negatives of them), with the anchors' places. The hash alone is
        compared; 64 bits seldom err, and runs are compared after."""
        if len(samples) <= SHORT:
            yield from self._find_hits_in_block(samples, strides)
            return
        for stride in strides:
            step = BLOCK + (ANCHOR - 1) * stride
            for begins in range(0, len(samples), BLOCK):
                block = samples[begins : begins + step]
                for hits in self._find_hits_in_block(block, (stride,)):
                    yield replace(hits, windows=hits.windows + begins)

    def _find_hits_in_block(
        self, block: Samples, strides: Sequence[int]
    ) -> Iterator[_Hits]:
        """Those of a part that fits into the processor's cache, in all strides at once."""
        hashes = hash_in_strides(block, strides)
        begins = np.cumsum([0, *map(len, hashes)])
        signless = _regardless_of_sign(np.concatenate(hashes))
        passed = np.nonzero(self._filter.marked(_filter_slots(signless)))[0]
        second = _second_slots(signless[passed])
        passed = passed[self._filter.marked(second) != 0]
        if not len(passed):
            return
        numbers = np.searchsorted(begins, passed, side="right") - 1
        windows = passed - begins[numbers]
        reach = np.asarray(strides)[numbers][:, None] * np.arange(ANCHOR)
        anchors = block[windows[:, None] + reach].astype(np.int64)
        for negated in (False, True):
            keys = hash_anchors(-anchors if negated else anchors)
            found, places = self._find_places(keys, np.arange(len(keys)))
            for number in np.unique(numbers[found]).tolist():
                chosen = np.nonzero(numbers[found] == number)[0][:MOST_HITS]
                yield _Hits(
                    stride=strides[number],
                    negated=negated,
                    windows=windows[found[chosen]],
                    places=places[chosen],
                )

    def _find_places(
        self, keys: Hashes, windows: Places
    ) -> tuple[Places, Places]:
        """Where the keys were indexed: windows and places, in order of windows. The same sound may have
        been played to two devices, so a key may have several places; more than four tell nothing new."""
        found, places = [NOWHERE], [NOWHERE]
        for sorted_keys, sorted_places in self._segments:
            left = np.searchsorted(sorted_keys, keys)
            for further in range(4):
                at = np.minimum(left + further, len(sorted_keys) - 1)
                same = (sorted_keys[at] == keys) & (
                    left + further < len(sorted_keys)
                )
                if not same.any():
                    break
                found.append(windows[same])
                places.append(sorted_places[at[same]])
        joined = np.concatenate(found)
        order = np.argsort(joined, kind="stable")
        return joined[order], np.concatenate(places)[order]

    def _extend_run(
        self,
        samples: Samples,
        *,
        stride: int,
        window: int,
        place: int,
        negated: bool,
    ) -> SampleRun:
        """The whole run around one anchor."""
        after = _count_agreeing(
            samples[window::stride], self.samples(place, len(self)), negated
        )
        before = _count_agreeing(
            samples[: window + 1][::-stride][1:],
            self.samples(max(0, place - window // stride), place)[::-1],
            negated,
        )
        return SampleRun(
            begins=window - before * stride,
            ends=window + after * stride,
            place=Place(place - before),
            negated=negated,
        )


def _is_distinct(anchors: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each anchor whether it holds enough different values."""
    ordered = np.sort(anchors, axis=1)
    steps = np.diff(ordered, axis=1) != 0
    distinct: NDArray[np.bool_] = steps.sum(axis=1) >= DISTINCT - 1
    return distinct


def _count_agreeing(one: Samples, other: Samples, negated: bool) -> int:
    """How many samples from the start two sequences have in common, or are each other's negatives."""
    size = min(len(one), len(other))
    begins, length = 0, 256
    while begins < size:
        # Most runs end soon; those that do not are compared in ever larger steps.
        ends = min(size, begins + length)
        compared = other[begins:ends]
        if negated:
            compared = -compared
        differing = np.nonzero(one[begins:ends] != compared)[0]
        if len(differing):
            return begins + int(differing[0])
        begins, length = ends, length * 4
    return size
