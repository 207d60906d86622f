"""How long it takes to find sound: exact needles among a minute, ten minutes and an hour of what was
played, and changed ones.

Usage: python benchmarks/heard_sound.py. Aim: a needle in a second of sound within milliseconds, whatever
was played.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.model.vocabulary import Microseconds

RATE = 16_000
ROUNDS = 20


def milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1_000


def room(seconds: int) -> np.ndarray:
    """Noise with the rise and fall of speech in it."""
    rng = np.random.default_rng(seconds)
    loudness = np.repeat(rng.uniform(12, 3_000, seconds * 8), RATE // 8)
    return (
        (rng.normal(0, 1, seconds * RATE) * loudness)
        .clip(-32_768, 32_767)
        .astype(np.int16)
    )


def measure(minutes: int) -> None:
    memory = HeardSound()
    sound = room(minutes * 60)
    for at in range(0, len(sound), RATE * 5):
        memory.play(
            "d1",
            Microseconds(at * 1_000_000 // RATE),
            sound[at : at + RATE * 5],
        )
    needle = sound[RATE * 30 : RATE * 31].tobytes()
    softer = (sound[RATE * 30 : RATE * 34] // 3).astype(np.int16)
    other = np.random.default_rng(0).bytes(1 << 20)
    memory.changed.resembling_samples(softer)
    print(
        f"{minutes} min played: a second of it {milliseconds(lambda: memory.exact.locate(needle)):.1f} ms,"
        f" a megabyte of something else {milliseconds(lambda: memory.exact.locate(other), 3):.0f} ms,"
        f" 4 s made softer {milliseconds(lambda: memory.changed.resembling_samples(softer), 3):.0f} ms"
    )


def main() -> None:
    for minutes in (1, 10, 60):
        measure(minutes)


if __name__ == "__main__":
    main()
