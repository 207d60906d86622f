"""The doorman: the program between the harness and a target. It builds the cell from the inside, starts the
target in it, hands sockets of the cell out by descriptor, freezes and searches it, and ends everything in it
when the harness ends.

It runs alone (`python -I -S doorman.py DESCRIPTOR`) in namespaces of its own and needs nothing but the
standard library, so that it starts in a few milliseconds. The harness speaks to it over a socket: one JSON
object a packet, descriptors beside it."""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]

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


# The network: everything is local, and every outward connection ends at one listener.

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
    # A plain
    # user gets what the machine gives everybody; packets that are dropped are counted.
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
# the
# one that comes in may wait in the kernel until after the target's reply.
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


def socket_for(asked: Message) -> tuple[socket.socket, int]:
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


# Files: overlays on a file system in memory, so that whatever is written anywhere lies in one place.

PSEUDO = {
    "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "mqueue", "debugfs", "tracefs", "securityfs",
    "pstore", "bpf", "configfs", "fusectl", "hugetlbfs", "binfmt_misc", "autofs", "rpc_pipefs", "nsfs",
    "efivarfs",
}  # fmt: skip
"""File systems that keep nothing a target could write to and find again."""


def build_files(asked: Message) -> tuple[dict[str, str], list[str]]:
    """Lay an overlay over every file system; returns where what is written really lies, and bwrap's
    arguments."""
    folder, user = asked["folder"], asked["user"]
    mount("none", "/", "", MS_REC | MS_PRIVATE, "")
    mount(
        "tmpfs",
        folder,
        "tmpfs",
        MS_NOSUID | MS_NODEV,
        f"size={asked['limit']},mode=755",
    )
    uppers: dict[str, str] = {}
    arguments: list[str] = []
    if user:
        arguments += bind_fresh(uppers, folder, "/", "top")
    for number, place in enumerate(
        user_places(asked["cwd"]) if user else mount_points()
    ):
        upper, merged = (
            f"{folder}/upper/{number}",
            f"{folder}/merged/{number}",
        )
        try:
            lay_overlay(place, upper, f"{folder}/work/{number}", merged, user)
        except BuildError:
            # A plain user cannot overlay a folder in which other file systems are mounted. Where nothing can
            # be
            # written nothing is found.
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
        arguments += bind_fresh(uppers, folder, path, name)
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
    mount("overlay", merged, "overlay", 0, options)


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


def run_tool(command: list[str], text: str) -> None:
    """Run a program of the system with that input. Raises BuildError with its own words."""
    try:
        done = subprocess.run(
            command, input=text, text=True, capture_output=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command[0]}: {error}") from None
    if done.returncode != 0:
        raise BuildError(f"{command[0]}: {done.stderr.strip()[:300]}")


# The target.


def start_sealed(
    asked: Message, uppers: dict[str, str], mounts: list[str]
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
    return Confined(True, asked["folder"], target, first, uppers)


def start_open(asked: Message) -> Confined:
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
    return Confined(False, asked["folder"], target, target.pid)


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
    refuse, vanish, allow = 0x0005_0001, 0x0005_0026, 0x7FFF_0000
    program: list[tuple[int, int, int, int]] = [
        (0x20, 0, 0, 4),
        (0x15, 1, 0, architecture),
        (0x06, 0, 0, 0x8000_0000),
        (0x20, 0, 0, 0),
        # Numbers from 2^30 on are calls of the x32 interface, which would slip through.
        (0x35, 0, 1, 0x4000_0000),
        (0x06, 0, 0, refuse),
    ]
    for name in REFUSED_CALLS:
        program += [(0x15, 0, 1, numbers[name]), (0x06, 0, 0, refuse)]
    # glibc falls back to clone, whose flags can be read, where clone3 is not there.
    program += [(0x15, 0, 1, numbers["clone3"]), (0x06, 0, 0, vanish)]
    program += [
        (0x15, 0, 4, numbers["clone"]),
        (0x20, 0, 0, 16),
        (0x45, 0, 1, 0x1000_0000),
        (0x06, 0, 0, refuse),
    ]
    program += [(0x06, 0, 0, allow)]
    families = [
        socket.AF_UNIX,
        socket.AF_INET,
        socket.AF_INET6,
        socket.AF_NETLINK,
    ]
    program += [
        (0x15, 0, len(families) + 2, numbers["socket"]),
        (0x20, 0, 0, 16),
    ]
    program += [
        (0x15, len(families) - place, 0, family)
        for place, family in enumerate(families)
    ]
    program += [(0x06, 0, 0, refuse), (0x06, 0, 0, allow)]
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


# Processes: found, stopped, ended.


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


# The search: everything that was written since the baseline and is still there.


def listed_files(cell: Confined) -> Iterator[Message]:
    """Every file, link, attribute, pipe and shared memory. `path` is where its content can be opened."""
    for place, upper in cell.uppers.items():
        yield from paths_below(cell, upper, place.rstrip("/"))
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
    cell: Confined, folder: str, name: str, skipped: tuple[str, ...] = ()
) -> Iterator[Message]:
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
            yield from paths_below(cell, path, shown)
        elif cell.baseline.get(shown) != identity(status):
            yield from one_file(path, shown, status)


def identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def one_file(
    path: str, shown: str, status: os.stat_result
) -> Iterator[Message]:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        yield {"name": shown, "path": path, "size": status.st_size}
    elif stat.S_ISLNK(mode):
        yield {"name": shown + " (link)", "text": os.readlink(path)}
    elif stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        yield {"name": shown, "text": ""}
    # A character device 0:0 is the overlay's sign for a deleted file; others are those of every machine.


def extended_attributes_of(path: str, shown: str) -> Iterator[Message]:
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


def open_files(cell: Confined, process: int) -> Iterator[Message]:
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
                process, path, f"{link} of process {process}", status
            )


def is_the_harness_own(
    cell: Confined, link: str, status: os.stat_result
) -> bool:
    """The pipes between harness and target, and what stands in the folders that the harness shows."""
    return status.st_ino in cell.harness_pipes or link.startswith(cell.shown)


def one_open_file(
    process: int, path: str, shown: str, status: os.stat_result
) -> Iterator[Message]:
    if stat.S_ISFIFO(status.st_mode):
        yield from waiting_in_pipe(path, shown)
    elif stat.S_ISSOCK(status.st_mode):
        yield from waiting_in_socket(
            process, int(path.rpartition("/")[2]), shown
        )
    elif stat.S_ISREG(status.st_mode) and " (deleted)" in shown:
        yield {"name": shown, "path": path, "size": status.st_size}


def waiting_in_pipe(path: str, shown: str) -> Iterator[Message]:
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
) -> Iterator[Message]:
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


def shared_memory(cell: Confined) -> Iterator[Message]:
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


# The conversation with the harness.


def send(
    harness: socket.socket,
    message: Message,
    descriptors: list[int] | None = None,
) -> None:
    beside = [
        (
            socket.SOL_SOCKET,
            socket.SCM_RIGHTS,
            array.array("i", descriptors or []),
        )
    ]
    harness.sendmsg(
        [json.dumps(message).encode()], beside if descriptors else []
    )


def serve(harness: socket.socket, cell: Confined) -> None:
    """Answer the harness until it goes away."""
    while True:
        packet = harness.recv(LARGEST_PACKET)
        if not packet:
            return
        asked = json.loads(packet)
        try:
            answer(harness, cell, asked)
        except (OSError, BuildError) as error:
            send(harness, {"error": str(error)})
        if asked["do"] == "end":
            return


def answer(harness: socket.socket, cell: Confined, asked: Message) -> None:
    match asked["do"]:
        case "socket":
            made, port = socket_for(asked)
            with made:
                send(harness, {"port": port}, [made.fileno()])
        case "freeze":
            send(harness, {"stopped": freeze(cell)})
        case "thaw":
            thaw(cell)
            send(harness, {})
        case "files":
            send_listing(harness, cell)
        case "open":
            descriptor = os.open(
                asked["path"], os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
            )
            try:
                send(harness, {}, [descriptor])
            finally:
                os.close(descriptor)
        case "baseline":
            take_baseline(cell)
            send(harness, {})
        case "processes":
            send(
                harness,
                {
                    "processes": [
                        [p, command_line(p)] for p in processes_of(cell)
                    ][:1000]
                },
            )
        case "wait":
            send(harness, {"exit": wait_for_target(cell, asked["seconds"])})
        case "end":
            end_all(cell)
            send(harness, {"exit": wait_for_target(cell, 0)})


def send_listing(harness: socket.socket, cell: Confined) -> None:
    """In several messages; the last says so."""
    entries: list[Message] = []
    size = 0
    for entry in listed_files(cell):
        length = len(json.dumps(entry))
        if size + length > LONGEST_LISTING:
            send(harness, {"files": entries})
            entries, size = [], 0
        if length > LONGEST_LISTING:
            # A note of 64 kB of control characters is six times as long in JSON.
            entry = {
                "name": entry["name"][:4096],
                "reason": "its text is too long to be passed on",
            }
        entries.append(entry)
        size += length
    send(harness, {"files": entries, "last": True})


def command_line(process: int) -> str:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as stream:
            return (
                stream.read(4096)
                .replace(b"\0", b" ")
                .decode("utf-8", "replace")
                .strip()
            )
    except OSError:
        return ""


def wait_for_target(cell: Confined, seconds: float) -> int | None:
    try:
        return cell.target.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def take_baseline(cell: Confined) -> None:
    """What is there before the target has run: the folders and mount points that were just made."""
    places = {**cell.uppers, "/dev": f"/proc/{cell.first}/root/dev"}
    for place, upper in places.items():
        for folder, folders, names in os.walk(upper):
            shown = place.rstrip("/") + folder.removeprefix(upper)
            for name in (*folders, *names):
                cell.baseline[f"{shown}/{name}"] = identity(
                    os.lstat(f"{folder}/{name}")
                )


def main() -> None:
    harness = socket.socket(fileno=int(sys.argv[1]))
    asked = json.loads(harness.recv(LARGEST_PACKET))
    os.set_inheritable(harness.fileno(), False)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    harness_pipes = frozenset(
        os.fstat(descriptor).st_ino for descriptor in (0, 1, 2)
    )
    sockets: list[socket.socket] = []
    try:
        if asked["sealed"]:
            sockets = build_network()
            uppers, arguments = build_files(asked)
            cell = start_sealed(asked, uppers, arguments)
        else:
            cell = start_open(asked)
    except (BuildError, OSError) as error:
        send(harness, {"error": str(error)})
        return
    cell.harness_pipes = harness_pipes
    cell.shown = tuple(path for path, _ in asked["folders"])
    # The target alone holds the pipes to the harness now, so that their end is its end.
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    send(harness, {"first": cell.first}, [made.fileno() for made in sockets])
    for made in sockets:
        made.close()
    try:
        serve(harness, cell)
    finally:
        end_all(cell)


if __name__ == "__main__":
    main()
