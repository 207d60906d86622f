"""Seeded fuzzing of every parser of the witnesses and the protocol that a target can reach.

Usage: python benchmarks/fuzz.py [INPUTS [SEED [PARSER...]]]. Each parser is given so many mutated inputs
(those that unpack or decode a hundredth of it, as they are a hundred times slower). A parser fails where
it raises what it must not, breaks its law, or takes longer than SLOW seconds of the processor. Prints a
line for each parser, and the shortest input of each failure. Exit code 1 on any failure.
"""

from __future__ import annotations

import random
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from fuzz_changes import mutated
from fuzz_lines import (
    line_seeds,
    packet_seeds,
    question_seeds,
    take_line,
    take_packet,
    take_question,
)
from fuzz_sounds import (
    SOUND,
    WORDS,
    container_seeds,
    sound_seeds,
    text_seeds,
)

from earwitness.conformance.targets.packets import (
    server_name,
)
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


def memory() -> HeardSound:
    made = HeardSound()
    made.play("d1", Microseconds(0), SOUND)
    return made


MEMORY = memory()
PHRASES = SpokenWords(["alexa"])
PHRASES.add(WORDS)


def locate(data: bytes) -> None:
    for find in MEMORY.exact.locate(data):
        assert (
            0 <= find.begins < find.ends <= len(data)
            and find.heard_from < find.heard_to
        )


def find_words(data: bytes) -> None:
    PHRASES.find(data.decode("latin-1"))


def guess_layouts(data: bytes) -> None:
    for layout in plausible_layouts(data):
        assert np.isfinite(layout.decoded(data)).all()


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
