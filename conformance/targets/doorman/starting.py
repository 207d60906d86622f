"""The target is started: in a cell, or in none where the machine allows none."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess

from .confined import BuildError, Confined
from .messages import Question

LOAD, IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
"""Instructions of linux/bpf_common.h: a word of the call's description is loaded (its number is at 0, the
architecture at 4, the first argument at 16), compared, and the answer given. Jumps count instructions."""
KILL = 0x8000_0000
"""SECCOMP_RET_KILL_PROCESS of linux/seccomp.h."""
NEW_USERS = 0x1000_0000
"""CLONE_NEWUSER of linux/sched.h, among the flags of `clone`."""


def start_sealed(
    asked: Question, uppers: dict[str, str], mounts: list[str]
) -> Confined:
    """Start the target through bwrap. A shell comes before it: it writes an empty line when everything is
    built, and goes on to the target when it has read one."""
    arguments = [
        "--unshare-pid",
        "--die-with-parent",
        "--cap-drop",
        "ALL",
        "--clearenv",
        *mounts,
    ]
    for name, value in asked["env"].items():
        arguments += ["--setenv", name, value]
    for number, (path, text) in enumerate(asked["texts"].items()):
        # A text of the harness's own, such as the list of name servers.
        name = f"{asked['folder']}/text-{number}"
        with open(name, "w") as out:
            out.write(text)
        arguments += ["--ro-bind", name, path]
    for path in asked["made"]:
        arguments += ["--dir", path]
    for path, writable in asked["folders"]:
        arguments += ["--bind" if writable else "--ro-bind", path, path]
    arguments += ["--chdir", asked["cwd"]]
    information, information_end = os.pipe()
    filters = filter_file(seccomp_program())
    # The arguments go through a file, or the target would read them as the command line of its process 1.
    written = filter_file("\0".join(arguments).encode() + b"\0")
    options = [
        "--args",
        str(written),
        "--info-fd",
        str(information_end),
        "--seccomp",
        str(filters),
    ]
    shell = ["/bin/sh", "-c", 'echo; read -r go; exec "$@"', "sh"]
    passed = (written, information_end, filters)
    target = subprocess.Popen(
        ["bwrap", *options, "--", *shell, *asked["argv"]], pass_fds=passed
    )
    for descriptor in passed:
        os.close(descriptor)
    with os.fdopen(information) as stream:
        try:
            first = int(json.load(stream)["child-pid"])
        except (ValueError, KeyError):
            raise BuildError("bwrap did not start") from None
    return Confined(
        sealed=True,
        folder=asked["folder"],
        target=target,
        first=first,
        uppers=uppers,
    )


def start_open(asked: Question) -> Confined:
    """Start the target as an ordinary child in a session of its own."""
    try:
        target = subprocess.Popen(
            asked["argv"],
            cwd=asked["cwd"],
            env=asked["env"],
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise BuildError(f"cannot be started: {error}") from None
    return Confined(
        sealed=False, folder=asked["folder"], target=target, first=target.pid
    )


def filter_file(content: bytes) -> int:
    """A descriptor of an unnamed file with that content, to be read from its beginning."""
    descriptor = os.memfd_create("earwitness")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def seccomp_program() -> bytes:
    """The system calls that would lead out of sight, refused; everything else is allowed.

    Sockets only of families that the cell watches; no user namespaces (files would hide in a private mount),
    no io_uring (its work passes no filter), nor the other stores of the kernel."""
    machine = os.uname().machine
    if machine not in SYSTEM_CALLS:
        raise BuildError(f"no list of system calls for {machine}")
    architecture, numbers = SYSTEM_CALLS[machine]
    # SECCOMP_RET_ERRNO with EPERM (1) and ENOSYS (38), and SECCOMP_RET_ALLOW, of linux/seccomp.h.
    refuse, vanish, allow = 0x0005_0001, 0x0005_0026, 0x7FFF_0000
    program: list[tuple[int, int, int, int]] = [
        (LOAD, 0, 0, 4),
        (IF_EQUAL, 1, 0, architecture),
        (ANSWER, 0, 0, KILL),
        (LOAD, 0, 0, 0),
        # Numbers from 2^30 on are calls of the x32 interface, which would slip through.
        (IF_AT_LEAST, 0, 1, 0x4000_0000),
        (ANSWER, 0, 0, refuse),
    ]
    for name in REFUSED_CALLS:
        program += [(IF_EQUAL, 0, 1, numbers[name]), (ANSWER, 0, 0, refuse)]
    # glibc falls back to clone, whose flags can be read, where clone3 is not there.
    program += [(IF_EQUAL, 0, 1, numbers["clone3"]), (ANSWER, 0, 0, vanish)]
    program += [
        (IF_EQUAL, 0, 4, numbers["clone"]),
        (LOAD, 0, 0, 16),
        (IF_ANY_BIT, 0, 1, NEW_USERS),
        (ANSWER, 0, 0, refuse),
    ]
    program += [(ANSWER, 0, 0, allow)]
    families = [
        socket.AF_UNIX,
        socket.AF_INET,
        socket.AF_INET6,
        socket.AF_NETLINK,
    ]
    program += [
        (IF_EQUAL, 0, len(families) + 2, numbers["socket"]),
        (LOAD, 0, 0, 16),
    ]
    program += [
        (IF_EQUAL, len(families) - place, 0, family)
        for place, family in enumerate(families)
    ]
    program += [(ANSWER, 0, 0, refuse), (ANSWER, 0, 0, allow)]
    return b"".join(
        struct.pack("HBBI", *instruction) for instruction in program
    )


REFUSED_CALLS = (
    "unshare", "setns", "mount", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key",
    "io_uring_setup", "memfd_secret", "process_vm_writev",
)  # fmt: skip
SYSTEM_CALLS: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000_003E,
        {
            "socket": 41, "clone": 56, "mount": 165, "add_key": 248, "request_key": 249, "keyctl": 250,
            "unshare": 272, "perf_event_open": 298, "setns": 308, "process_vm_writev": 311, "bpf": 321,
            "userfaultfd": 323, "io_uring_setup": 425, "clone3": 435, "memfd_secret": 447,
        },
    ),
    "aarch64": (
        0xC000_00B7,
        {
            "socket": 198, "clone": 220, "mount": 40, "add_key": 217, "request_key": 218, "keyctl": 219,
            "unshare": 97, "perf_event_open": 241, "setns": 268, "process_vm_writev": 271, "bpf": 280,
            "userfaultfd": 282, "io_uring_setup": 425, "clone3": 435, "memfd_secret": 447,
        },
    ),
}  # fmt: skip
"""Numbers from the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl,
include/uapi/asm-generic/unistd.h)."""
