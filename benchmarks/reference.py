"""The reference end to end over TLS on loopback: python benchmarks/reference.py [REQUESTS]
The real-time factor is work over sound for whole requests, from the first sample to the spoken answer. The reply's delay is counted from the moment the
person has finished speaking: the silence that tells so (virtual time) and the work until sound comes back (real time), apart and together. Memory is what
device and cloud hold, in megabytes, as requests go by."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from earwitness.conformance.clips import CLIPS, Clip, in_the_air, spoken
from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.session import Session

SAID = ("weather", "timer", "weather-2", "weather-3")


def megabytes(process: int | str) -> float:
    text = Path(f"/proc/{process}/status").read_text()
    return round(int(next(x for x in text.splitlines() if x.startswith("VmRSS")).split()[1]) / 1024, 1)


def request(session: Session, clip: Clip, seed: int) -> tuple[float, float, float, float, bool]:
    """Seconds of work, of sound, of silence until the end of speech was noticed, of work after it; whether an answer was spoken."""
    device, air = session.devices["d1"], in_the_air(clip, seed)
    chunks = air[: len(air) // CHUNK * CHUNK].reshape(-1, CHUNK)
    finished = device.now + int((0.8 + len(spoken(clip)) / RATE) * 1_000_000)
    session.out, began, noticed, answering = [], time.perf_counter(), 0, 0.0
    for chunk in chunks:
        before = time.perf_counter()
        device.hear(chunk)
        names = [m["event"] for m in session.out]
        if not noticed and device.control.value == "waiting":
            noticed = device.now
        if "tts.audio" in names and not answering:
            answering = time.perf_counter() - before
    answered = "tts.audio" in [m["event"] for m in session.out]
    return time.perf_counter() - began, len(air) / RATE, (noticed - finished) / 1e6, answering, answered


if __name__ == "__main__":
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    session = Session()
    session.devices["d1"].power(True)
    rows, memory = [], {}
    for number in range(total):
        rows.append(request(session, CLIPS[SAID[number % len(SAID)]], number))
        if number + 1 in (10, total // 4, total // 2, total):
            memory[number + 1] = {"device": megabytes("self"), "cloud": megabytes(session.cloud.process.pid)}
    session.stop()
    work, sound, silence, after = (np.array([r[i] for r in rows]) for i in range(4))
    heard = np.array([r[4] for r in rows])
    print(
        json.dumps(
            {
                "requests": total,
                "answered": int(heard.sum()),
                "real_time_factor": round(float(work.sum() / sound.sum()), 4),
                "end_of_speech_noticed_ms": round(1000 * statistics.median(silence[heard])),
                "work_until_reply_ms": {"median": round(1000 * statistics.median(after[heard])), "p95": round(1000 * float(np.percentile(after[heard], 95)))},
                "memory_mb": memory,
            },
            indent=1,
        )
    )
