"""What the harness and the doorman say to each other: one JSON object a packet, descriptors beside it. Types
alone, for both ends."""

from __future__ import annotations

from typing import TypedDict


class Question(TypedDict, total=False):
    """What the harness asks. Which keys there are depends on `do`: a program to start (`argv` and what it
    sees), a socket to make, a file to open, or how long to wait for the end."""

    do: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    folder: str
    folders: list[tuple[str, bool]]
    made: list[str]
    texts: dict[str, str]
    limit: int
    sealed: bool
    user: bool
    listen: bool
    datagram: bool
    open: bool
    host: str
    port: int
    path: str
    seconds: float


class ListedFile(TypedDict, total=False):
    """Something that the target keeps. With `path` and `size` its content can be asked for; `text` is the
    content itself; `reason` says why there is none."""

    name: str
    path: str
    size: int
    text: str
    reason: str


class DoormanAnswer(TypedDict, total=False):
    """What the doorman answers; `error` alone where it could not."""

    error: str
    first: int
    port: int
    stopped: int
    files: list[ListedFile]
    last: bool
    processes: list[tuple[int, str]]
    exit: int | None
