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
from pathlib import Path

import numpy as np

from earwitness.conformance.stimuli.clips import LEAD, Clip, in_the_air, spoken
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


def megabytes(process: int | str) -> float:
    text = Path(f"/proc/{process}/status").read_text()
    return round(int(next(x for x in text.splitlines() if x.startswith("VmRSS")).split()[1]) / 1024, 1)


def delay(session: Session, clip: Clip, seed: int) -> float | None:
    """Seconds in real time from the last of the speech to the first of the answer; None without one."""
    device = session.devices["d1"]
    finished = LEAD + float(np.nonzero(np.abs(spoken(clip).astype(int)) > LOUD)[0][-1]) / RATE
    device.speaker.stop()
    answering: list[float] = []
    device.speaker.sink = lambda piece: (
        answering.append(time.perf_counter()) if piece.any() and not answering else None
    )
    began = time.perf_counter()
    for number, piece in enumerate(split_sound(in_the_air(clip, seed))):
        time.sleep(max(0.0, began + (number + 1) * CHUNK / RATE - time.perf_counter()))
        device.hear(piece)
    return answering[0] - began - finished if answering else None


def request(session: Session, clip: Clip, seed: int) -> tuple[float, float, bool]:
    """Seconds of work and of sound; whether an answer was spoken."""
    device, air = session.devices["d1"], in_the_air(clip, seed)
    session.out, began = [], time.perf_counter()
    for piece in split_sound(air):
        device.hear(piece)
    return time.perf_counter() - began, len(air) / RATE, "tts.audio" in [m["event"] for m in session.out]


if __name__ == "__main__":
    total, real = (int(a) for a in (*sys.argv[1:], "200", "38")[:2])
    session = Session()
    session.devices["d1"].power(True)
    delays = [delay(session, SAID[n % len(SAID)], n) for n in range(real)]
    known = 1000 * np.array([d for d in delays if d is not None])
    rows, memory = [], {}
    for number in range(total):
        rows.append(request(session, SAID[number % len(SAID)], number))
        if number + 1 in (10, total // 4, total // 2, 3 * total // 4, total):
            memory[number + 1] = {"device": megabytes("self"), "cloud": megabytes(session.cloud.process.pid)}
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
            "answered": sum(r[2] for r in rows),
            "real_time_factor": round(sum(r[0] for r in rows) / sum(r[1] for r in rows), 4),
            "memory_mb": memory,
        },
    }
    print(json.dumps(result, indent=1))
