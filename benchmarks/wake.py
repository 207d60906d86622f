"""Wake-word hits on people's recordings and the reference's real-time factor: python benchmarks/wake.py FOLDER_OF_AUDIO"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from earwitness.reference_impl.device.wake import WakeWord
from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.sound import decode


def wakes(path: Path, dice: np.random.Generator) -> tuple[bool, float, float]:
    """Whether it wakes, seconds of audio, seconds of work."""
    sound = np.concatenate([np.zeros(RATE), decode(path), np.zeros(RATE)])
    heard = np.clip(sound + dice.normal(0, 12, len(sound)), -32768, 32767).astype(np.int16)
    detector, began = WakeWord(), time.perf_counter()
    hit = any([detector.heard(c) is not None for c in heard[: len(heard) // CHUNK * CHUNK].reshape(-1, CHUNK)])
    return hit, len(heard) / RATE, time.perf_counter() - began


if __name__ == "__main__":
    root, dice = Path(sys.argv[1]), np.random.default_rng(0)
    out = {}
    for folder in ("alexa", "computer", "other-word", "commands"):
        rows = [wakes(p, dice) for p in sorted((root / folder).glob("*.flac"))]
        audio = sum(r[1] for r in rows)
        out[folder] = {"clips": len(rows), "woke": sum(r[0] for r in rows), "minutes": round(audio / 60, 1), "rtf": round(sum(r[2] for r in rows) / audio, 4)}
    print(json.dumps(out, indent=1))
