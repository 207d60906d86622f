"""What every driver of a foreign assistant needs: it speaks the protocol, keeps a clock that passes by the
sound that was heard, starts and ends the subject's processes, and marks whose word each report is.

A driver subclasses `Subject` and writes only what is peculiar to its subject."""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from typing import IO, Any, ClassVar

RATE = 16_000
"""Hz: sound is s16le, mono, everywhere."""
QUIET = 0.001
"""Seconds between two looks at a pipe."""

Message = dict[str, Any]


class Refusal(Exception):
    """The subject cannot do what is asked; the text says why."""


class Subject:
    """One device, `device`, that is a process. Its clock is virtual: it passes by what is put before its
    microphone."""

    name: ClassVar[str]
    version: ClassVar[str] = "unknown"
    device: ClassVar[str] = "satellite"
    kind: ClassVar[str] = "speaker"
    capabilities: ClassVar[Sequence[str]] = (
        "power",
        "microphone",
        "loudspeaker",
    )
    wake_words: ClassVar[Sequence[str]] = ("alexa",)

    buffered: ClassVar[int] = 80_000
    """Microseconds of sound that the subject holds before it is woken, as its authors say: one piece."""
    port: ClassVar[int] = 0
    """Where the subject's server finds it, where the server calls; 0 where the subject calls."""

    def __init__(self, requests: IO[str], replies: IO[str]) -> None:
        self._requests, self._replies = requests, replies
        self.now = 0
        """Microseconds of the device's clock."""
        self.microphone = self.loudspeaker = ""
        """Paths that the harness gave."""
        self.door = 0
        """The port at which the subject is reached through the harness; 0 where it is reached directly."""
        self._pipe = -1
        self.process: subprocess.Popen[bytes] | None = None

    # What a driver writes.

    def start(self) -> None:
        """The device gets power. Raises Refusal."""
        raise NotImplementedError

    def stop(self) -> None:
        """The device loses power, at once."""
        self.kill_process()

    def heard(self, microseconds: int) -> None:
        """So much sound has been taken from the microphone's pipe, and `now` is its end. Let the subject
        work, and report what it does."""

    def mute(self, on: bool) -> None:
        """Mute by software. Raises Refusal."""
        raise Refusal("it has no mute")

    # What it uses.

    def report(
        self, event: str, origin: str = "device", **attributes: Any
    ) -> None:
        """Say what happened; `origin` says whose word it is: the device's own message, a stand-in's that this
        driver plays, or the driver's on its behalf."""
        entry = {
            "event": event,
            "time": self.now,
            "device": self.device,
            "origin": origin,
        }
        self._write(entry | attributes)

    def launch(self, command: Sequence[str]) -> None:
        """Start the subject's process, in a group of its own. Its words go to standard error, whose last are
        kept."""
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            start_new_session=True,
        )

    def kill_process(self) -> None:
        """End the subject and whatever it started, as a loss of power does."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def demand_life(self) -> None:
        """Raises Refusal where the subject has ended by itself."""
        if self.process is not None and self.process.poll() is not None:
            raise Refusal(
                f"{self.name} ended by itself with code {self.process.returncode}"
            )

    def waiting_sound(self) -> int:
        """Bytes in the microphone's pipe that nobody has taken."""
        if self._pipe < 0:
            return 0
        count = array.array("i", [0])
        fcntl.ioctl(self._pipe, termios.FIONREAD, count)
        return count[0]

    # The protocol.

    def run(self) -> None:
        """Answer requests until there are no more."""
        try:
            for line in self._requests:
                request = json.loads(line)
                self._write({"id": request["id"], **self._reply_to(request)})
        finally:
            self.stop()

    def _reply_to(self, request: Message) -> Message:
        action = self._actions().get(request["do"])
        if action is None:
            return {"unsupported": f"{self.name} cannot {request['do']}"}
        try:
            return {"ok": action(request) or {"now": self.now}}
        except Refusal as refusal:
            return {"error": str(refusal), "definite": True}

    def _actions(self) -> dict[str, Callable[[Message], Message | None]]:
        return {
            "hello": self._introduce,
            "attach": self._attach,
            "route": self._route,
            "reset": self._reset,
            "power": lambda request: self._set_power(
                request["state"] == "restore"
            ),
            "kill": self._restart,
            "listen": self._listen,
            "mute": lambda request: self.mute(request["on"]),
        }

    def _introduce(self, request: Message) -> Message:
        address = {
            "host": "127.0.0.1",
            "port": self.port,
            "authority": "",
            "inward": True,
        }
        return {
            "earwitness": 2,
            "name": self.name,
            "version": self.version,
            "clock": "virtual",
            "devices": [{"device": self.device, "kind": self.kind}],
            "capabilities": dict.fromkeys(self.capabilities, True),
            "wake_words": list(self.wake_words),
            **({"cloud": address} if self.port else {}),
        }

    def _route(self, request: Message) -> None:
        self.door = int(request["port"])

    def _attach(self, request: Message) -> None:
        self.microphone = request.get("microphone", "")
        self.loudspeaker = request.get("loudspeaker", "")
        # Held open so that the subject may come and go, and its reader never meets the end.
        self._pipe = os.open(self.microphone, os.O_RDONLY | os.O_NONBLOCK)

    def _reset(self, request: Message) -> None:
        self.stop()
        self.now = 0

    def _restart(self, request: Message) -> None:
        self._set_power(False)
        self._set_power(True)

    def _set_power(self, on: bool) -> None:
        if on == (self.process is not None):
            return
        if on:
            self._start_or_stop()
        else:
            self.stop()
        self.report("power", origin="driver", on=on, kind=self.kind)
        if on:
            self.report(
                "setting.wake_word", origin="driver", word=self.wake_words[0]
            )
            self.report("microphone.power", origin="driver", on=True)

    def _start_or_stop(self) -> None:
        try:
            self.start()
        except Refusal:
            self.stop()
            raise

    def _listen(self, request: Message) -> None:
        microseconds = int(request["microseconds"])
        if self.process is not None:
            self._wait_for_drain()
        self.now += microseconds
        # The subject may have taken the sound before we were told of it: count what was left, not what was
        # there.
        taken = microseconds * RATE // 1_000_000 * 2 - self.waiting_sound()
        if self.process is not None and taken > 0:
            self.report(
                "audio.captured",
                origin="driver",
                bytes=taken,
                buffered=self.buffered,
            )
            self.heard(microseconds)
            self.demand_life()

    def _wait_for_drain(self, patience: float = 1.0) -> None:
        """Until the subject has taken the sound, or has had time to."""
        until = time.monotonic() + patience
        while self.waiting_sound() and time.monotonic() < until:
            time.sleep(QUIET)

    def _write(self, message: Message) -> None:
        self._replies.write(json.dumps(message) + "\n")
        self._replies.flush()
