"""One packet read: who sent it to whom, what it carries, and which name it asks for."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import TypeAlias

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
ECHO_REQUESTS = {ICMP: 8, ICMP6: 128}
SYN, ACK = 2, 16
NAMES = "dns"
"""The protocol of a question for a name, which is answered and may carry anything in the name itself."""
Peer: TypeAlias = tuple[str, int]
Content: TypeAlias = bytes
PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmp"}


@dataclass(frozen=True, slots=True)
class Packet:
    """What matters of one. `size` counts the payload, of which `content` may hold only the beginning."""

    protocol: int
    source: Peer
    target: Peer
    begins: bool
    """Whether a flow may begin with it: a connection begins with SYN alone."""
    size: int
    content: bytes


def parse_packet(raw: bytes) -> Packet | None:
    """A packet that begins with its IP header, or None for what is the kernel's own or makes no sense."""
    try:
        if raw[0] >> 4 == 4:
            length, protocol, head = (
                struct.unpack_from("!H", raw, 2)[0],
                raw[9],
                (raw[0] & 15) * 4,
            )
            hosts = (
                socket.inet_ntop(socket.AF_INET, raw[12:16]),
                socket.inet_ntop(socket.AF_INET, raw[16:20]),
            )
        else:
            length, protocol, head = (
                struct.unpack_from("!H", raw, 4)[0] + 40,
                raw[6],
                40,
            )
            hosts = (
                socket.inet_ntop(socket.AF_INET6, raw[8:24]),
                socket.inet_ntop(socket.AF_INET6, raw[24:40]),
            )
        return _parse_payload(
            raw=raw, hosts=hosts, protocol=protocol, head=head, length=length
        )
    except (struct.error, IndexError, ValueError):
        return None


def _parse_payload(
    raw: bytes, hosts: tuple[str, str], protocol: int, head: int, length: int
) -> Packet | None:
    ports, begins = (0, 0), True
    if protocol in ECHO_REQUESTS:
        if raw[head] != ECHO_REQUESTS[protocol]:
            return None
        head += 8
    elif protocol in (TCP, UDP):
        ports = struct.unpack_from("!HH", raw, head)
        if protocol == TCP:
            begins = raw[head + 13] & (SYN | ACK) == SYN
        head += (raw[head + 12] >> 4) * 4 if protocol == TCP else 8
    source, target = (hosts[0], ports[0]), (hosts[1], ports[1])
    return Packet(
        protocol=protocol,
        source=source,
        target=target,
        begins=begins,
        size=max(0, length - head),
        content=raw[head:length],
    )


def server_name(hello: bytes) -> str:
    """The name of the server in the beginning of a TLS connection (RFC 8446, section 4.1.2), or an empty
    text."""
    try:
        if hello[0] != 0x16 or hello[5] != 1:
            return ""
        place = 43 + 1 + hello[43]
        place += 2 + struct.unpack_from("!H", hello, place)[0]
        place += 1 + hello[place] + 2
        while place < len(hello):
            kind, size = struct.unpack_from("!HH", hello, place)
            if kind == 0:
                length = struct.unpack_from("!H", hello, place + 7)[0]
                name = hello[place + 9 : place + 9 + length]
                return name.decode("ascii") if len(name) == length else ""
            place += 4 + size
    except (IndexError, struct.error, UnicodeDecodeError):
        pass
    return ""


ADDRESS_QUESTION = 1
"""The question for an IPv4 address (type A, RFC 1035)."""


def asked_name(question: bytes) -> tuple[str, int]:
    """The name in a question and the kind of it; an empty name where it makes no sense."""
    labels = []
    place = 12
    try:
        while size := question[place]:
            labels.append(
                question[place + 1 : place + 1 + size].decode(
                    "ascii", "replace"
                )
            )
            place += 1 + size
        return ".".join(labels)[:253], int(
            struct.unpack_from("!H", question, place + 1)[0]
        )
    except (IndexError, struct.error):
        return "", 0


def name_answer(question: bytes, address: str | None) -> bytes:
    """The answer to it: that address, or that there is none."""
    # Flags: an answer, recursion wanted and done. The name of the record points back at byte 12.
    count = 0 if address is None else 1
    place = question.find(b"\0", 12) + 5
    head = (
        question[:2]
        + struct.pack("!HHHHH", 0x8180, 1, count, 0, 0)
        + question[12:place]
    )
    if address is None:
        return head
    return (
        head
        + struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4)
        + socket.inet_aton(address)
    )
