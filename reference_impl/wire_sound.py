"""How sound goes from a device to its cloud: as samples, or coded to save the network. The device says which
when it opens a stream, and both sides keep one coder for each stream."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from enum import Enum
from typing import Protocol

import av
import numpy as np

from earwitness.reference_impl.protocol import RATE
from earwitness.reference_impl.sound import Samples

OPUS_FRAME = RATE // 50
"""Samples of one packet, 20 ms."""
OPUS_BITS = 24_000
"""A second, which keeps speech as a recogniser needs it (RFC 6716, 2.1.1 recommends 16 to 20 kbit/s for wide
band)."""


class WireCoding(Enum):
    """`SAMPLES` is 16 bits little-endian; `MU_LAW` is ITU-T G.711, a byte for each sample; `OPUS` is packets
    of 20 ms, each after its length in two bytes; `COUNTED` is mu-law after a number and a checksum; `TEXT` is
    samples in base 64 within a JSON object; `STEREO` is samples at 48 kHz, the same in two channels."""

    SAMPLES = "samples"
    MU_LAW = "mu-law"
    OPUS = "opus"
    COUNTED = "counted"
    TEXT = "text"
    STEREO = "stereo"


class Coder(Protocol):
    """One stream's way in one direction; it may hold a part of a packet back."""

    def encode_piece(self, heard: Samples) -> bytes: ...
    def decode_piece(self, content: bytes) -> bytes:
        """Samples of 16 bits. Raises ValueError for what is no sound of this coding."""


def make_coder(coding: WireCoding) -> Coder:
    """For one stream."""
    match coding:
        case WireCoding.SAMPLES:
            return _Samples()
        case WireCoding.MU_LAW:
            return _MuLaw()
        case WireCoding.OPUS:
            return _Opus()
        case WireCoding.COUNTED:
            return _Counted()
        case WireCoding.TEXT:
            return _Text()
        case WireCoding.STEREO:
            return _Stereo()


class _Samples:
    def encode_piece(self, heard: Samples) -> bytes:
        return heard.tobytes()

    def decode_piece(self, content: bytes) -> bytes:
        return content


class _MuLaw:
    def __init__(self) -> None:
        self._encoder = _context_of("pcm_mulaw", "w")
        self._decoder = _context_of("pcm_mulaw", "r")

    def encode_piece(self, heard: Samples) -> bytes:
        return b"".join(
            bytes(p) for p in self._encoder.encode(_frame_of(heard))
        )

    def decode_piece(self, content: bytes) -> bytes:
        frames = self._decoder.decode(av.Packet(content))
        return b"".join(frame.to_ndarray().tobytes() for frame in frames)


class _Counted(_MuLaw):
    """Twelve bytes of header: a number of eight, and the checksum of what follows."""

    count = 0

    def encode_piece(self, heard: Samples) -> bytes:
        body = super().encode_piece(heard)
        self.count += 1
        return self.count.to_bytes(8) + zlib.crc32(body).to_bytes(4) + body

    def decode_piece(self, content: bytes) -> bytes:
        checksum, body = content[8:12], content[12:]
        if zlib.crc32(body).to_bytes(4) != checksum:
            raise ValueError("a message was changed on its way")
        return super().decode_piece(body)


class _Text:
    count = 0

    def encode_piece(self, heard: Samples) -> bytes:
        self.count += 1
        sound = base64.b64encode(heard.tobytes()).decode()
        return json.dumps({"part": self.count, "sound": sound}).encode()

    def decode_piece(self, content: bytes) -> bytes:
        return base64.b64decode(str(json.loads(content)["sound"]))


class _Stereo:
    """Each sample three times, smoothed between one and the next."""

    last = 0

    def encode_piece(self, heard: Samples) -> bytes:
        before = np.concatenate([[self.last], heard[:-1]])
        self.last = int(heard[-1])
        # 48 kHz are three times as many samples.
        steps = [before + (heard - before) * k / 3 for k in (1, 2, 3)]
        smooth = np.rint(np.stack(steps, axis=1)).reshape(-1)
        return np.repeat(smooth, 2).astype("<i2").tobytes()

    def decode_piece(self, content: bytes) -> bytes:
        # The third of each three is the sample itself, and of two channels one is enough.
        return np.frombuffer(content, "<i2")[4::6].tobytes()


class _Opus:
    def __init__(self) -> None:
        self._encoder = _context_of("libopus", "w")
        self._encoder.bit_rate = OPUS_BITS
        self._decoder = av.CodecContext.create("libopus", "r")
        self._resampler = av.AudioResampler(
            format="s16", layout="mono", rate=RATE
        )
        self._held = np.zeros(0, np.int16)

    def encode_piece(self, heard: Samples) -> bytes:
        sound = np.concatenate([self._held, heard])
        whole = len(sound) // OPUS_FRAME * OPUS_FRAME
        self._held = sound[whole:]
        packets = [
            bytes(packet)
            for part in sound[:whole].reshape(-1, OPUS_FRAME)
            for packet in self._encoder.encode(_frame_of(part))
        ]
        return b"".join(len(p).to_bytes(2, "big") + p for p in packets)

    def decode_piece(self, content: bytes) -> bytes:
        pieces = [
            part.to_ndarray().tobytes()
            for packet in _split_packets(content)
            for frame in self._decoder.decode(av.Packet(packet))
            for part in self._resampler.resample(frame)
        ]
        return b"".join(pieces)


def _split_packets(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 2], "big")
        packet = content[at + 2 : at + 2 + size]
        if not size or len(packet) < size:
            raise ValueError("a packet is cut off")
        yield packet
        at += 2 + size


def _frame_of(heard: Samples) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        heard.reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = RATE
    return frame


def _context_of(codec: str, mode: str) -> av.AudioCodecContext:
    context = av.CodecContext.create(codec, mode)
    context.sample_rate, context.layout = RATE, "mono"
    if mode == "w":
        context.format = "s16"
    return context
