"""At which ports the processes here listen, for whoever gave a subject the wrong one."""

from __future__ import annotations

import contextlib
from pathlib import Path

from earwitness.conformance.targets.doorman.confined import OUTWARD_PORT

LISTENS = "0A"
"""The state of a listening socket in /proc/net/tcp."""


def listening_ports() -> set[int]:
    """All TCP ports of this network (a cell's own, in a cell) at which somebody listens."""
    found = set()
    for name in ("tcp", "tcp6"):
        lines: list[str] = []
        with contextlib.suppress(OSError):
            lines = Path("/proc/net", name).read_text().splitlines()[1:]
        for line in lines:
            fields = line.split()
            if fields[3] == LISTENS:
                found.add(int(fields[1].rpartition(":")[2], 16))
    # There the cell listens for what tries to leave.
    return found - {OUTWARD_PORT}


def describe_ports(ours: set[int], port: int = 0) -> str:
    """A half-sentence that names the ports that are not ours; `port` is where the subject should listen.

    >>> describe_ports(listening_ports())
    '; nobody else listens at any port'
    """
    others = sorted(listening_ports() - ours)
    if port in others:
        return "; somebody listens there who does not speak its protocol, such as one that came first"
    if not others:
        return "; nobody else listens at any port"
    return f"; somebody listens at {', '.join(map(str, others))}"
