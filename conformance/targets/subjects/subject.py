"""What every driver of a foreign assistant needs: it speaks the protocol, keeps a clock that passes by the
sound that was heard, starts and ends the subject's processes, and marks whose word each report is.

A driver subclasses `Subject` and writes only what is peculiar to its subject."""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from typing import IO, Any

from earwitness.conformance.stimuli.sound_format import PIECE_TIME, RATE

QUIET = 0.001
"""Seconds between two looks at a pipe."""

PATIENCE_WITH_READER = 1.5
"""Seconds that a subject has for taking a piece of sound, which takes it a millisecond."""
PACE = 0.02
"""Seconds for a piece of sound that nobody takes: time goes on four times as fast as for people."""

SPEED = "EARWITNESS_SPEED"
"""Tells a subject by its environment how many seconds of its life pass in one, where the user chose that: one
with a clock of its own divides its waits by it."""

Message = dict[str, Any]


class Refusal(Exception):
    """The subject cannot do what is asked; the text says why."""


class Subject:
    """One device, `device`, that is a process. Its clock is virtual: it passes by what is put before its
    microphone."""

    name: str = "subject"
    version: str = "unknown"
    device: str = "satellite"
    kind: str = "speaker"
    capabilities: Sequence[str] = (
        "power",
        "microphone",
        "loudspeaker",
    )
    wake_words: Sequence[str] = ("alexa",)

    buffered: int = PIECE_TIME
    """Microseconds of sound that the subject holds before it is woken, as its authors say: one piece."""
    port: int = 0
    """Where the subject's server finds it, where the server calls; or, with `inward` false, where the server
    is that the subject calls. 0 where neither crosses a network."""
    inward: bool = True
    packs: Sequence[str] = ()
    """The packs that are meant for it."""
    speed: float = 0
    """How many seconds pass for it in one, at most; 0 where time passes as fast as it takes its sound."""
    peers: Sequence[str] = ()
    """Names of those it speaks to beside its server, as its authors say."""

    def __init__(self, requests: IO[str], replies: IO[str]) -> None:
        self._requests, self._replies = requests, replies
        self.now = 0
        """Microseconds of the device's clock."""
        self.microphone = self.loudspeaker = ""
        """Paths that the harness gave."""
        self.door = self.stranger_door = 0
        """The ports at which the subject is reached through the harness, by its server and by strangers; 0
        where it is reached directly."""
        self.setup = ""
        """Its options, for the report."""
        self.folder = ""
        """A fresh folder for the subject, its home and working folder."""
        self.pipe = -1
        """The microphone, to be read without blocking by a driver that is its own satellite."""
        self._drains = True
        self._paced_until = 0.0
        self.last_end = ""
        """How it ended where it ended by itself."""
        self.process: subprocess.Popen[bytes] | None = None

    # What a driver writes.

    def start(self) -> None:
        """The device gets power. Raises Refusal."""
        raise NotImplementedError

    def stop(self) -> None:
        """The device loses power, at once."""
        self.kill_process()

    def heard(self, taken: int) -> None:
        """A piece of sound has gone by, `now` is its end, and the subject took so many bytes of it. Let it
        work, and report what it does."""

    def mute(self, on: bool) -> None:
        """Mute by software. Raises Refusal."""
        raise Refusal("it has no mute")

    def behave(self, behaviour: str) -> None:
        """The other end behaves so from now on. Raises Refusal."""
        raise Refusal("its other end cannot be told how to behave")

    def explain(self) -> str:
        """What is known of why nothing came of a request, in a sentence or two."""
        return ""

    def forget(self) -> None:
        """Back to the first state; the process has ended."""

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
        """Start the subject's process. Raises Refusal."""
        self.process = self.start_process(command)

    def start_process(
        self, command: Sequence[str]
    ) -> subprocess.Popen[bytes]:
        """Start a process in a group of its own, at home in the subject's folder. Its words go to standard
        error, whose last are kept. Raises Refusal."""
        self.make_folder()
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                start_new_session=True,
                cwd=self.folder,
                env={
                    **os.environ,
                    "HOME": self.folder,
                    "TMPDIR": self.folder,
                    **({SPEED: f"{self.speed:g}"} if self.speed else {}),
                },
            )
        except OSError as error:
            raise Refusal(
                f"'{command[0]}' cannot be started: {error.strerror}"
            ) from None

    def make_folder(self) -> str:
        """The folder of the subject; it stays until the subject is reset."""
        self.folder = self.folder or tempfile.mkdtemp(prefix="subject-")
        return self.folder

    def kill_process(self) -> None:
        """End the subject and whatever it started, as a loss of power does."""
        if self.process is not None:
            end_process(self.process)
            self.process = None

    def demand_life(self) -> None:
        """Raises Refusal where the subject has ended by itself."""
        if self.process is not None and self.process.poll() is not None:
            raise Refusal(
                f"{self.name} ended by itself with code {self.process.returncode}"
            )

    def waiting_sound(self) -> int:
        """Bytes in the microphone's pipe that nobody has taken."""
        if self.pipe < 0:
            return 0
        count = array.array("i", [0])
        fcntl.ioctl(self.pipe, termios.FIONREAD, count)
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
            "server": lambda request: self.behave(request["behaviour"]),
            "explain": lambda request: {"data": self.explain()},
        }

    def _introduce(self, request: Message) -> Message:
        address = {
            "host": "127.0.0.1",
            "port": self.port,
            "authority": "",
            "inward": self.inward,
        }
        return {
            "earwitness": 2,
            "name": self.name,
            "version": self.version,
            "clock": "virtual",
            "devices": [{"device": self.device, "kind": self.kind}],
            "capabilities": dict.fromkeys(self.capabilities, True),
            "wake_words": list(self.wake_words),
            "packs": list(self.packs),
            "peers": list(self.peers),
            "setup": self.setup,
            **({"cloud": address} if self.port else {}),
        }

    def _route(self, request: Message) -> None:
        self.door = int(request["port"])
        self.stranger_door = int(request.get("stranger", 0))

    def _attach(self, request: Message) -> None:
        self.microphone = request.get("microphone", "")
        self.loudspeaker = request.get("loudspeaker", "")
        # Held open so that the subject may come and go, and its reader never meets the end.
        self.pipe = os.open(self.microphone, os.O_RDONLY | os.O_NONBLOCK)

    def _reset(self, request: Message) -> None:
        self.stop()
        self.forget()
        shutil.rmtree(self.folder or os.devnull, ignore_errors=True)
        self.folder = ""
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
            self.wait_for_drain()
            self.keep_pace(microseconds)
        self.now += microseconds
        if self.process is None:
            return
        # The subject may have taken the sound before we were told of it: count what was left, not what was
        # there.
        taken = microseconds * RATE // 1_000_000 * 2 - self.waiting_sound()
        if taken > 0:
            self.report(
                "audio.captured",
                origin="driver",
                bytes=taken,
                buffered=self.buffered,
            )
        self.heard(max(0, taken))
        self._note_end()

    def _note_end(self) -> None:
        """A subject that ends by itself stays down until somebody gives it power again."""
        if self.process is not None and self.process.poll() is not None:
            self.last_end = (
                f"it ended by itself with code {self.process.returncode}"
            )
            self.stop()

    def keep_pace(self, microseconds: int) -> None:
        """Until so much time has passed by a clock on the wall, at the speed that was chosen. What was lost
        is not made up for."""
        if not self.speed:
            return
        due = self._paced_until + microseconds / 1_000_000 / self.speed
        while time.monotonic() < due:
            self.idle()
        self._paced_until = max(due, time.monotonic())

    def idle(self) -> None:
        """A moment in which the subject may work."""
        time.sleep(QUIET)

    def wait_for_drain(self) -> None:
        """Until the subject has taken the sound, or has had time to. One that left it before is not waited
        for as long again."""
        patience = PATIENCE_WITH_READER if self._drains else PACE
        until = time.monotonic() + patience
        while self.waiting_sound() and time.monotonic() < until:
            self.idle()
        self._drains = not self.waiting_sound()

    def _write(self, message: Message) -> None:
        self._replies.write(json.dumps(message) + "\n")
        self._replies.flush()


def end_process(process: subprocess.Popen[bytes]) -> None:
    """It and whatever it started, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
