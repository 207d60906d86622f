"""The conversation with the harness, from its first message to its end."""

from __future__ import annotations

import array
import json
import os
import socket
import subprocess
import sys

from .confined import (
    LARGEST_PACKET,
    LONGEST_LISTING,
    PR_SET_CHILD_SUBREAPER,
    BuildError,
    Confined,
    libc,
)
from .listing import identity, listed_files
from .messages import DoormanAnswer, ListedFile, Question
from .network import build_network, socket_for
from .places import build_files
from .processes import end_all, freeze, processes_of, thaw
from .starting import start_open, start_sealed


def send(
    harness: socket.socket,
    message: DoormanAnswer,
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
        except Exception as error:
            # Whatever a target has built there, the cell is kept until the harness goes away.
            send(harness, {"error": f"{type(error).__name__}: {error}"})
        if asked["do"] == "end":
            return


def answer(harness: socket.socket, cell: Confined, asked: Question) -> None:
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
                        (p, command_line(p)) for p in processes_of(cell)
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
    entries: list[ListedFile] = []
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
                # 4,096 bytes: one page of memory; it is only shown.
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
                found = os.lstat(f"{folder}/{name}")
                cell.baseline[f"{shown}/{name}"] = identity(found)


def main() -> None:
    harness = socket.socket(fileno=int(sys.argv[-1]))
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
