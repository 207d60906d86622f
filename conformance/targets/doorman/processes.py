"""The processes of the cell: found, frozen, let go on, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time

from .confined import BuildError, Confined


def processes_of(cell: Confined) -> list[int]:
    """Every process of the target."""
    if not cell.sealed:
        return descendants(os.getpid())
    inside = namespace_of(cell.first)
    return (
        []
        if inside is None
        else [p for p in all_processes() if namespace_of(p) == inside]
    )


def all_processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def namespace_of(process: int) -> str | None:
    try:
        return os.readlink(f"/proc/{process}/ns/pid")
    except OSError:
        return None


def descendants(root: int) -> list[int]:
    """Children, and theirs. None is lost: whoever loses its parent becomes a child of the doorman."""
    parents: dict[int, int] = {}
    for process in all_processes():
        if (fields := status_fields(process)) is not None:
            parents[process] = int(fields[1])
    found, waiting = [], [root]
    while waiting:
        parent = waiting.pop()
        children = [
            process
            for process, its_parent in parents.items()
            if its_parent == parent
        ]
        found += children
        waiting += children
    return found


def status_fields(process: int) -> list[str] | None:
    """State, parent and what follows of /proc/PID/stat, or None where the process has gone."""
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            return stream.read().rpartition(b") ")[2].decode().split()
    except OSError:
        return None


def freeze(cell: Confined) -> int:
    """Stop every process, also those that are started while we stop others; returns how many there are."""
    # 5 s: chosen, so that a target that starts processes for ever does not hold us.
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        running = [p for p in processes_of(cell) if is_running(p)]
        if not running:
            return len(cell.stopped)
        for process in running:
            if process not in cell.stopped:
                cell.stopped.append(process)
            signal_process(process, signal.SIGSTOP)
    raise BuildError("the target could not be stopped within 5 s")


def is_running(process: int) -> bool:
    """Not stopped, not dead. Number 1 of a cell cannot be stopped from inside, but from here."""
    fields = status_fields(process)
    return fields is not None and fields[0] not in "TtZX"


def thaw(cell: Confined) -> None:
    for process in cell.stopped:
        signal_process(process, signal.SIGCONT)
    cell.stopped.clear()


def signal_process(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def end_all(cell: Confined) -> None:
    """Kill every process of the target. In a cell the death of number 1 takes all others with it."""
    if cell.sealed:
        signal_process(cell.first, signal.SIGKILL)
        cell.target.kill()
    # 5 s, as for stopping them.
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (left := processes_of(cell)):
        for process in left:
            signal_process(process, signal.SIGKILL)
        reap_children()
    reap_children()


def reap_children() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
