"""What the harness sees for itself: sound in files and on the wire, traffic told apart from voice."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import subprocess

import numpy as np
import pytest

from earwitness.conformance.stimuli.clips import CLIPS, in_the_air, write_wav
from earwitness.conformance.witnesses.files import search
from earwitness.conformance.witnesses.heard_sound import Air, unwrapped

SOUND = in_the_air(CLIPS["weather"], 11)


@pytest.fixture
def air():
    made = Air()
    made.add(1_000_000, SOUND.tobytes())
    return made


def test_an_upload_is_traced_to_the_instant_it_was_heard(air):
    piece = SOUND[16_000:32_000].tobytes()
    assert air.locate(piece) == (2_000_000, 3_000_000)
    assert air.locate(b"\0" * 4096) is None
    assert air.locate(b"keep-alive " * 100) is None


def test_what_stands_around_the_sound_does_not_count(air):
    piece = b"\0\0\0\7" + SOUND[16_000:32_000].tobytes() + b"trailer!"
    assert air.locate(piece) == (2_000_000, 3_000_000)


def test_sound_of_two_pieces_is_traced_to_both(air):
    other = in_the_air(CLIPS["timer"], 12)
    air.add(9_000_000, other.tobytes())
    piece = SOUND[16_000:24_000].tobytes() + other[8_000:16_000].tobytes()
    assert air.locate(piece) == (2_000_000, 10_000_000)


ENCODINGS = {
    "recording.wav": lambda path: write_wav(SOUND, path),
    "recording.raw": lambda path: path.write_bytes(b"odd" + SOUND.tobytes()),
    "device.log": lambda path: path.write_text(
        json.dumps({"debug": base64.b64encode(SOUND.tobytes()).decode()})
    ),
    "urlsafe.txt": lambda path: path.write_bytes(base64.urlsafe_b64encode(SOUND.tobytes())),
    "hex.txt": lambda path: path.write_text(SOUND.tobytes().hex()),
    "database.sqlite": lambda path: _sqlite(path),
    "lossless.flac": lambda path: _sox(path),
    "lossy.m4a": lambda path: _sox(path),
}


def _sqlite(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t(b BLOB)")
        database.execute("INSERT INTO t VALUES (?)", (SOUND[:1500].tobytes(),))
    database.close()


def _sox(path):
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("flac" if path.suffix == ".flac" else "aac", rate=16_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(SOUND.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout="mono", rate=16_000, frame_size=1024
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_recording_is_found_in_any_common_encoding(name, air, tmp_path):
    ENCODINGS[name](tmp_path / name)
    assert [f.category for f in search([str(tmp_path)], [air], frozenset()).finds] == ["recording"]


def test_other_sound_and_other_text_are_no_finds(air, tmp_path):
    write_wav(in_the_air(CLIPS["chatter"], 12), tmp_path / "other.wav")
    (tmp_path / "log.txt").write_text("connection opened\nconnection closed\n" * 100)
    write_wav(np.zeros(32_000, np.int16), tmp_path / "silence.wav")
    found = search([str(tmp_path)], [air], frozenset({"what is the weather in menlo park"}))
    assert found.finds == () and found.files == 3


def test_a_discarded_hypothesis_is_told_from_the_text_acted_on(air, tmp_path):
    acted = frozenset({"what is the weather in menlo park"})
    (tmp_path / "kept.json").write_text(json.dumps(["what is the weather in menlo park"]))
    assert [(f.category, f.acted_on) for f in search([str(tmp_path)], [air], acted).finds] == [
        ("transcript", True)
    ]
    (tmp_path / "kept.json").write_text(json.dumps(["watt is the whether in men lo park"]))
    assert [(f.category, f.acted_on) for f in search([str(tmp_path)], [air], acted).finds] == [
        ("hypothesis", False)
    ]


def test_base64_is_unwrapped_whatever_stands_around_it():
    assert b"secret" * 20 in b"".join(unwrapped(b'{"x": "' + base64.b64encode(b"secret" * 20) + b'"}'))


def test_espeak_is_there_for_the_tests():
    assert shutil.which("espeak-ng")
    assert subprocess.run(["espeak-ng", "--version"], capture_output=True).returncode == 0
