"""Seeded fuzzing of every parser of the witnesses and the protocol that a target can reach.

Usage: python benchmarks/fuzz.py [INPUTS [SEED [PARSER...]]]. Each parser is given so many mutated inputs
(those that unpack or decode a hundredth of it, as they are a hundred times slower). A parser fails where
it raises what it must not, breaks its law, or takes longer than SLOW seconds of the processor. Prints a
line for each parser, and the shortest input of each failure. Exit code 1 on any failure.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
import re
import sqlite3
import struct
import sys
import time
import wave
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from earwitness.conformance.targets.lines import (
    answer_from,
    decode_line,
    hello_from,
)
from earwitness.conformance.targets.packets import (
    asked_name,
    name_answer,
    parse_packet,
    server_name,
)
from earwitness.conformance.targets.protocol import TargetError
from earwitness.conformance.witnesses.client_hello import (
    begins_tls,
    client_hello_from,
)
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.layouts import plausible_layouts
from earwitness.conformance.witnesses.limited_child import LimitedChild
from earwitness.conformance.witnesses.loudspeaker import sounds_in
from earwitness.conformance.witnesses.pixels import mean_colour, pixels_from
from earwitness.conformance.witnesses.reader import Reader
from earwitness.conformance.witnesses.spoken_words import SpokenWords
from earwitness.conformance.witnesses.wire.connection import (
    Direction,
    Dissection,
)
from earwitness.model.vocabulary import Microseconds

SLOW = 2.0
"""Seconds of the processor for one input. Inputs are small, so anything near it grows too fast with size."""
LONGEST = 4_096
"""Bytes of an input, but for those that begin longer."""
INTERESTING = (
    0,
    1,
    2,
    7,
    8,
    0x7F,
    0x80,
    0xFE,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)
UP, DOWN = Direction.FROM_DEVICE, Direction.TO_DEVICE


@dataclass
class Parser:
    """What is tried: seeds to mutate, and a function that raises where something is wrong. `share` of the
    inputs are given to it."""

    name: str
    seeds: list[bytes]
    run: Callable[[bytes], None]
    share: float = 1.0


@dataclass
class Outcome:
    inputs: int = 0
    slowest: float = 0.0
    failures: dict[str, bytes] = field(default_factory=dict)


def mutated(rng: random.Random, seeds: list[bytes]) -> bytes:
    """A seed after a few changes of the usual kinds."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        change = rng.choice(CHANGES)
        change(rng, data, seeds)
    return bytes(data[: max(LONGEST, len(max(seeds, key=len)))])


def flip_a_bit(
    rng: random.Random, data: bytearray, seeds: list[bytes]
) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def put_bytes(
    rng: random.Random, data: bytearray, seeds: list[bytes]
) -> None:
    place = rng.randint(0, len(data))
    data[place:place] = rng.randbytes(rng.choice((1, 2, 4, 16)))


def put_a_number(
    rng: random.Random, data: bytearray, seeds: list[bytes]
) -> None:
    kind = rng.choice((">B", "<H", ">H", "<I", ">I"))
    size = struct.calcsize(kind)
    if len(data) >= size:
        place = rng.randint(0, len(data) - size)
        data[place : place + size] = struct.pack(
            kind, rng.choice(INTERESTING) & (1 << 8 * size) - 1
        )


def cut_out(rng: random.Random, data: bytearray, seeds: list[bytes]) -> None:
    begins = rng.randint(0, len(data))
    del data[begins : begins + rng.choice((1, 2, 8, 64, 1_024))]


def repeat_a_part(
    rng: random.Random, data: bytearray, seeds: list[bytes]
) -> None:
    begins = rng.randint(0, len(data))
    part = data[begins : begins + rng.choice((1, 4, 32))]
    data[begins:begins] = part * rng.choice((1, 2, 16))


def splice_another(
    rng: random.Random, data: bytearray, seeds: list[bytes]
) -> None:
    other = rng.choice(seeds)
    data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


CHANGES = (
    flip_a_bit,
    put_bytes,
    put_a_number,
    cut_out,
    repeat_a_part,
    splice_another,
)


# Seeds


def wire_seeds() -> list[bytes]:
    """Conversations: a byte for the direction, two for the length, then the bytes, again and again."""
    post = (
        b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 20\r\n\r\n"
        + bytes(range(20))
    )
    chunked = b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
    opening = (
        b"GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n"
    )
    agreed = b"HTTP/1.1 101 S\r\nupgrade: websocket\r\nsec-websocket-extensions: permessage-deflate\r\n\r\n"
    packed = zlib.compressobj(wbits=-15)
    deflated = (
        packed.compress(b"hello " * 30) + packed.flush(zlib.Z_SYNC_FLUSH)
    )[:-4]
    frames = (
        b"\xc2"
        + bytes([len(deflated)])
        + deflated
        + b"\x89\x84abcdwxyz"
        + b"\x82\x7e\x00\x80"
        + bytes(128)
    )
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    http2 = (
        preface
        + b"\0\0\0\4\0\0\0\0\0\0\0\2\1\5\0\0\0\1\x82\x86\0\0\7\0\x08\0\0\0\1\2hell\0\0"
    )
    mqtt = b"\x10\x0e\0\4MQTT\4\2\0\x3c\0\2id\x30\x0c\0\5audiohello\xc0\0"
    conversations = [
        [(UP, post), (DOWN, answer), (UP, chunked), (DOWN, answer)],
        [
            (UP, opening),
            (DOWN, agreed),
            (UP, frames),
            (DOWN, frames),
            (UP, b"\x88\x80abcd"),
            (UP, b"more"),
        ],
        [(UP, http2), (DOWN, b"\0\0\0\4\0\0\0\0\0")],
        [(UP, mqtt), (DOWN, b"\x20\2\0\0")],
        [(DOWN, b"I begin\n"), (UP, b"\0\1\2")],
    ]
    return [
        b"".join(_packed(*piece) for piece in conversation)
        for conversation in conversations
    ]


def _packed(direction: Direction, data: bytes) -> bytes:
    return bytes([direction is UP]) + len(data).to_bytes(2, "big") + data


def dissect(data: bytes) -> None:
    """The law: the sizes of all pieces add up to what was fed, whatever it was."""
    dissection, fed, given, at = Dissection(), 0, 0, 0
    while at + 3 <= len(data):
        direction = UP if data[at] & 1 else DOWN
        piece = data[
            at + 3 : at + 3 + int.from_bytes(data[at + 1 : at + 3], "big")
        ]
        at += 3 + len(piece)
        fed += len(piece)
        given += sum(
            found.size for found in dissection.feed(direction, piece)
        )
    given += sum(
        found.size
        for direction in Direction
        for found in dissection.rest(direction)
    )
    assert given == fed, f"{given} of {fed} bytes are accounted for"


def hello_seeds() -> list[bytes]:
    name = b"\0\0\0\x0e\0\x0c\0\0\x09localhost"
    alpn = b"\0\x10\0\x0e\0\x0c\x02h2\x08http/1.1"
    extensions = name + alpn
    body = (
        b"\3\3"
        + bytes(32)
        + b"\0"
        + b"\0\2\x13\1"
        + b"\1\0"
        + len(extensions).to_bytes(2, "big")
        + extensions
    )
    hello = b"\1" + len(body).to_bytes(3, "big") + body
    return [b"\x16\3\1" + len(hello).to_bytes(2, "big") + hello]


def read_hello(data: bytes) -> None:
    begins_tls(data)
    client_hello_from(data)


def read_picture(data: bytes) -> None:
    try:
        pixels = pixels_from(data)
    except ValueError as error:
        assert str(error)
        return
    mean_colour(pixels, (0, 0, 1, 1))


def picture_seeds() -> list[bytes]:
    return [
        b"P6\n4 4\n255\n" + bytes(48),
        b"P6 # comment\n4 # c\n4\n255\n" + bytes(range(48)),
    ]


def hear_played(data: bytes) -> None:
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(
        np.int16
    )
    for sound in sounds_in(samples):
        assert 0 <= sound.begins < sound.ends <= len(samples)


def sound() -> np.ndarray:
    rng = np.random.default_rng(1)
    return (
        rng.normal(0, 1, 32_000)
        * np.repeat(rng.uniform(12, 4_000, 20), 1_600)
    ).astype(np.int16)


SOUND = sound()
WORDS = "what is the weather in menlo park"


def memory() -> HeardSound:
    made = HeardSound()
    made.play("d1", Microseconds(0), SOUND)
    return made


MEMORY = memory()
PHRASES = SpokenWords(["alexa"])
PHRASES.add(WORDS)


def locate(data: bytes) -> None:
    for find in MEMORY.locate(data):
        assert (
            0 <= find.begins < find.ends <= len(data)
            and find.heard_from < find.heard_to
        )


def find_words(data: bytes) -> None:
    PHRASES.find(data.decode("latin-1"))


def guess_layouts(data: bytes) -> None:
    for layout in plausible_layouts(data):
        assert np.isfinite(layout.decoded(data)).all()


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


CHILD = LimitedChild()
READER = Reader(MEMORY, PHRASES)


def unpack(data: bytes) -> None:
    """The law: an answer or a reason, never an exception; the child may die of it."""
    result = CHILD.unpack(data)
    assert all(result.unread)


def read_all(data: bytes) -> None:
    reading = READER.read(data)
    assert reading.attributed + reading.read + reading.unexplained == len(
        data
    )
    assert min(reading.attributed, reading.read, reading.unexplained) >= 0


def packets(data: bytes) -> None:
    READER.read_packets(
        [data[at : at + 60] for at in range(0, min(len(data), 1_200), 60)]
    )


# The protocol and the cell


def line_seeds() -> list[bytes]:
    """Every line of a program that the protocol's page shows."""
    page = (Path(__file__).parents[1] / "docs" / "protocol.md").read_text(
        "utf-8"
    )
    blocks = re.findall(
        r"```(?:reply|reply hello|observation)\n(.*?)```", page, re.DOTALL
    )
    shown = re.findall(r"^< (.*)$", page, re.MULTILINE)
    return [
        json.dumps(json.loads(text)).encode() for text in (*blocks, *shown)
    ]


def take_line(data: bytes) -> None:
    """The law: an answer, or a TargetError in a sentence that can be printed and is not long."""
    try:
        message = decode_line(data)
        if "event" in message:
            assert (
                len(
                    answer_from(
                        [message, {"id": 1, "ok": {}}], 1
                    ).observations
                )
                == 1
            )
        elif (
            isinstance(message.get("ok"), dict) and "devices" in message["ok"]
        ):
            assert all(
                name.isprintable()
                for name in hello_from([message], 1).devices
            )
        else:
            answer_from([message], 1)
    except TargetError as error:
        assert str(error).isprintable() and len(str(error)) < 2_010


def packet_seeds() -> list[bytes]:
    four = bytes.fromhex(
        "450000780000400040060000c0a80002cb0071079c4001bb00000000000000005002ffff00000000"
    )
    six = (
        bytes.fromhex("6000000000201140")
        + bytes(15)
        + b"\1"
        + bytes(15)
        + b"\1"
    )
    return [
        four + SOUND[:40].tobytes(),
        six + bytes.fromhex("9c40003500200000") + SOUND[:12].tobytes(),
    ]


def take_packet(data: bytes) -> None:
    packet = parse_packet(data)
    assert packet is None or (
        packet.size >= 0 and len(packet.content) <= len(data)
    )


def question_seeds() -> list[bytes]:
    return [
        b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + name + b"\0\0\1\0\1"
        for name in (b"\5cloud\3com", b"\1a" * 60)
    ]


def take_question(data: bytes) -> None:
    name, _ = asked_name(data)
    assert len(name) <= 253
    assert len(name_answer(data, "198.18.0.2")) <= len(data) + 40


PARSERS = [
    Parser("line", line_seeds(), take_line),
    Parser("packet", packet_seeds(), take_packet),
    Parser("server name", hello_seeds(), server_name),
    Parser("question for a name", question_seeds(), take_question),
    Parser("wire", wire_seeds(), dissect),
    Parser("client hello", hello_seeds(), read_hello),
    Parser("picture", picture_seeds(), read_picture),
    Parser("played", sound_seeds(), hear_played, share=0.1),
    Parser("words", text_seeds(), find_words),
    Parser(
        "layouts",
        [*sound_seeds(), *container_seeds()],
        guess_layouts,
        share=0.02,
    ),
    Parser("sound", sound_seeds(), locate, share=0.05),
    Parser("unpacking", container_seeds(), unpack, share=0.02),
    Parser("packets", container_seeds()[2:3], packets, share=0.005),
    Parser(
        "reader",
        [*container_seeds(), *sound_seeds(), *text_seeds()],
        read_all,
        share=0.005,
    ),
]


def fuzz(parser: Parser, inputs: int, seed: int) -> Outcome:
    outcome = Outcome()
    rng = random.Random(f"{seed} {parser.name}")
    for _ in range(inputs):
        data = mutated(rng, parser.seeds)
        began = time.process_time()
        try:
            parser.run(data)
        except Exception as error:  # that is what we are looking for
            _note(outcome, f"{type(error).__name__}: {error}"[:120], data)
        taken = time.process_time() - began
        outcome.slowest = max(outcome.slowest, taken)
        if taken > SLOW:
            _note(outcome, "too slow", data)
        outcome.inputs += 1
    return outcome


def _note(outcome: Outcome, failure: str, data: bytes) -> None:
    known = outcome.failures.get(failure)
    if known is None or len(data) < len(known):
        outcome.failures[failure] = data


def main() -> int:
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    chosen = sys.argv[3:]
    total, failed = 0, False
    for parser in PARSERS:
        if chosen and parser.name not in chosen:
            continue
        began = time.monotonic()
        outcome = fuzz(parser, max(1, int(inputs * parser.share)), seed)
        total += outcome.inputs
        failed = failed or bool(outcome.failures)
        print(
            f"{parser.name}: {outcome.inputs} inputs in {time.monotonic() - began:.0f} s,"
            f" slowest {outcome.slowest * 1_000:.0f} ms, {len(outcome.failures)} kinds of failure",
            flush=True,
        )
        for failure, data in outcome.failures.items():
            print(f"  {failure}\n    {data[:400].hex()}")
    print(f"{total} inputs in all")
    READER.close()
    CHILD.close()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
