"""Everything that the target keeps: files, what processes hold open, pipes, shared memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import stat
from collections.abc import Iterator

from .confined import (
    LARGEST_NOTE,
    PIDFD_GETFD,
    SPLICE_F_NONBLOCK,
    Confined,
    libc,
)
from .messages import ListedFile
from .processes import processes_of

TIMES = "times of files"
"""The name under which times are listed that somebody set: anything may be kept in them."""
SET_BY_HAND = 3_600_000_000_000
"""Nanoseconds by which a file's time differs from when it was written, where it was set: an hour. Files that
come out of an archive have such times too, and hold nothing in them."""
DEEPEST = 200
"""Folders in folders that are looked into."""


def listed_files(cell: Confined) -> Iterator[ListedFile]:
    """Every file, link, attribute, pipe and shared memory. `path` is where its content can be opened."""
    times: list[int] = []
    for place, upper in cell.uppers.items():
        yield from paths_below(cell, upper, place.rstrip("/"), times=times)
    yield from times_as_text(times)
    if cell.sealed and os.path.exists(
        device_folder := f"/proc/{cell.first}/root/dev"
    ):
        yield from paths_below(
            cell, device_folder, "/dev", skipped=("shm", "pts")
        )
    for process in processes_of(cell):
        yield from open_files(cell, process)
    yield from shared_memory(cell)


def paths_below(
    cell: Confined,
    folder: str,
    name: str,
    skipped: tuple[str, ...] = (),
    depth: int = 0,
    times: list[int] | None = None,
) -> Iterator[ListedFile]:
    if depth > DEEPEST:
        reason = f"folders deeper than {DEEPEST} are not looked into"
        yield {"name": name, "reason": reason}
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield {"name": name, "reason": f"cannot be listed: {error.strerror}"}
        return
    for entry in entries:
        path, shown = entry.path, f"{name}/{entry.name}"
        if entry.name in skipped:
            continue
        try:
            status = os.lstat(path)
        except OSError:
            continue
        yield from extended_attributes_of(path, shown)
        if stat.S_ISDIR(status.st_mode):
            if not os.path.isdir(shown) and shown not in cell.baseline:
                yield {"name": shown + "/", "text": ""}
            yield from paths_below(
                cell, path, shown, depth=depth + 1, times=times
            )
        elif cell.baseline.get(shown) != identity(status):
            if times is not None and is_set_by_hand(status):
                times.append(status.st_mtime_ns)
            yield from one_file(path, shown, status)


def is_set_by_hand(status: os.stat_result) -> bool:
    """Whether a file is said to have changed long before it was written."""
    return abs(status.st_ctime_ns - status.st_mtime_ns) > SET_BY_HAND


def times_as_text(times: list[int]) -> Iterator[ListedFile]:
    """What lies in times that were set by hand, in both orders of their bytes."""
    for name, content in (
        (TIMES, b"".join(t.to_bytes(16, "big").lstrip(b"\0") for t in times)),
        (
            TIMES + " backwards",
            b"".join(t.to_bytes(16, "little")[:8] for t in times),
        ),
    ):
        if content:
            yield {"name": name, "text": content.decode("latin-1")}


def identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def one_file(
    path: str, shown: str, status: os.stat_result
) -> Iterator[ListedFile]:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        yield {"name": shown, "path": path, "size": status.st_size}
    elif stat.S_ISLNK(mode):
        yield {"name": shown + " (link)", "text": os.readlink(path)}
    elif stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        yield {"name": shown, "text": ""}


def extended_attributes_of(path: str, shown: str) -> Iterator[ListedFile]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return
    for name in names:
        if not name.startswith(
            ("trusted.overlay.", "user.overlay.", "security.")
        ):
            value = os.getxattr(path, name, follow_symlinks=False)
            yield {
                "name": f"{shown} (attribute {name})",
                "text": value.decode("latin-1"),
            }


def open_files(cell: Confined, process: int) -> Iterator[ListedFile]:
    """Files that only a descriptor or a mapping still holds, and what waits in pipes and sockets."""
    seen: set[tuple[int, int]] = set()
    for kind in ("fd", "map_files"):
        try:
            numbers = os.listdir(f"/proc/{process}/{kind}")
        except OSError:
            continue
        for number in numbers:
            path = f"/proc/{process}/{kind}/{number}"
            try:
                link, status = os.readlink(path), os.stat(path)
            except OSError:
                continue
            if (status.st_dev, status.st_ino) in seen or is_the_harness_own(
                cell, link, status
            ):
                continue
            seen.add((status.st_dev, status.st_ino))
            yield from one_open_file(
                process=process,
                path=path,
                shown=f"{link} of process {process}",
                status=status,
            )


def is_the_harness_own(
    cell: Confined, link: str, status: os.stat_result
) -> bool:
    """The pipes between harness and target, and what stands in the folders that the harness shows."""
    return status.st_ino in cell.harness_pipes or link.startswith(cell.shown)


def one_open_file(
    process: int, path: str, shown: str, status: os.stat_result
) -> Iterator[ListedFile]:
    if stat.S_ISFIFO(status.st_mode):
        yield from waiting_in_pipe(path, shown)
    elif stat.S_ISSOCK(status.st_mode):
        yield from waiting_in_socket(
            process, int(path.rpartition("/")[2]), shown
        )
    elif stat.S_ISREG(status.st_mode) and " (deleted)" in shown:
        yield {"name": shown, "path": path, "size": status.st_size}


def waiting_in_pipe(path: str, shown: str) -> Iterator[ListedFile]:
    """A copy of what nobody has read yet."""
    try:
        pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    out, end = os.pipe()
    try:
        copied = libc.tee(
            pipe, end, ctypes.c_size_t(LARGEST_NOTE), SPLICE_F_NONBLOCK
        )
        if copied > 0:
            yield {
                "name": shown,
                "text": os.read(out, copied).decode("latin-1"),
            }
    finally:
        for descriptor in (pipe, out, end):
            os.close(descriptor)


def waiting_in_socket(
    process: int, number: int, shown: str
) -> Iterator[ListedFile]:
    """What waits in a socket between two processes; those of the network have their own account."""
    holder = os.pidfd_open(process)
    copy = libc.syscall(PIDFD_GETFD, holder, number, 0)
    os.close(holder)
    if copy < 0:
        return
    with socket.socket(fileno=copy) as waiting, contextlib.suppress(OSError):
        if waiting.family == socket.AF_UNIX:
            content = waiting.recv(
                LARGEST_NOTE, socket.MSG_PEEK | socket.MSG_DONTWAIT
            )
            if content:
                yield {"name": shown, "text": content.decode("latin-1")}


def shared_memory(cell: Confined) -> Iterator[ListedFile]:
    """System V segments of the cell's own namespace, by a copy each."""
    if not cell.sealed:
        return
    libc.shmat.restype = ctypes.c_void_p
    with open("/proc/sysvipc/shm") as stream:
        for line in stream.readlines()[1:]:
            fields = line.split()
            identifier, size = int(fields[1]), int(fields[3])
            address = libc.shmat(identifier, None, 0o10000)
            if address in (None, ctypes.c_void_p(-1).value):
                yield {
                    "name": f"shared memory {identifier}",
                    "reason": "cannot be attached",
                }
                continue
            copy = os.memfd_create("copy")
            os.write(copy, ctypes.string_at(address, size))
            libc.shmdt(ctypes.c_void_p(address))
            yield {
                "name": f"shared memory {identifier}",
                "path": f"/proc/self/fd/{copy}",
                "size": size,
            }
            os.close(copy)
