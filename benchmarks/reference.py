"""The reference end to end over TLS on loopback: python benchmarks/reference.py [REQUESTS [IN REAL TIME]]
First some requests in real time, 80 ms of sound every 80 ms: the reply's delay is from the last sample of
speech (louder than -40 dB) to the first piece of the answer handed to the loudspeaker; all that happens
between counts, the silence that tells the end as well. Then as fast as it can: the real-time factor is work
over sound, from the first sample to the spoken answer. Memory is what device and cloud hold, in megabytes,
as requests go by."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earwitness.conformance.stimuli.clips import (
    LEAD,
    Clip,
    in_the_air,
    spoken,
)
from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.session import Session
from earwitness.reference_impl.sound import split_sound

CITIES = (
    "Seattle",
    "Boston",
    "Menlo Park",
    "Chicago",
    "Denver",
    "Palo Alto",
    "New York",
    "San Francisco",
    "London",
    "Paris",
)
TIMES = (
    "one minute",
    "two minutes",
    "three minutes",
    "five minutes",
    "ten minutes",
    "fifteen minutes",
    "twenty minutes",
    "thirty minutes",
    "one hour",
)
SAID = tuple(
    Clip(f"Alexa, {words}", "alexa", voice)
    for voice in ("en-us", "en-gb")
    for words in (
        *(f"what is the weather in {city}" for city in CITIES),
        *(f"set a timer for {time}" for time in TIMES),
    )
)
"""All different, so that no answer has been spoken before."""
LOUD = 328
"""-40 dB of 32,767."""


def read_megabytes(process: int | str) -> float:
    """Memory that the process has now, of the kernel's own account."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    resident = next(line for line in lines if line.startswith("VmRSS"))
    kilobytes = int(resident.split()[1])
    return round(kilobytes / 1024, 1)


def end_of_words(clip: Clip) -> float:
    """Seconds from the beginning of the clip to the last of its words."""
    loud = np.nonzero(np.abs(spoken(clip).astype(int)) > LOUD)[0]
    return LEAD + float(loud[-1]) / RATE


class FirstSound:
    """A loudspeaker that notes when it is first heard."""

    instant: float | None = None

    def __call__(self, piece: np.ndarray) -> None:
        if self.instant is None and piece.any():
            self.instant = time.perf_counter()


def measure_delay(session: Session, clip: Clip, seed: int) -> float | None:
    """Seconds in real time from the last of the speech to the first of the answer; None without one."""
    device, answer = session.devices["d1"], FirstSound()
    device.speaker.stop()
    device.speaker.sink = answer
    began = time.perf_counter()
    for number, piece in enumerate(
        split_sound(in_the_air(clip, seed)), start=1
    ):
        heard_at = began + number * CHUNK / RATE
        time.sleep(max(0.0, heard_at - time.perf_counter()))
        device.hear_sound(piece)
    if answer.instant is None:
        return None
    return answer.instant - began - end_of_words(clip)


@dataclass(frozen=True)
class Request:
    """Seconds of work and of sound; whether an answer was spoken."""

    work: float
    sound: float
    answered: bool


def make_request(session: Session, clip: Clip, seed: int) -> Request:
    device, sound = session.devices["d1"], in_the_air(clip, seed)
    session.out = []
    began = time.perf_counter()
    for piece in split_sound(sound):
        device.hear_sound(piece)
    work = time.perf_counter() - began
    events = {seen["event"] for seen in session.out}
    return Request(work, len(sound) / RATE, "tts.audio" in events)


if __name__ == "__main__":
    total, real = (int(a) for a in (*sys.argv[1:], "200", "38")[:2])
    session = Session()
    session.devices["d1"].set_power(True)
    delays = [
        measure_delay(session, SAID[n % len(SAID)], n) for n in range(real)
    ]
    known = 1000 * np.array([d for d in delays if d is not None])
    rows, memory = [], {}
    for number in range(total):
        rows.append(make_request(session, SAID[number % len(SAID)], number))
        if number + 1 in (10, total // 4, total // 2, 3 * total // 4, total):
            memory[number + 1] = {
                "device": read_megabytes("self"),
                "cloud": read_megabytes(session.cloud.process.pid),
            }
    session.stop()
    result = {
        "in_real_time": {
            "requests": real,
            "answered": len(known),
            "delay_ms": {
                "median": round(float(np.median(known))),
                "p95": round(float(np.percentile(known, 95))),
            },
        },
        "as_fast_as_it_can": {
            "requests": total,
            "answered": sum(row.answered for row in rows),
            "real_time_factor": round(
                sum(row.work for row in rows)
                / sum(row.sound for row in rows),
                4,
            ),
            "memory_mb": memory,
        },
    }
    print(json.dumps(result, indent=1))
