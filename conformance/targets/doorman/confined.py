"""The target, and the cell that was built around it."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import dataclass, field

LARGEST_PACKET = 1 << 17
"""Bytes of one message; the kernel takes about 200 kB without being asked."""
LONGEST_LISTING = 60_000
"""Bytes of names in one message, well below the largest packet."""
LARGEST_NOTE = 1 << 16
"""Bytes of a link's text, an extended attribute or a pipe: none is larger on Linux by default."""
MARK = 0x77
"""Packets of the harness's own sockets carry it; a target without capabilities cannot set a mark."""
OUTWARD_PORT = 7001
"""Where every connection to the outside comes to an end. Any number that no target needs."""
ADDRESS = "10.99.0.2"
"""The cell's own address: private, and unlikely to mean anything to a target."""
OWN_FOLDER = "/earwitness"
"""Below it are the target's home and its folder for temporary files."""
# Numbers of Linux that Python's library does not name, from its headers: in.h, in6.h, socket.h, if_ether.h,
# prctl.h, mount.h, fcntl.h, unistd.h.
IP_TRANSPARENT = 19
IPV6_TRANSPARENT = 75
SO_ATTACH_FILTER = 26
SO_MARK = 36
SO_RCVBUFFORCE = 33
ETH_P_ALL = 3
PR_SET_CHILD_SUBREAPER = 36
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 1 << 14, 1 << 18
SPLICE_F_NONBLOCK = 2
PIDFD_GETFD = 438
libc = ctypes.CDLL(None, use_errno=True)


class BuildError(Exception):
    """The cell cannot be built on this machine; the text says which step failed and why."""


@dataclass
class Confined:
    """The target, and the cell that was built around it."""

    sealed: bool
    folder: str
    target: subprocess.Popen[bytes]
    first: int
    """The process that is number 1 inside, or the target itself where there is no cell."""
    uppers: dict[str, str] = field(default_factory=dict)
    """Where what is written under a path really lies, by that path."""
    baseline: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    """Folders of the harness that the target sees."""
    harness_pipes: frozenset[int] = frozenset()
    """The pipes between harness and target, by their inodes."""
    stopped: list[int] = field(default_factory=list)


def run_tool(command: list[str], text: str) -> None:
    """Run a program of the system with that input. Raises BuildError with its own words."""
    try:
        done = subprocess.run(
            command,
            input=text,
            text=True,
            capture_output=True,
            # 20 s: chosen, far more than a tool takes to set up a network.
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command[0]}: {error}") from None
    if done.returncode != 0:
        raise BuildError(f"{command[0]}: {done.stderr.strip()[:300]}")
