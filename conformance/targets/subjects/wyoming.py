"""A Wyoming satellite (wyoming-satellite and its kin) as a subject. This driver plays its wake service and
its server.

    python -m earwitness.conformance.targets.subjects.wyoming PYTHON

starts the satellite with that interpreter. The sound of a request ends where nobody has spoken for 0.8 s;
then the server sends a transcript and a spoken answer."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.process import ProcessTarget
from earwitness.conformance.targets.protocol import Target, TargetError
from earwitness.conformance.targets.subjects.subject import (
    RATE,
    Refusal,
    Subject,
)

FOLDER = Path(".real-targets/wyoming/bin/python")
"""Where scripts/real-targets installs it."""
SATELLITE, WAKE = 10_700, 10_400
"""Ports, as Wyoming's documentation has them; in the cell nobody else has any."""
CHUNK = 1_280
"""Samples of one message: 80 ms, what the harness gives at once."""
LOUD = 300
"""Root mean square of a chunk in which somebody speaks; the room has about 12."""
END_OF_SPEECH = 10
"""Quiet chunks that end a request: 0.8 s."""
LONGEST_REQUEST = 125
"""Chunks after which the server ends it anyway: 10 s."""
PATIENCE = 3.0
"""Seconds of real time that the satellite has for each of its steps, which take it some milliseconds."""


def open_wyoming(rest: str, options: TargetOptions) -> Target:
    """`wyoming`, or `wyoming:PYTHON` with the interpreter that has wyoming-satellite. Raises TargetError."""
    python = Path(rest) if rest else FOLDER
    if not python.exists():
        raise TargetError(
            f"there is no {python}; scripts/real-targets wyoming installs the satellite there,"
            " or write wyoming:PYTHON"
        )
    program = [sys.executable, "-m", __name__, os.path.abspath(python)]
    return ProcessTarget(shlex.join(program), options)


@dataclass
class WyomingLink:
    """A Wyoming connection: a line of JSON, then more JSON and a payload where it says so."""

    socket: socket.socket
    waiting: bytearray = field(default_factory=bytearray)

    def send(self, kind: str, payload: bytes = b"", **data: Any) -> None:
        entry: dict[str, Any] = {"type": kind, "data": data}
        if payload:
            entry["payload_length"] = len(payload)
        with contextlib.suppress(OSError):
            self.socket.sendall(json.dumps(entry).encode() + b"\n" + payload)

    def take(self) -> tuple[str, bytes] | None:
        """The next message, its kind and its payload, or None where it is not whole yet."""
        head, line_end, _ = bytes(self.waiting).partition(b"\n")
        if not line_end:
            return None
        entry = json.loads(head)
        begins = len(head) + 1 + int(entry.get("data_length") or 0)
        ends = begins + int(entry.get("payload_length") or 0)
        if len(self.waiting) < ends:
            return None
        payload = bytes(self.waiting[begins:ends])
        del self.waiting[:ends]
        return str(entry["type"]), payload


class WakeService:
    """Hears the wake word with microWakeWord, as satellites do."""

    def __init__(self) -> None:
        from pymicro_wakeword import (
            MicroWakeWord,
            MicroWakeWordFeatures,
            Model,
        )

        self._features = MicroWakeWordFeatures()
        self._model = MicroWakeWord.from_builtin(Model.ALEXA)

    def hears(self, sound: bytes) -> bool:
        """Whether the word ends in this sound. Then it begins again, or it would hear the same word again."""
        for features in self._features.process_streaming(sound):
            if self._model.process_streaming(features):
                self._model.reset()
                return True
        return False


class WyomingSatellite(Subject):
    """`stream` counts the streams; `quiet` and `spoken` follow the request in the one that is open."""

    name = "wyoming-satellite"
    port = SATELLITE
    capabilities = ("power", "microphone", "loudspeaker", "route")

    def __init__(self, python: str) -> None:
        super().__init__(sys.stdin, sys.stdout)
        self._python = python
        self._wake_service = WakeService()
        self._listener = socket.create_server(("127.0.0.1", WAKE))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._wake: WyomingLink | None = None
        self._server: WyomingLink | None = None
        self._stream = 0
        self._is_open = False
        self._chunks = self._quiet = 0
        self._has_spoken = False
        self._arrived = self._owed = self._lost = self._samples = (
            self._powered_at
        ) = 0
        self._is_waiting = False

    # Life.

    def start(self) -> None:
        if not self.microphone:
            raise Refusal(
                "the satellite needs a microphone; attach comes first"
            )
        play = f"cat >> {shlex.quote(self.loudspeaker)}"
        self.launch([
            self._python, "-m", "wyoming_satellite", "--name", "subject", "--no-zeroconf",
            "--uri", f"tcp://127.0.0.1:{SATELLITE}", "--wake-uri", f"tcp://127.0.0.1:{WAKE}",
            "--wake-word-name", "alexa", "--mic-command", f"cat {shlex.quote(self.microphone)}",
            "--mic-command-samples-per-chunk", str(CHUNK), "--snd-command", f"sh -c {shlex.quote(play)}",
            "--snd-command-rate", str(RATE),
        ])  # fmt: skip
        self._server = WyomingLink(self._connect())
        self._selector.register(
            self._server.socket, selectors.EVENT_READ, self._server
        )
        self._server.send("run-satellite")
        self._is_waiting = False
        self._demand(
            lambda: self._is_waiting, "does not wait for its wake word"
        )
        self._arrived = self._owed = self._lost = self._samples = 0
        self._powered_at = self.now

    def stop(self) -> None:
        self.kill_process()
        self._close_stream()
        for link in (self._wake, self._server):
            if link is not None:
                self._selector.unregister(link.socket)
                link.socket.close()
        self._wake = self._server = None

    def _connect(self) -> socket.socket:
        """As the server does, through the harness's door: a satellite that lives says what it is."""
        until = time.monotonic() + 10 * PATIENCE
        while time.monotonic() < until:
            self.demand_life()
            called = socket.create_connection(
                ("127.0.0.1", self.door or SATELLITE), PATIENCE
            )
            called.settimeout(PATIENCE)
            with contextlib.suppress(OSError):
                WyomingLink(called).send("describe")
                if called.recv(1, socket.MSG_PEEK):
                    called.settimeout(None)
                    return called
            called.close()
            time.sleep(0.05)
        raise Refusal("the satellite does not listen at its port")

    # Sound.

    def heard(self, microseconds: int) -> None:
        self._samples += microseconds * RATE // 1_000_000
        self._owed = self._samples // CHUNK - self._lost
        # Each chunk goes to the wake service or to the server; one that goes nowhere is not waited for again.
        if not self._pump(lambda: self._arrived >= self._owed, PATIENCE):
            self._lost += self._owed - self._arrived

    def _pump(self, done: Callable[[], bool], patience: float) -> bool:
        """Handle messages until `done`, or for so many seconds without it."""
        until = time.monotonic() + patience
        while not done() and time.monotonic() < until:
            for key, _ in self._selector.select(0.02):
                if key.data is None:
                    self._accept_wake_client()
                else:
                    self._read(key.data)
        return done()

    def _demand(self, done: Callable[[], bool], what: str) -> None:
        if not self._pump(done, PATIENCE):
            self.demand_life()
            raise Refusal(f"the satellite {what}")

    def _accept_wake_client(self) -> None:
        if self._wake is not None:
            self._selector.unregister(self._wake.socket)
            self._wake.socket.close()
        self._wake = WyomingLink(self._listener.accept()[0])
        self._selector.register(
            self._wake.socket, selectors.EVENT_READ, self._wake
        )

    def _read(self, link: WyomingLink) -> None:
        piece = b""
        with contextlib.suppress(OSError):
            piece = link.socket.recv(1 << 16)
        if not piece:
            self._selector.unregister(link.socket)
            link.socket.close()
            self._wake = None if link is self._wake else self._wake
            self._server = None if link is self._server else self._server
            return
        link.waiting += piece
        while (message := link.take()) is not None:
            if link is self._wake:
                self._hear_as_wake_service(*message)
            else:
                self._hear_as_server(*message)

    # The other ends.

    def _hear_as_wake_service(self, kind: str, payload: bytes) -> None:
        if kind == "detect":
            self._is_waiting = True
        elif kind == "audio-chunk":
            self._arrived += 1
            hears = self._wake_service.hears(payload)
            if self._wake is not None and hears and self._is_waiting:
                self._is_waiting = False
                self.report("wake_word", origin="stand-in", word="alexa")
                self._wake.send("detection", name="alexa")
                self._demand(
                    lambda: self._is_open,
                    "opens no stream after its wake word",
                )

    def _hear_as_server(self, kind: str, payload: bytes) -> None:
        if kind == "run-pipeline":
            self._stream += 1
            self._is_open = True
            self._has_spoken = False
            self._chunks = 0
            # Before the first word of the request there is the pause after the wake word.
            self._quiet = 0
            opened: dict[str, Any] = {
                "stream": self._stream,
                "cause": "wake_word",
                "from": self.now,
            }
            self.report("stream.open", **opened)
        elif kind == "audio-chunk":
            self._arrived += 1
            self._take_request(payload)

    def _take_request(self, sound: bytes) -> None:
        length = len(sound) * 1_000_000 // (2 * RATE)
        heard = self._powered_at + (self._arrived + self._lost) * length
        times = {"from": heard - length, "to": heard}
        sent = {
            "stream": self._stream,
            "bytes": len(sound),
            "encrypted": False,
            "voice": True,
        }
        self.report("stream.audio", origin="stand-in", **sent, **times)
        is_loud = loudness(sound) > LOUD
        self._has_spoken = self._has_spoken or is_loud
        self._quiet = 0 if is_loud else self._quiet + 1
        self._chunks += 1
        is_over = self._has_spoken and self._quiet >= END_OF_SPEECH
        if self._is_open and (is_over or self._chunks >= LONGEST_REQUEST):
            self._answer()

    def _answer(self) -> None:
        """What a server does at the end of a request."""
        assert self._server is not None
        # What comes while the satellite ends its stream begins no second answer.
        self._is_waiting = self._has_spoken = False
        self._chunks = 0
        self.report(
            "request.processed", origin="stand-in", stream=self._stream
        )
        self._server.send("transcript", text="what is the weather")
        self._demand(
            lambda: self._is_waiting,
            "does not wait for its wake word after the transcript",
        )
        self._close_stream()
        played = os.path.getsize(self.loudspeaker)
        form: dict[str, Any] = {"rate": RATE, "width": 2, "channels": 1}
        sound = spoken_answer()
        self._server.send("audio-start", **form)
        self._server.send("audio-chunk", payload=sound, **form)
        self._server.send("audio-stop")
        is_played = self._pump(
            lambda: os.path.getsize(self.loudspeaker) >= played + len(sound),
            PATIENCE,
        )
        if is_played:
            self.report(
                "tts.audio",
                origin="stand-in",
                bytes=len(sound),
                asked_by="self",
            )

    def _close_stream(self) -> None:
        if self._is_open:
            self._is_open = False
            self.report("stream.close", origin="driver", stream=self._stream)


def loudness(sound: bytes) -> float:
    """Root mean square of the samples."""
    samples = memoryview(sound).cast("h")
    return math.sqrt(
        sum(sample * sample for sample in samples) / max(1, len(samples))
    )


def spoken_answer() -> bytes:
    """Half a second of a tone, in place of speech."""
    tone = (
        int(6_000 * math.sin(2 * math.pi * 440 * at / RATE))
        for at in range(RATE // 2)
    )
    return b"".join(
        sample.to_bytes(2, "little", signed=True) for sample in tone
    )


def installed_version(python: str) -> str:
    """The version of the satellite that the interpreter has."""
    question = "from importlib.metadata import version; print(version('wyoming-satellite'))"
    asked = subprocess.run(
        [python, "-c", question], capture_output=True, text=True, timeout=30
    )
    return asked.stdout.strip() or "unknown"


if __name__ == "__main__":
    WyomingSatellite.version = installed_version(sys.argv[1])
    WyomingSatellite(sys.argv[1]).run()
