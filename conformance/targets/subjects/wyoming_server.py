"""A Wyoming server: `wyoming-server:PROGRAM OPTIONS`, in whose options {port} stands for where it is to
listen and {folder} for its home. The driver is the satellite that calls it: it hears the wake word by
itself, and sends the request through the harness's door to the server, which does with it what its info
says that it can."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Mapping

from earwitness.conformance.targets.subjects import kit
from earwitness.conformance.targets.subjects.wyoming_link import (
    FORM,
    WyomingLink,
    WyomingMessage,
)

PORT = 10_300
"""The port of the project's own examples for speech recognition."""
TASKS = {"wake": ("detect", "detection"), "asr": ("transcribe", "transcript")}
"""What a server that takes sound can do, by the name in its info: what it is asked, and what it then says."""
PREROLL = 44_800
"""Bytes that the satellite sends of what was before it knew the wake word: 1.4 s, with the word in it."""
WARM_UP = bytes(64_000)
"""Two seconds of nothing, for a detector that hears no word before it has heard so much."""
THINKING = 6 * kit.PATIENCE
"""Seconds that a recogniser has for a request."""

open_wyoming_server = kit.open_program(
    purpose="A Wyoming server that takes sound, for wake words or for speech",
    module=__name__,
    remedy="write wyoming-server:PROGRAM --uri tcp://127.0.0.1:{port}",
)


class WyomingServer(kit.ServedSubject):
    """The satellite is ours. Judged is how sound gets to the server, what it keeps, and to whom it sends."""

    name = "Wyoming server"
    port = PORT
    inward = False
    capabilities: kit.Names = ("power", "microphone", "loudspeaker", "route")

    def __init__(self, program: str, options: list[str]) -> None:
        super().__init__(sys.stdin, sys.stdout)
        self._program = [program, *self.take_options(options)]
        self._link: WyomingLink | None = None
        self._info: Mapping[str, object] = {}
        self._sound, self._recent, self._task = b"", b"", ""
        self._has_answered = False
        if "-m" in options:
            module = options[options.index("-m") + 1]
            self.name = module.replace("_", "-")
            self.version = kit.installed_version(program, self.name)

    def start(self) -> None:
        places = {**self.places(), "port": str(PORT)}
        self.launch([word.format_map(places) for word in self._program])
        self.reach(self._knock)
        self._task = self._find_task()

    def _find_task(self) -> str:
        """What the server is asked to do. Raises Refusal where it can do nothing with sound."""
        able = [name for name in self._info if self._info[name]]
        for task in TASKS:
            if task in able:
                return task
        can = ", ".join(able)
        raise kit.Refusal(f"{self.name} takes no sound; it can: {can}")

    def leave(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None

    def wait_for_drain(self) -> None:
        """The satellite, which is ours, reads the microphone."""
        with contextlib.suppress(BlockingIOError):
            self._sound = os.read(self.pipe, 1 << 20)

    def heard(self, taken: int) -> None:
        sound, self._sound = self._sound, b""
        self._recent = (self._recent + sound)[-PREROLL:]
        if self.is_open:
            self._send(sound)
        else:
            self.take_wake_sound(sound, self._begin_request)

    def _begin_request(self) -> None:
        self.leave()
        self.reach(self._knock)
        self._has_answered = False
        self._tell(TASKS[self._task][0], names=["alexa"], language="en")
        self._tell("audio-start", b"", **FORM)
        self.open_stream()
        if self._task == "wake":
            self._send(WARM_UP)
        self._send(self._recent)

    def _send(self, sound: bytes) -> None:
        for at in range(0, len(sound), self.piece):
            piece = sound[at : at + self.piece]
            self._tell("audio-chunk", piece, **FORM)
            self.take_sound(piece)

    def finish(self) -> None:
        self._tell("audio-stop")
        self.pump(lambda: self._has_answered, THINKING)

    def play(self, sound: bytes) -> None:
        """Nothing is answered to a request of which the server made nothing."""
        if self._has_answered:
            with open(self.loudspeaker, "ab") as speaker:
                speaker.write(sound)

    def explain(self) -> str:
        if self.process is None or not self.stream or self._has_answered:
            return super().explain()
        return f"the server was sent a request, and sent no {TASKS[self._task][1]}"

    def _tell(
        self, kind: str, payload: bytes = b"", /, **data: object
    ) -> None:
        if self._link is not None:
            self._link.send(kind, payload, **data)

    def _knock(self) -> bool:
        address = ("127.0.0.1", self.door or PORT)
        called = socket.create_connection(address, kit.PATIENCE)
        link = WyomingLink(called, self.post, self._hear)
        self._link, self._info = link, {}
        link.send("describe")
        self.pump(lambda: bool(self._info) or link.is_closed, kit.PATIENCE)
        return bool(self._info)

    def _hear(self, link: WyomingLink, said: WyomingMessage | None) -> None:
        match said:
            case None:
                link.close()
            case WyomingMessage("info", data):
                self._info = data
            case WyomingMessage(kind) if link is self._link and self._task:
                self._has_answered |= kind == TASKS[self._task][1]


if __name__ == "__main__":
    kit.run_driver(WyomingServer)
