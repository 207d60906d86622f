"""Sound, words and containers that the fuzzer begins with."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sqlite3
import wave
import zipfile
import zlib

import av
import numpy as np


def sound() -> np.ndarray:
    rng = np.random.default_rng(1)
    return (
        rng.normal(0, 1, 32_000)
        * np.repeat(rng.uniform(12, 4_000, 20), 1_600)
    ).astype(np.int16)


SOUND = sound()

WORDS = "what is the weather in menlo park"


def sound_seeds() -> list[bytes]:
    piece = SOUND[4_000:5_000]
    floats = (piece / 32_768).astype("<f4").tobytes()
    return [
        piece.tobytes(),
        piece.astype(">i2").tobytes(),
        floats,
        bytes(200) + piece[:30].tobytes(),
    ]


def text_seeds() -> list[bytes]:
    said = WORDS.encode()
    return [
        said,
        json.dumps({"n_best": [WORDS, "watt is the whether"]}).encode(),
        said[::-1],
        said.replace(b" ", b"\n"),
    ]


def coded(codec: str, container: str, rate: int) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(
            SOUND[:8_000].reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = 16_000
        size = stream.codec_context.frame_size or 960
        resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout="mono",
            rate=rate,
            frame_size=size,
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return out.getvalue()


def in_a_wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(SOUND[:2_000].tobytes())
    return out.getvalue()


def container_seeds() -> list[bytes]:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t(n INTEGER, v BLOB)")
    database.execute("INSERT INTO t VALUES (1, ?)", (SOUND[:400].tobytes(),))
    database.commit()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", SOUND[:400].tobytes())
    raw = SOUND[:600].tobytes()
    return [
        in_a_wav(),
        coded("flac", "flac", 16_000),
        coded("libopus", "ogg", 48_000),
        coded("aac", "mp4", 16_000),
        coded("libmp3lame", "mp3", 16_000),
        database.serialize(),
        archive.getvalue(),
        gzip.compress(raw),
        zlib.compress(raw),
        base64.b64encode(raw),
        raw.hex().encode(),
        json.dumps(SOUND[:200].tolist()).encode(),
        b"OggS\0\2\0\0\0\0\0\0",
    ]
