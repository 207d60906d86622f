"""The network of the cell: everything is local, and every outward connection ends at one listener."""

from __future__ import annotations

import ctypes
import socket
import struct
from typing import Any

from .confined import (
    ADDRESS,
    ETH_P_ALL,
    IP_TRANSPARENT,
    IPV6_TRANSPARENT,
    MARK,
    OUTWARD_PORT,
    SO_ATTACH_FILTER,
    SO_MARK,
    SO_RCVBUFFORCE,
    run_tool,
)
from .messages import Question

ROUTES = f"""link set lo up
addr add {ADDRESS}/32 dev lo
route add local default dev lo src {ADDRESS} table local
route add local ::/0 dev lo table local
"""
RULES = f"""table inet cell {{
  chain before {{
    type filter hook prerouting priority mangle;
    meta mark {MARK} accept
    ip daddr {{ 127.0.0.0/8, {ADDRESS} }} accept
    ip6 daddr ::1 accept
    tcp flags & (syn | ack) == syn meta nfproto ipv4 tproxy ip to :{OUTWARD_PORT}
    tcp flags & (syn | ack) == syn meta nfproto ipv6 tproxy ip6 to :{OUTWARD_PORT}
  }}
}}
"""


def build_network() -> list[socket.socket]:
    """Lay the routes and rules; returns the sockets that see what leaves: two listeners, one that is
    asked for names, one that sees every packet."""
    run_tool(["ip", "-batch", "-"], ROUTES)
    run_tool(["nft", "-f", "-"], RULES)
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)
    # Port 53 is that of DNS (RFC 1035).
    names.bind(("127.0.0.1", 53))
    return [
        transparent_listener(socket.AF_INET),
        transparent_listener(socket.AF_INET6),
        names,
        packet_socket(),
    ]


def transparent_listener(family: socket.AddressFamily) -> socket.socket:
    """A listener that takes what is meant for any address."""
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
    else:
        made.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    made.bind(("", OUTWARD_PORT))
    made.listen(128)
    return made


def packet_socket() -> socket.socket:
    """A socket that sees every packet once, as it is sent, a TCP packet's beginning only."""
    made = socket.socket(
        socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)
    )
    # 256 MiB, used only while the harness is busy elsewhere: a packet counts whole, up to 64 kB on loopback.
    # A plain user gets what the machine gives everybody; packets that are dropped are counted.
    try:
        made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
    except PermissionError:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 << 20)
    made.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, bpf_program(PACKET_FILTER)
    )
    return made


EXTRA = 0xFFFF_F000
"""Where a filter finds what is not in the packet itself (SKF_AD_OFF)."""
# Classic BPF, on a packet that begins with its IP header: (code, jump if true, jump if false, operand).
# Loopback shows each packet twice. We take the one that goes out: it is seen before the sender goes on, while
# the one that comes in may wait in the kernel until after the target's reply.
PACKET_FILTER = [
    (0x20, 0, 0, EXTRA + 4),  # load the direction
    (0x15, 0, 12, 4),  # outgoing, else drop
    (0x20, 0, 0, EXTRA + 20),  # load the mark
    (0x15, 10, 0, MARK),  # the harness's own: drop
    (0x30, 0, 0, 0),  # first byte of the IP header
    (0x74, 0, 0, 4),  # its version
    (0x15, 0, 2, 6),
    (0x30, 0, 0, 6),  # version 6: next header
    (0x05, 0, 0, 1),
    (0x30, 0, 0, 9),  # version 4: protocol
    (0x15, 0, 1, 6),  # TCP
    (0x06, 0, 0, 4096),
    (0x15, 1, 0, 58),  # messages of ICMPv6 are the kernel's own
    (0x06, 0, 0, 0x40000),
    (0x06, 0, 0, 0),
]


def bpf_program(instructions: list[tuple[int, int, int, int]]) -> bytes:
    """The `struct sock_fprog` that the kernel wants, with its instructions kept alive."""
    code = b"".join(
        struct.pack("HBBI", *instruction) for instruction in instructions
    )
    kept = ctypes.create_string_buffer(code)
    _kept_alive.append(kept)
    return struct.pack("HL", len(instructions), ctypes.addressof(kept))


_kept_alive: list[Any] = []


def socket_for(asked: Question) -> tuple[socket.socket, int]:
    """A socket of the cell's network for the harness: a door that listens on loopback, or one to connect
    with."""
    kind = socket.SOCK_DGRAM if asked.get("datagram") else socket.SOCK_STREAM
    made = socket.socket(
        socket.AF_INET,
        kind,
        0 if asked.get("datagram") else socket.IPPROTO_TCP,
    )
    if not asked.get("open"):
        made.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)
    if not asked.get("listen"):
        return made, 0
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((asked["host"], asked["port"]))
    if kind == socket.SOCK_STREAM:
        made.listen(128)
    return made, int(made.getsockname()[1])
