"""How the fuzzer changes bytes."""

from __future__ import annotations

import random
import struct

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
