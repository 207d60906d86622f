"""Finding sound that was changed: coded with loss, companded, louder or softer, resampled, with noise added.
By correlation.

Both sounds are whitened, so that every frequency tells the same, and correlated (generalised
cross-correlation with phase transform, Knapp and Carter 1976). A peak proposes an alignment; then it must be
coherent throughout, piece by piece, or a click would do.

Measured on 2026-11-26 with half-second blocks of 75 recordings of people (seven sources) and the 14
synthetic clips, each against all others, in all 33,000 pairs of blocks and sounds: of sound that is not
the other, no block had a coherence above 0.30 together with a peak above 17, one of second-long blocks
0.48 (peak 22). Copies in mu-law, 8 bits, 11,025 Hz, Opus at 12 and 24 kbit/s and AAC at 24 kbit/s have 0.5
to 1.0, wherever there is speech. A soft copy with as much noise added as the room has gives 0.3 (peak 13
to 25). Other words of the same synthetic voice that contain the same words are the same sound, and are
found as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.witnesses.layouts import Signal

Spectrum = NDArray[np.complex64]

COMPARED_RATE = 8_000
"""Hertz. What is sampled faster is reduced to it: speech lies below 4 kHz, and telephones send no more."""
WINDOW = 16_384
"""Samples of what was played that are compared at a time: 2 s."""
BLOCK = 4_096
"""Samples of a candidate that are compared at a time: half a second."""
HOP = WINDOW - BLOCK
"""From one window to the next, so that each block lies whole in one of them."""
SHORTEST = 1_536
"""Samples of the shortest candidate, 0.2 s: the peak over chance grows with the root of the length."""
PEAK_ALONE, COHERENCE_ALONE = 20.0, 0.55
"""What one block must reach to be a find by itself: above all that was measured of other sound."""
PEAK_TOGETHER, COHERENCE_TOGETHER = 12.0, 0.25
"""What two blocks must reach that propose the same alignment, which chance does in one of 3,000 pairs."""
PEAK_OF_PIECE = 5.5
"""What a piece of a message must reach to be compared with others: chance brings one of 65,536 places so
far in 400 pieces, and then they do not agree; 20 ms of speech in mu-law mostly reach it."""
SAME_ALIGNMENT = 2
"""Samples by which alignments of neighbouring blocks may differ: rounding of lengths in resampling."""
PIECE = 512
"""Samples of a piece whose coherence is measured: 64 ms, in which chance reaches 0.05 (one over the root)."""
EDGE, EDGE_STEP = 128, 32
"""Samples of a part by which it is told where sound begins and ends, 16 ms, and from one part to the next."""
ALIKE_AT_EDGE = 0.4
"""Correlation of such a part with the sound; chance reaches 0.09 (one over the root)."""
FLOOR = 0.1
"""Of the mean, the weight below which a frequency is too weak to be whitened; 0 makes hum and hiss of
codecs as loud as speech."""
LOWEST_BAND, HIGHEST_BAND = 0.015, 0.9
"""Of half the rate: below 60 Hz lies hum, near the top the edge of resampling."""
PROBES = 4
"""Blocks of a long candidate that are searched for everywhere, the loudest first; where they are found,
the rest is looked for nearby."""
SHARE_OF_LOUDEST = 0.05
"""Of the power of the loudest block, what a loud one has: 13 dB less is the end of a word, or the room."""
LEVEL_FRAME = 160
"""Samples of which the level is taken, 20 ms, a third of a syllable."""
LEAST_VARIED = 0.9
"""Decibels by which the levels of such frames differ (their standard deviation) where somebody may speak.
Measured on half seconds: noise, and enciphered bytes taken for samples, 0.4 to 0.7; 75 recordings of people
10 in the median, with as much noise added 0.8, and longer sound, which has pauses, more."""
TOGETHER = 32
"""Windows transformed at a time."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a block of a candidate lies in what was played, in samples at `COMPARED_RATE`: `begins` of the
    candidate, `place` of the sound."""

    begins: int
    ends: int
    place: int
    peak: float
    coherence: float


def resample_sound(
    signal: Signal, rate: int, to: int = COMPARED_RATE
) -> Signal:
    """The same sound at another rate; what the new rate cannot hold is left out."""
    if rate == to or not len(signal):
        return signal.astype(np.float32)
    length = max(1, round(len(signal) * to / rate))
    spectrum = np.fft.rfft(signal.astype(np.float32))
    kept = _fit_spectrum(
        spectrum.astype(np.complex64),
        length // 2 + 1,
    )
    resampled = np.fft.irfft(kept, length)
    scale = length / len(signal)
    return (resampled * scale).astype(np.float32)


def _fit_spectrum(spectrum: Spectrum, size: int) -> Spectrum:
    """Its lowest frequencies; nothing in those that it has not."""
    kept = np.zeros(size, np.complex64)
    shared = min(size, len(spectrum))
    kept[:shared] = spectrum[:shared]
    return kept


class SpokenSpectra:
    """What was played at one place, ready for comparison."""

    def __init__(self, samples: NDArray[np.int16]) -> None:
        """`samples` are 16-bit at `RATE`."""
        self.signal = resample_sound(
            samples.astype(np.float32) / np.float32(32_768), RATE
        )
        self._spectra: Spectrum | None = None

    @property
    def begins(self) -> range:
        """Where each window begins."""
        return range(0, max(1, len(self.signal) - BLOCK), HOP)

    @property
    def spectra(self) -> Spectrum:
        """One row for each window. Kept, 58 KB for each 1.5 s, as each search needs all of them."""
        if self._spectra is None:
            rows = [
                whiten_spectrum(self.signal[begins : begins + WINDOW], WINDOW)
                for begins in self.begins
            ]
            self._spectra = np.stack(rows)
        return self._spectra


def find_alignments(
    signal: Signal, played: list[SpokenSpectra]
) -> dict[int, list[Alignment]]:
    """For each sound by number, where parts of a candidate (at `COMPARED_RATE`) lie in it. Only what is
    sure is given."""
    found: dict[int, list[Alignment]] = {}
    blocks = list(_block_starts(signal))
    probes = sorted(
        blocks,
        key=lambda begins: (
            -_measure_loudness(signal[begins : begins + BLOCK])
        ),
    )[:PROBES]
    for number, sound in enumerate(played):
        proposals = [
            best_alignment(signal, begins, sound) for begins in probes
        ]
        sure = _keep_sure(proposals)
        if not sure:
            continue
        others = [
            aligned
            for begins in blocks
            if begins not in probes
            for aligned in [
                _align_nearby(
                    signal=signal, begins=begins, sound=sound, sure=sure
                )
            ]
            if aligned is not None
        ]
        found[number] = _trim_ends(
            signal,
            sound,
            sorted([*sure, *others], key=lambda aligned: aligned.begins),
        )
    return found


def varies_like_speech(signal: Signal) -> bool:
    """Whether it may be speech: that is now loud and now soft, and noise is even."""
    count = len(signal) // LEVEL_FRAME
    if count < 2:
        return False
    steps = np.diff(signal[: count * LEVEL_FRAME], prepend=signal[:1])
    powers = np.mean(
        steps.reshape(count, LEVEL_FRAME).astype(np.float64) ** 2, axis=1
    )
    if not powers.any():
        return False
    # Decibels; 1e-9 of the loudest, 90 dB below it, keeps silence from the logarithm of 0.
    levels = 10 * np.log10(powers + 1e-9 * powers.max())
    return bool(levels.std() >= LEAST_VARIED)


def loud_blocks(signal: Signal) -> list[int]:
    """Where the blocks begin that are about as loud as the loudest; none where all is still."""
    levels = {
        begins: _measure_loudness(signal[begins : begins + BLOCK])
        for begins in _block_starts(signal)
    }
    loudest = max(levels.values(), default=0.0)
    return [
        begins
        for begins, level in levels.items()
        if level > SHARE_OF_LOUDEST * loudest
    ]


def best_alignment(
    signal: Signal, begins: int, sound: SpokenSpectra
) -> Alignment:
    """The likeliest place of one block, sure or not."""
    block = signal[begins : begins + BLOCK]
    spectrum = np.conj(whiten_spectrum(block, WINDOW))
    best_peak, best_place = 0.0, 0
    rows = sound.spectra
    for first in range(0, len(rows), TOGETHER):
        curves = np.abs(
            np.fft.irfft(
                rows[first : first + TOGETHER] * spectrum, WINDOW, axis=1
            )
        )
        # 1e-12 is next to nothing: silence is not divided by 0. The same below.
        deviations = np.sqrt(np.mean(curves**2, axis=1)) + 1e-12
        peaks = curves.max(axis=1) / deviations
        row = int(peaks.argmax())
        if peaks[row] > best_peak:
            lag = int(curves[row].argmax())
            lag -= WINDOW if lag > WINDOW - len(block) else 0
            best_peak, best_place = (
                float(peaks[row]),
                sound.begins[first + row] + lag,
            )
    return _align_at(
        signal, begins=begins, sound=sound, place=best_place, peak=best_peak
    )


def locate_piece(signal: Signal, spectrum: Spectrum) -> int | None:
    """Where a short piece lies in a longer sound, of which the whitened spectrum is given. Such a find is too
    weak to count by itself: whoever asks must compare several."""
    size = 2 * (len(spectrum) - 1)
    half = size // 2
    if not len(signal) or len(signal) > half:
        return None
    piece = np.conj(whiten_spectrum(signal, size))
    found = np.fft.irfft(spectrum * piece, size)
    curve = np.abs(found)
    place = int(curve.argmax())
    if float(curve[place]) / _usual_size(curve) < PEAK_OF_PIECE:
        return None
    return place - size if place > half else place


def _usual_size(curve: Signal) -> float:
    """The root of its mean square."""
    # 1e-12 keeps silence from a division by 0.
    return float(np.sqrt(np.mean(curve**2))) + 1e-12


def whiten_spectrum(signal: Signal, size: int) -> Spectrum:
    """The spectrum of a signal in which all frequencies that matter are equally strong."""
    if not len(signal):
        return np.zeros(size // 2 + 1, np.complex64)
    softened = _soften(signal).astype(np.float32)
    spectrum = np.fft.rfft(softened, size)
    spectrum /= _flatten_sizes(np.abs(spectrum))
    _cut_edges(spectrum)
    return spectrum.astype(np.complex64)


def _soften(signal: Signal) -> Signal:
    """The steps of a signal, quiet at both ends so that its edges are not heard."""
    level = signal - signal.mean()
    steps = np.diff(level, prepend=np.float32(0))
    softened: Signal = steps * _soft_edges(len(signal))
    return softened


def _cut_edges(spectrum: NDArray[np.complex128]) -> None:
    """Take out what is lower or higher than the bands that matter."""
    lowest = int(len(spectrum) * LOWEST_BAND)
    highest = int(len(spectrum) * HIGHEST_BAND)
    spectrum[:lowest] = 0
    spectrum[highest:] = 0


def _flatten_sizes(sizes: Signal) -> Signal:
    """What each frequency is divided by, so that all are equally strong and noise is not made loud."""
    floor = FLOOR * np.sqrt(np.mean(sizes**2))
    # 1e-12 keeps silence from a division by 0.
    flattening: Signal = sizes + floor + 1e-12
    return flattening


def measure_coherence(one: Signal, other: Signal) -> float:
    """How alike two signals of one length are throughout: the median over pieces of their correlation when
    whitened, -1 to 1."""
    count = len(one) // PIECE
    # A median of fewer than three pieces says nothing.
    if count < 3:
        return 0.0
    pair = [
        _cut_pieces(_flatten_spectrum(signal), count)
        for signal in (one, other)
    ]
    products = np.sum(pair[0] * pair[1], axis=1)
    sizes = (
        np.sqrt(np.sum(pair[0] ** 2, axis=1) * np.sum(pair[1] ** 2, axis=1))
        # As above, for silence.
        + 1e-12
    )
    return float(np.median(products / sizes))


def _keep_sure(proposals: list[Alignment]) -> list[Alignment]:
    """Those that are beyond doubt, by themselves or together with another of the same alignment."""
    return [
        one
        for one in proposals
        if (one.peak >= PEAK_ALONE and abs(one.coherence) >= COHERENCE_ALONE)
        or any(
            _confirm_each_other(one, other)
            for other in proposals
            if other is not one
        )
    ]


def _confirm_each_other(one: Alignment, other: Alignment) -> bool:
    same = (
        abs((one.place - one.begins) - (other.place - other.begins))
        <= SAME_ALIGNMENT
    )
    strong = min(one.peak, other.peak) >= PEAK_TOGETHER
    coherent = (
        min(abs(one.coherence), abs(other.coherence)) >= COHERENCE_TOGETHER
    )
    # Either both are upright or both are upside down.
    return (
        same and strong and coherent and one.coherence * other.coherence > 0
    )


def _trim_ends(
    signal: Signal, sound: SpokenSpectra, aligned: list[Alignment]
) -> list[Alignment]:
    """A block may begin with a header, or end in what was said after the sound. Where the sound begins and
    ends in it is told by the first and the last part that is alike."""
    trimmed = []
    for number, one in enumerate(aligned):
        before = aligned[number - 1] if number else None
        after = aligned[number + 1] if number + 1 < len(aligned) else None
        first, last = _alike_part(signal, sound, one)
        begins = one.begins if _goes_on(before, one) else first
        ends = one.ends if _goes_on(one, after) else last
        if begins < ends:
            place = one.place + begins - one.begins
            trimmed.append(
                replace(one, begins=begins, ends=ends, place=place)
            )
    return trimmed


def _goes_on(one: Alignment | None, other: Alignment | None) -> bool:
    """Whether the same sound goes on from one block to the next."""
    if one is None or other is None or one.ends < other.begins:
        return False
    shift = (one.place - one.begins) - (other.place - other.begins)
    return abs(shift) <= SAME_ALIGNMENT


def _alike_part(
    signal: Signal, sound: SpokenSpectra, one: Alignment
) -> tuple[int, int]:
    """From the first part of a block that is like the sound to the last one. Both are nothing where none
    is. One part alone may be like it by chance, as a room's noise has a colour, so a next one must be."""
    size = one.ends - one.begins
    pair = [
        np.diff(part.astype(np.float64), prepend=part[:1])
        for part in (
            signal[one.begins : one.ends],
            sound.signal[one.place : one.place + size],
        )
    ]
    parts = {
        begins
        for begins in range(0, size - EDGE + 1, EDGE_STEP)
        if _correlation_of(*(part[begins : begins + EDGE] for part in pair))
        * np.sign(one.coherence)
        >= ALIKE_AT_EDGE
    }
    alike = sorted(
        begins
        for begins in parts
        if begins - EDGE in parts or begins + EDGE in parts
    )
    if not alike:
        return one.begins, one.begins
    # Up to half of the first and of the last part may be something else.
    begins = alike[0] + EDGE // 2 if alike[0] else 0
    ends = alike[-1] + EDGE
    ends = size if size - ends < EDGE_STEP else ends - EDGE // 2
    return one.begins + begins, one.begins + ends


def _correlation_of(
    one: NDArray[np.floating], other: NDArray[np.floating]
) -> float:
    sizes = np.sqrt(np.sum(one**2) * np.sum(other**2))
    # 1e-12 keeps silence from a division by 0.
    return float(np.sum(one * other) / (sizes + 1e-12))


def _align_nearby(
    signal: Signal, begins: int, sound: SpokenSpectra, sure: list[Alignment]
) -> Alignment | None:
    """Whether a block lies where its neighbours say; one alignment is tried, so little suffices."""
    shift = sure[0].place - sure[0].begins
    aligned = _align_at(
        signal, begins=begins, sound=sound, place=begins + shift, peak=0.0
    )
    return aligned if abs(aligned.coherence) >= COHERENCE_TOGETHER else None


def _align_at(
    signal: Signal,
    *,
    begins: int,
    sound: SpokenSpectra,
    place: int,
    peak: float,
) -> Alignment:
    """The alignment with its coherence, cut to where both sounds are."""
    ends = min(
        begins + BLOCK, len(signal), begins + len(sound.signal) - place
    )
    cut = max(0, -place)
    begins, place = begins + cut, place + cut
    alike = measure_coherence(
        signal[begins:ends],
        sound.signal[place : place + max(0, ends - begins)],
    )
    return Alignment(
        begins=begins,
        ends=max(begins, ends),
        place=place,
        peak=peak,
        coherence=alike,
    )


def _block_starts(signal: Signal) -> Iterator[int]:
    """Where each block of a candidate begins; a short rest belongs to none."""
    for begins in range(0, len(signal), BLOCK):
        if len(signal) - begins >= SHORTEST:
            yield begins


def _flatten_spectrum(signal: Signal) -> Signal:
    return np.fft.irfft(
        whiten_spectrum(signal, len(signal)), len(signal)
    ).astype(np.float32)


def _measure_loudness(signal: Signal) -> float:
    return float(np.mean(np.diff(signal) ** 2)) if len(signal) > 1 else 0.0


def _cut_pieces(signal: Signal, count: int) -> Signal:
    pieces: Signal = signal[: count * PIECE].reshape(count, PIECE)
    return pieces


@lru_cache(maxsize=64)
def _soft_edges(length: int) -> NDArray[np.float32]:
    """1 with soft edges: a hard edge is a click, and a click in both sounds would look like a match."""
    # A tenth at each side: chosen.
    edge = length // 10
    weights = np.ones(length, np.float32)
    if edge:
        rise = (0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)).astype(
            np.float32
        )
        weights[:edge], weights[-edge:] = rise, rise[::-1]
    return weights
