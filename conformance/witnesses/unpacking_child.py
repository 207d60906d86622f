"""The limited process in which bytes are unpacked. Started by `limited_child`; speaks length-prefixed
messages with it."""

from __future__ import annotations

import json
import resource
import signal
import struct
import sys
from typing import BinaryIO

from earwitness.conformance.witnesses.opening import unpack_bytes
from earwitness.conformance.witnesses.packed_sound import decode_bare_packets
from earwitness.conformance.witnesses.unpacking import HEAD, Unpacked

MOST_MEMORY = 2 << 30
"""Bytes of address space. Python with its libraries of sound takes 700 MiB of it before it does anything."""
MOST_SECONDS = 6
"""Of the processor, for one content. The slowest honest one, half an hour of Opus, takes 2 to 3."""


def main() -> None:
    """Answer requests until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    while head := requests.read(HEAD.size):
        kind, size = HEAD.unpack(head)
        content = requests.read(size)
        # SIGPROF ends the process when the time is over; the judge then knows why.
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
        result = _answer_request(kind, content)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write_result(replies, result)


def _answer_request(kind: bytes, content: bytes) -> Unpacked:
    try:
        if kind == b"p":
            return decode_bare_packets(_split_packets(content), "libopus")
        return unpack_bytes(content)
    except MemoryError:
        return Unpacked([], ["it needs more memory than a decoder may use"])


def _split_packets(content: bytes) -> list[bytes]:
    packets, at = [], 0
    while at + 4 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        packets.append(content[at + 4 : at + 4 + size])
        at += 4 + size
    return packets


def _write_result(replies: BinaryIO, result: Unpacked) -> None:
    described = [
        [list(leaf.path), leaf.kind.value, len(leaf.content)]
        for leaf in result.leaves
    ]
    head = json.dumps({"leaves": described, "unread": result.unread}).encode()
    replies.write(struct.pack(">I", len(head)))
    replies.write(head)
    for leaf in result.leaves:
        replies.write(leaf.content)
    replies.flush()


if __name__ == "__main__":
    main()
