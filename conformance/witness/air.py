"""Everything a device's microphones could have heard, in order: the ground truth that uploads and files are compared with."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

RATE = 16_000
PROBE = 64
"""Bytes: 32 samples with noise under them occur nowhere else by chance."""
SIGMAS = 60
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{64,}={0,2}")
HEX_RUN = re.compile(rb"(?:[0-9a-fA-F]{2}){64,}")


@dataclass
class Air:
    """Sound beside one device as (first instant in microseconds, PCM bytes) pieces."""

    pieces: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, began: int, samples: bytes) -> None:
        self.pieces.append((began, samples))

    def locate(self, pcm: bytes) -> tuple[int, int] | None:
        """When the first and last sample of this PCM were heard, or None where it holds nothing that was heard.
        A probe at several offsets tells; the last piece is searched first."""
        if len(pcm) < PROBE:
            return None
        for shift in (0, 1, len(pcm) // 2, len(pcm) // 2 + 1, len(pcm) - PROBE):
            probe = pcm[shift : shift + PROBE]
            if len(probe) < PROBE or not any(probe):
                continue
            for began, samples in reversed(self.pieces):
                at = samples.find(probe)
                if at >= 0:
                    first = began + (at - shift) * 500_000 // RATE
                    return max(0, first), max(0, first) + len(pcm) * 500_000 // RATE
        return None

    def holds_any_of(self, blob: bytes) -> bool:
        """Whether bytes hold, anywhere, sound that was heard: exact samples, whatever header stands before them."""
        for _, samples in self.pieces:
            for at in range(0, len(samples) - PROBE, RATE // 4):
                probe = samples[at : at + PROBE]
                if any(probe) and probe in blob:
                    return True
        return False

    def correlates(self, decoded: np.ndarray) -> bool:
        """Whether lossily coded sound holds one of the pieces: phase-whitened correlation.
        Other people's speech stays below 25 sigma and other words of the same synthetic voice below 45, while coded copies stand near 100 or more;
        a copy that is coded very coarsely (GSM) or changed in speed or pitch can be missed."""
        if len(decoded) < RATE // 2 or not decoded.any():
            return False
        for _, samples in self.pieces:
            known = np.frombuffer(samples, np.int16).astype(np.float64)
            size = 1 << (len(known) + len(decoded)).bit_length()
            cross = np.fft.rfft(decoded.astype(np.float64), size) * np.conj(np.fft.rfft(known, size))
            peaks = np.abs(np.fft.irfft(cross / (np.abs(cross) + 1e-9), size))
            if peaks.max() > SIGMAS * peaks.std():
                return True
        return False


def unwrapped(data: bytes) -> Iterator[bytes]:
    """The bytes themselves, and what base64 or hexadecimal runs in them decode to."""
    yield data
    joined = bytearray()
    for run in BASE64_RUN.finditer(data):
        text = run.group().translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        joined += base64.b64decode(text + b"=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
    if joined:
        yield bytes(joined)
    for run in HEX_RUN.finditer(data):
        yield bytes.fromhex(run.group().decode())
