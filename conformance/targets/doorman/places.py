"""The folders of the cell: what the target sees, and where what it writes really lies."""

from __future__ import annotations

import ctypes
import os
import stat

from .confined import (
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    OWN_FOLDER,
    BuildError,
    libc,
)
from .messages import Question

PSEUDO = {
    "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "mqueue", "debugfs", "tracefs", "securityfs",
    "pstore", "bpf", "configfs", "fusectl", "hugetlbfs", "binfmt_misc", "autofs", "rpc_pipefs", "nsfs",
    "efivarfs",
}  # fmt: skip
"""File systems that keep nothing a target could write to and find again."""


def build_files(asked: Question) -> tuple[dict[str, str], list[str]]:
    """Lay an overlay over every file system; returns where what is written really lies, and bwrap's
    arguments."""
    folder, user = asked["folder"], asked["user"]
    mount(
        source="none",
        place="/",
        kind="",
        flags=MS_REC | MS_PRIVATE,
        options="",
    )
    mount(
        source="tmpfs",
        place=folder,
        kind="tmpfs",
        flags=MS_NOSUID | MS_NODEV,
        options=f"size={asked['limit']},mode=755",
    )
    uppers: dict[str, str] = {}
    arguments: list[str] = []
    if user:
        arguments += bind_fresh(
            uppers=uppers, folder=folder, path="/", name="top"
        )
    for number, place in enumerate(
        user_places(asked["cwd"]) if user else mount_points()
    ):
        upper, merged = (
            f"{folder}/upper/{number}",
            f"{folder}/merged/{number}",
        )
        try:
            lay_overlay(
                place=place,
                upper=upper,
                work=f"{folder}/work/{number}",
                merged=merged,
                user=user,
            )
        except BuildError:
            # A plain user cannot overlay a folder in which other file systems are mounted. Where nothing can
            # be written nothing is found.
            if not user:
                raise
            arguments += ["--ro-bind", place, place]
            continue
        uppers[place] = upper
        arguments += ["--bind", merged, place]
    if user:
        arguments += links_at_the_top()
    arguments += [
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--ro-bind-try",
        "/sys",
        "/sys",
    ]
    for path, name in (
        ("/dev/shm", "shm"),
        ("/run", "run"),
        (OWN_FOLDER, "own"),
    ):
        arguments += bind_fresh(
            uppers=uppers, folder=folder, path=path, name=name
        )
    return uppers, arguments


def bind_fresh(
    uppers: dict[str, str], folder: str, path: str, name: str
) -> list[str]:
    """bwrap's arguments for an empty folder at that path."""
    uppers[path] = f"{folder}/{name}"
    os.makedirs(uppers[path])
    os.chmod(uppers[path], 0o1777)
    return ["--bind", uppers[path], path]


def lay_overlay(
    place: str, upper: str, work: str, merged: str, user: bool
) -> None:
    """Show `place` at `merged`, with whatever is written there kept in `upper`. Raises BuildError."""
    for path in (upper, work, merged):
        os.makedirs(path)
    os.chmod(upper, stat.S_IMODE(os.stat(place).st_mode))
    options = f"lowerdir={place},upperdir={upper},workdir={work}" + (
        ",userxattr" if user else ""
    )
    mount(
        source="overlay",
        place=merged,
        kind="overlay",
        flags=0,
        options=options,
    )


def mount_points() -> list[str]:
    """Mount points of real file systems, outer ones first."""
    with open("/proc/self/mountinfo") as stream:
        lines = [line.split() for line in stream]
    places = {"/"}
    for fields in lines:
        path = fields[4].encode().decode("unicode_escape")
        kind = fields[fields.index("-") + 1]
        if (
            kind not in PSEUDO
            and os.path.isdir(path)
            and not path.startswith(("/proc", "/sys", "/dev", "/run"))
        ):
            places.add(path)
    return sorted(places)


def user_places(cwd: str) -> list[str]:
    """What a plain user overlays: not `/` itself but each folder at the top, and the folders below them in
    which a user may write. There the kernel would else copy a folder of the superuser's, which it cannot."""
    names = set(os.listdir("/")) - {"proc", "sys", "dev", "run", "lost+found"}
    top = {
        f"/{name}"
        for name in names
        if os.path.isdir(f"/{name}") and not os.path.islink(f"/{name}")
    }
    writable = {
        path
        for path in ("/var/tmp", os.path.realpath(cwd))
        if os.access(path, os.W_OK) and path != "/"
    }
    return sorted(top | writable)


def links_at_the_top() -> list[str]:
    """bwrap's arguments for links such as /bin -> usr/bin."""
    links = [name for name in os.listdir("/") if os.path.islink(f"/{name}")]
    return [
        word
        for name in links
        for word in ("--symlink", os.readlink(f"/{name}"), f"/{name}")
    ]


def mount(
    source: str, place: str, kind: str, flags: int, options: str
) -> None:
    """mount(2). Raises BuildError."""
    done = libc.mount(
        source.encode(),
        place.encode(),
        kind.encode(),
        ctypes.c_ulong(flags),
        options.encode(),
    )
    if done != 0:
        raise BuildError(
            f"mounting {kind or 'nothing'} at {place}: {os.strerror(ctypes.get_errno())}"
        )
