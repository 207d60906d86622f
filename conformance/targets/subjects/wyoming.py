"""A Wyoming satellite: `wyoming`, or `wyoming:PYTHON OPTIONS` with the interpreter that has it and more
options for it. The driver plays its wake word service, event service and server."""

from __future__ import annotations

import shlex
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from earwitness.conformance.targets.subjects import kit
from earwitness.conformance.targets.subjects.wyoming_link import (
    FORM,
    WyomingLink,
    WyomingMessage,
    listen_for_clients,
)

SATELLITE, WAKE, EVENTS = 10_700, 10_400, 10_500
"""Ports, as in the project's own examples."""
RESTS = ("--wake-refractory-seconds", "--mic-seconds-to-mute-after-awake-wav")
"""Options of later versions: rests in real time, which the test's time does not keep to, are set to 0."""
Said = WyomingMessage | None

open_wyoming = kit.open_installed(
    kind="wyoming",
    purpose="A Wyoming satellite; scripts/real-targets wyoming installs one",
    module=__name__,
)


class WyomingSatellite(kit.ServedSubject):
    name = "wyoming-satellite"
    port = SATELLITE
    service_ports: Sequence[int] = (WAKE, EVENTS)

    def __init__(self, python: str, options: list[str]) -> None:
        super().__init__(sys.stdin, sys.stdout)
        self._program = (python, "-m", "wyoming_satellite")
        self._options = self.take_options(options)
        self._server: WyomingLink | None = None
        self._links: list[WyomingLink] = []
        self._infos = 0
        listen_for_clients(WAKE, self.post, self._hear_wake)
        listen_for_clients(EVENTS, self.post, self._hear_events)

    def start(self) -> None:
        chime = Path(self.make_folder(), "chime.wav")
        kit.write_chime(chime)
        play = f"cat >> {shlex.quote(self.loudspeaker)}"
        self.launch([
            *self._program, "--name", "subject", "--no-zeroconf", "--uri", f"tcp://127.0.0.1:{SATELLITE}",
            "--wake-uri", f"tcp://127.0.0.1:{WAKE}", "--awake-wav", str(chime),
            "--event-uri", f"tcp://127.0.0.1:{EVENTS}",
            "--mic-command", f"cat {shlex.quote(self.microphone)}",
            "--mic-command-samples-per-chunk", str(self.piece // 2),
            "--snd-command-rate", str(kit.RATE), "--snd-command", f"sh -c {shlex.quote(play)}",
            *kit.unless_given(self._options, "--wake-word-name", "alexa"),
            *kit.known_options(self._program, RESTS, "0"), *self._options,
        ])  # fmt: skip
        self.come()

    def greet(self) -> None:
        self._server = self._call(self.door)
        self._tell("run-satellite")

    def leave(self) -> None:
        for link in self._links:
            link.close()
        self._links, self._server = [], None

    def let_stranger_in(self, *, runs: bool) -> None:
        """Whoever sends anything but a question becomes the server of a satellite that has none."""
        stranger = self._call(self.stranger_door)
        stranger.send("run-satellite" if runs else "ping")

    def finish(self) -> None:
        self._tell("transcript", text="what is the weather")

    def fail(self) -> None:
        self._tell("error", text="the request failed", code="test")

    def set_mute(self, on: bool) -> None:
        self._tell("pause-satellite" if on else "run-satellite")

    def play(self, sound: bytes) -> None:
        self._tell("audio-start", b"", **FORM)
        self._tell("audio-chunk", sound, **FORM)
        self._tell("audio-stop")

    def settle(self) -> None:
        infos = self._infos
        self._tell("describe")
        if self._server is not None:
            self.pump(lambda: self._infos > infos, kit.PATIENCE)
        super().settle()

    def _tell(
        self, kind: str, payload: bytes = b"", /, **data: object
    ) -> None:
        if self._server is not None:
            self._server.send(kind, payload, **data)

    def _call(self, door: int) -> WyomingLink:
        """A satellite that lives says what it is."""
        self.reach(lambda: self._knock(door or SATELLITE))
        return self._links[-1]

    def _knock(self, port: int) -> bool:
        called = socket.create_connection(("127.0.0.1", port), kit.PATIENCE)
        infos, link = self._infos, WyomingLink(called, self.post, self._hear)
        link.send("describe")
        self.pump(lambda: self._infos > infos or link.is_closed, kit.PATIENCE)
        if self._infos > infos:
            self._links.append(link)
        return self._infos > infos

    def _hear(self, link: WyomingLink, said: Said) -> None:
        """What the satellite says to its server, or to a stranger."""
        is_server = link is self._server
        match said:
            case None:
                link.close()
                if is_server:
                    self._server = None
                    self.lose()
            case WyomingMessage("info"):
                self._infos += 1
            case WyomingMessage("run-pipeline") if is_server:
                self.open_stream()
            case WyomingMessage("audio-chunk"):
                self.take_sound(said.sound, "" if is_server else "stranger")

    def _hear_wake(self, link: WyomingLink, said: Said) -> None:
        match said:
            case WyomingMessage("detect"):
                self.wake_words_heard.names = said.names
            case WyomingMessage("audio-chunk"):
                tell = partial(link.send, "detection", name="alexa")
                self.take_wake_sound(said.sound, tell)

    def _hear_events(self, _: WyomingLink, said: Said) -> None:
        if said is not None and said.kind.startswith("streaming-"):
            self.show_listening(said.kind == "streaming-started")


if __name__ == "__main__":
    kit.run_driver(WyomingSatellite, "wyoming-satellite")
