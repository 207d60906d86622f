"""One reader for any bytes: sound and words in whatever coding, and nothing where there is nothing."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import random
import sqlite3
import string
import wave
import zipfile
import zlib

import av
import numpy as np
import pytest
from recordings import AUDIO

from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.reader import Reader
from earwitness.conformance.witnesses.spoken_words import (
    SpokenWords,
    WordsKind,
)
from earwitness.conformance.witnesses.texts_read import TextsRead

SOUND = in_the_air(CLIPS["weather"], 11)
PIECE = SOUND[16_000:32_000]
RAW = PIECE.tobytes()
PHRASES = (
    "Alexa, what is the weather in Menlo Park",
    "the meeting is at ten and nobody may know",
)


@pytest.fixture(scope="module")
def reader():
    sound, words = HeardSound(), SpokenWords(["alexa", "computer"])
    sound.play("d1", 0, SOUND)
    for phrase in PHRASES:
        words.add(phrase)
    with Reader(sound, words) as made:
        yield made


def zipped(content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", content)
    return out.getvalue()


def in_a_database(rows, kind="BLOB", wal=False):
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE 'odd \"name'(n INTEGER, v {kind})")
        database.executemany(
            "INSERT INTO 'odd \"name' VALUES (7, ?)", [(row,) for row in rows]
        )
        database.commit()
        content = database.serialize()
    database.close()
    return content[:18] + b"\2\2" + content[20:] if wal else content


def in_a_wav(samples):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def coded(samples, codec, container, rate):
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate)
        stream.layout = "mono"
        for piece in frames_of(samples, stream.codec_context, rate):
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return out.getvalue()


def frames_of(samples, context, rate):
    frame = av.AudioFrame.from_ndarray(
        samples.reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = 16_000
    size = context.frame_size or 960
    resampler = av.AudioResampler(
        format=context.format, layout="mono", rate=rate, frame_size=size
    )
    return [*resampler.resample(frame), *resampler.resample(None)]


LONG = SOUND[12_000:60_000]
WRAPPED_SOUND = {
    "wav": in_a_wav(PIECE),
    "flac": coded(PIECE, "flac", "flac", 16_000),
    "opus": coded(LONG, "libopus", "ogg", 48_000),
    "webm": coded(LONG, "libopus", "webm", 48_000),
    "aac": coded(LONG, "aac", "mp4", 16_000),
    "adts": coded(LONG, "aac", "adts", 16_000),
    "mp3": coded(LONG, "libmp3lame", "mp3", 16_000),
    "flac behind a head": b"\0\1\2\3head"
    + coded(PIECE, "flac", "flac", 16_000),
    "the last sample first": PIECE[::-1].tobytes(),
    "the last sample first, big-endian": PIECE[::-1].astype(">i2").tobytes(),
    "lower bytes first": RAW[::2] + RAW[1::2],
    "upper bytes first": RAW[1::2] + RAW[::2],
    "gzip": gzip.compress(RAW),
    "zlib": zlib.compress(RAW),
    "zlib behind a head": b"\7\7" + zlib.compress(RAW, 9),
    "deflate": zlib.compress(RAW)[2:-4],
    "bz2": bz2.compress(RAW),
    "xz": lzma.compress(RAW),
    "lzma": lzma.compress(RAW, lzma.FORMAT_ALONE),
    "zip": zipped(RAW),
    "base64 in JSON": json.dumps(
        {"debug": base64.b64encode(RAW).decode()}
    ).encode(),
    "base64 for addresses": base64.urlsafe_b64encode(RAW),
    "base64 in lines": base64.encodebytes(RAW),
    "base64 after a letter": b"x" + base64.b64encode(RAW),
    "base64, 56 bytes a line": b"".join(
        json.dumps(
            {"t": at, "s": base64.b64encode(RAW[at : at + 56]).decode()}
        ).encode()
        + b"\n"
        for at in range(0, 5_600, 56)
    ),
    "base32": base64.b32encode(RAW),
    "base85": json.dumps([base64.b85encode(RAW).decode()]).encode(),
    "ascii85": base64.a85encode(RAW),
    "hex": RAW.hex().encode(),
    "hex with spaces": RAW.hex(" ").encode(),
    "numbers": json.dumps(PIECE[:2_000].tolist()).encode(),
    "numbers with instants": "\n".join(
        f"{i} {v}" for i, v in enumerate(PIECE[:500].tolist())
    ).encode(),
    "fractions": json.dumps(
        [v / 32_768 for v in PIECE[:2_000].tolist()]
    ).encode(),
    "bytes as numbers": json.dumps(list(RAW[:2_000])).encode(),
    "sqlite": in_a_database([RAW]),
    "sqlite, 56 bytes a row": in_a_database(
        [RAW[at : at + 56] for at in range(0, 5_600, 56)]
    ),
    "sqlite with a log": in_a_database([RAW], wal=True),
    "sqlite of base64": in_a_database(
        [base64.b64encode(RAW).decode()], "TEXT"
    ),
    "sqlite of numbers": in_a_database(PIECE[:400].tolist(), "INTEGER"),
    "flac in base64 in JSON in gzip": gzip.compress(
        json.dumps(
            {
                "a": base64.b64encode(
                    coded(PIECE, "flac", "flac", 16_000)
                ).decode()
            }
        ).encode()
    ),
}


@pytest.mark.parametrize("name", WRAPPED_SOUND)
def test_wrapped_sound_is_found(reader, name):
    reading = reader.read(WRAPPED_SOUND[name])
    assert reading.sounds and {
        found.heard.device for found in reading.sounds
    } == {"d1"}
    assert (
        reading.attributed > 0.9 * len(WRAPPED_SOUND[name])
        or "numbers" in name
        or "sqlite" in name
    )


def test_bare_packets_of_opus_are_found_together(reader):
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format, context.bit_rate = (
        48_000,
        "mono",
        "s16",
        24_000,
    )
    context.open()
    packets = [
        bytes(p)
        for piece in frames_of(LONG, context, 48_000)
        for p in context.encode(piece)
    ]
    assert reader.read_packets(packets).sounds


WORDS = "what is the weather in menlo park"
WRAPPED_WORDS = {
    "plain": WORDS,
    "other case and punctuation": "What is the weather, in Menlo Park?",
    "the wake word before it": "Alexa what is the weather in Menlo Park",
    "run together": "WhatIsTheWeatherInMenloPark",
    "underscores": WORDS.replace(" ", "_"),
    "a word a line": WORDS.replace(" ", "\n"),
    "a list": json.dumps(WORDS.split()),
    "with instants": json.dumps(
        [{"w": word, "t": at / 7} for at, word in enumerate(WORDS.split())]
    ),
    "in a sentence": "log: the user said what is the weather in menlo park and waited",
    "backwards": WORDS[::-1],
    "from the last word": " ".join(reversed(WORDS.split())),
    "percent": WORDS.replace(" ", "%20"),
    "escapes": "".join(f"\\u{ord(letter):04x}" for letter in WORDS),
    "base64": base64.b64encode(WORDS.encode()).decode(),
    "hex": WORDS.encode().hex(),
    "base32": base64.b32encode(WORDS.encode()).decode(),
}
WRAPPED_WORDS_BYTES = {
    name: text.encode() for name, text in WRAPPED_WORDS.items()
} | {
    "utf-16": WORDS.encode("utf-16"),
    "utf-16 big-endian": b"x" + WORDS.encode("utf-16-be"),
    "gzip": gzip.compress(WORDS.encode()),
    "zip": zipped(WORDS.encode()),
    "sqlite": in_a_database([WORDS], "TEXT"),
    "sqlite, a word a row": in_a_database(WORDS.split(), "TEXT"),
    "length before each word": b"".join(
        bytes([len(w)]) + w.encode() for w in WORDS.split()
    ),
}


@pytest.mark.parametrize("name", WRAPPED_WORDS_BYTES)
def test_wrapped_words_are_found_and_are_the_same_words(reader, name):
    found = reader.read(WRAPPED_WORDS_BYTES[name]).words
    assert found and {each.words.phrase for each in found} == {WORDS}
    assert any(each.words.kind is WordsKind.SAME for each in found)


@pytest.mark.parametrize(
    "text",
    [
        "watt is the whether in men lo park",
        "what's the weather in mental park",
        "what is weather in menlo",
    ],
)
def test_another_hypothesis_is_like_the_words(reader, text):
    found = reader.read(json.dumps({"n_best": [text]}).encode()).words
    assert [each.words.kind for each in found] == [WordsKind.LIKE]


@pytest.mark.parametrize(
    ("written", "manner"),
    [
        (lambda text: text[::-1].upper(), "backwards"),
        (lambda text: "\n".join([*text.split(), ""]), "a word a line"),
    ],
)
def test_another_hypothesis_is_known_however_it_is_written(
    reader, written, manner
):
    texts = [WORDS, "what is the weather me menlo park", WORDS]
    content = "\n".join(map(written, texts)).encode()
    found = reader.read(content).words
    others = [each.words for each in found if each.words.text != WORDS]
    assert [(w.kind, w.manner) for w in others] == [(WordsKind.LIKE, manner)]


def test_what_was_said_a_word_a_line_straddles_nothing(reader):
    column = "".join(f"{word}\n" for word in WORDS.split() * 20)
    found = reader.read(column.encode()).words
    assert found and {each.words.kind for each in found} == {WordsKind.SAME}


def test_a_phrase_that_is_a_part_of_another_is_found_only_where_it_stands_alone():
    words = SpokenWords(["alexa"])
    for phrase in (
        "Alexa, what is the weather in Menlo Park",
        "what is the weather",
        "Alexa, what is the",
    ):
        words.add(phrase)
    both = words.find_same(
        "what is the weather in menlo park; what is the weather; what is the time"
    )
    assert [found.phrase for found in both] == [
        "what is the weather in menlo park",
        "what is the weather",
    ]


def test_a_part_of_the_words_is_no_other_hypothesis(reader):
    assert reader.read(b'{"slot": "the weather in menlo park"}').words == ()


def english():
    return "\n".join(
        path.read_text("utf-8", "replace")
        for path in sorted((AUDIO / "licenses").glob("*.txt"))
    )


def test_random_bytes_letters_and_other_english_are_neither_words_nor_sound(
    reader, recordings
):
    rng = random.Random(4)
    letters = "".join(
        rng.choice(string.ascii_letters + " ") for _ in range(100_000)
    )
    nonsense = " ".join(rng.choice(english().split()) for _ in range(20_000))
    for content in (
        rng.randbytes(1 << 18),
        letters.encode(),
        english().encode(),
        nonsense.encode(),
        english().lower().replace(" ", "\n").encode(),
        nonsense.lower().replace(" ", "\n").encode(),
    ):
        reading = reader.read(content)
        assert reading.words == () and reading.sounds == ()
    for content in (
        base64.b64encode(rng.randbytes(1 << 16)),
        gzip.compress(rng.randbytes(1 << 16)),
    ):
        reading = reader.read(content)
        assert reading.words == () and reading.sounds == ()
        assert reading.unexplained > 0.7 * len(content)


def test_every_byte_is_attributed_read_or_unexplained(reader):
    noise = np.random.default_rng(1).bytes(5_000)
    for content, largest in (
        (RAW, "attributed"),
        (b'{"state": "idle"}' * 99, "read"),
        (noise, "unexplained"),
    ):
        reading = reader.read(content)
        assert reading.attributed + reading.read + reading.unexplained == len(
            content
        )
        assert getattr(reading, largest) > 0.99 * len(content)
    mixed = reader.read(b'{"type": "audio"}\n' + RAW + noise)
    assert mixed.attributed == len(RAW) and mixed.unexplained > 4_900


DEEP = b"what is inside"
for _ in range(12):
    DEEP = base64.b64encode(DEEP + b" " * 12)
HOSTILE = {
    "12 bytes of Ogg": b"OggS\0\2\0\0\0\0\0\0",
    "a bomb in gzip": gzip.compress(bytes(200 << 20)),
    "a bomb in zip": zipped(bytes(200 << 20)),
    "a bomb in bz2": bz2.compress(bytes(200 << 20)),
    "deep nesting": DEEP,
    "a broken gzip": gzip.compress(RAW)[:40] + b"\xff" * 400,
    "half a database": in_a_database([RAW])[:5_000],
    "a database of nonsense": b"SQLite format 3\0" + bytes(range(256)) * 40,
    "a broken flac": coded(PIECE, "flac", "flac", 16_000)[:60]
    + bytes(range(256)) * 40,
    "half an mp4": coded(LONG, "aac", "mp4", 16_000)[:300],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_unread_with_a_reason_and_never_an_exception(
    reader, name
):
    reading = reader.read(HOSTILE[name])
    assert reading.unread and all(reason for reason in reading.unread)


def test_what_kills_the_decoder_is_unread_and_the_next_content_is_read(
    reader,
):
    reader.read(b"something to start the child with")
    reader._child._process.kill()
    reader._child._process.wait()
    assert reader.read(gzip.compress(RAW)).sounds


def test_a_decoder_that_dies_or_takes_too_long_is_told(reader, monkeypatch):
    child = reader._child
    child.close()
    for program, reason in (
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGPROF)",
            "takes longer",
        ),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "signal 11",
        ),
        ("import sys; sys.exit(3)", "code 3"),
        (
            r"import os; os.write(1, b'\xff\xff\xff\xff'); os.read(0, 1 << 20); os.read(0, 1)",
            "too long",
        ),
    ):
        monkeypatch.setattr(
            "earwitness.conformance.witnesses.limited_child.COMMAND",
            ("-c", program),
        )
        (told,) = child.unpack(
            f"never seen before: {program}".encode()
        ).unread
        assert reason in told


def test_a_text_that_was_read_before_is_read_again_once_more_was_spoken():
    words = SpokenWords(("alexa",))
    words.add("turn on the kitchen light")
    texts = TextsRead(words)
    said = "please remind me about the dentist tomorrow"
    assert not texts.read(said, pieced_together=False).plain
    assert not texts.read(said, pieced_together=False).plain
    words.add("remind me about the dentist")
    found = texts.read(said, pieced_together=False).plain
    assert [each.phrase for each in found] == ["remind me about the dentist"]


def test_a_short_text_that_was_compressed_is_read(reader):
    short = PHRASES[1].encode()
    assert len(short) < 64
    assert reader.read(zlib.compress(short)).words
    assert reader.read(b"v1 " + zlib.compress(short) + b" end").words
