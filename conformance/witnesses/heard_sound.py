"""Everything a device's microphones could have heard, in order: the ground truth that uploads and files
are compared with."""

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

    def locate(self, content: bytes) -> tuple[int, int] | None:
        """When the first and last sample in this content were heard, or None where it holds nothing that
        was heard. What else stands around the sound, such as a header, does not count. A probe at several
        offsets tells; the last piece is searched first."""
        if len(content) < PROBE:
            return None
        for shift in (0, 1, len(content) // 2, len(content) // 2 + 1, len(content) - PROBE):
            probe = content[shift : shift + PROBE]
            if len(probe) < PROBE or not any(probe):
                continue
            for began, samples in reversed(self.pieces):
                at = samples.find(probe)
                if at < 0:
                    continue
                before = _alike(content[:shift][::-1], samples[:at][::-1])
                after = _alike(content[shift:], samples[at:])
                found = [(began + (at - before) * 500_000 // RATE, began + (at + after) * 500_000 // RATE)]
                # What is left on either side may be sound of another piece.
                found += [
                    p
                    for rest in (content[: shift - before], content[shift + after :])
                    if (p := self.locate(rest)) is not None
                ]
                return min(first for first, _ in found), max(last for _, last in found)
        return None

    def holds_any_of(self, blob: bytes) -> bool:
        """Whether bytes hold, anywhere, sound that was heard: exact samples, whatever header stands before
        them."""
        for _, samples in self.pieces:
            for at in range(0, len(samples) - PROBE, RATE // 4):
                probe = samples[at : at + PROBE]
                if any(probe) and probe in blob:
                    return True
        return False

    def correlates(self, decoded: np.ndarray) -> bool:
        """Whether lossily coded sound holds one of the pieces: phase-whitened correlation. Other people's
        speech stays below 25 sigma and other words of the same synthetic voice below 45, while coded
        copies stand near 100 or more; a copy that is coded very coarsely (GSM) or changed in speed or
        pitch can be missed."""
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


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes from the start two pieces have in common, whole samples only."""
    size = min(len(one), len(other)) // 2 * 2
    differing = np.nonzero(np.frombuffer(one[:size], np.uint8) != np.frombuffer(other[:size], np.uint8))[0]
    return int(differing[0]) // 2 * 2 if len(differing) else size


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
