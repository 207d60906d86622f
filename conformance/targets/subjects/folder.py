"""A subject as a folder: `subject.yaml` says what it is and how it starts, a program in any language speaks
its protocol. `subject:FOLDER` drives it.

The program reads one JSON object a line, `{"id": 1, "do": "greet"}`, does it, and writes `{"done": 1}`, or
`{"done": 1, "error": "why not"}`. Between, and at any time, it writes what the subject does: see `_take`."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.process import ProcessTarget
from earwitness.conformance.targets.protocol import Target, TargetError
from earwitness.conformance.targets.subjects.served import ServedSubject
from earwitness.conformance.targets.subjects.serving import PATIENCE, STARTING
from earwitness.conformance.targets.subjects.subject import Refusal
from earwitness.model.vocabulary import nearest

FILE = "subject.yaml"
NEEDED = ("name", "command", "program", "port")
Word = str | int | float
"""Of a command: YAML reads some words as numbers."""
Words = Annotated[tuple[Word, ...], msgspec.Meta(min_length=1)]


class SubjectFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `subject.yaml` says: which command starts the subject, which program speaks its protocol, and the
    port it listens on, or is called at where it does not call `inward`."""

    name: str
    command: Words
    program: Words
    port: int
    version: Word = "unknown"
    kind: str = "speaker"
    inward: bool = True
    capabilities: tuple[str, ...] | None = None
    packs: tuple[str, ...] | None = None
    setup: str = ""
    claims: Word = 1
    speed: Word = ""


def open_folder(rest: str, options: TargetOptions) -> Target:
    """A folder with a subject.yaml and a program in any language. Raises TargetError."""
    read_subject(Path(rest))
    program = [sys.executable, "-m", __name__, os.path.abspath(rest)]
    return ProcessTarget(shlex.join(program), options)


def read_subject(folder: Path) -> SubjectFile:
    """What the folder's file says. Raises TargetError with the place and the remedy."""
    path = folder / FILE
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise TargetError(
            f"{path}: cannot be read: {' '.join(str(error).split())}"
        ) from None
    known, needed = SubjectFile.__struct_fields__, NEEDED
    if not isinstance(content, dict):
        raise TargetError(f"{path}: it must hold {', '.join(needed)}")
    for key in content:
        if key not in known:
            raise TargetError(
                f"{path}: there is no key '{key}'.{nearest(str(key), known)}"
            )
    missing = [key for key in needed if key not in content]
    if missing:
        raise TargetError(f"{path}: it lacks {', '.join(missing)}")
    for key in ("command", "program"):
        words = content[key]
        if not isinstance(words, list) or not words:
            raise TargetError(
                f"{path}: {key} must be a list of words, such as [node, driver.js]"
            )
    try:
        return msgspec.convert(content, SubjectFile)
    except msgspec.ValidationError as error:
        raise TargetError(f"{path}: {error}") from None


class FolderSubject(ServedSubject):
    """Its hooks are requests to the program."""

    def __init__(self, folder: Path) -> None:
        super().__init__(sys.stdin, sys.stdout)
        subject = read_subject(folder)
        self.name = subject.name
        self.version = str(subject.version)
        self.kind = subject.kind
        self.port = subject.port
        self.inward = subject.inward
        if subject.packs is not None:
            self.packs = subject.packs
        if subject.capabilities is not None:
            self.capabilities = subject.capabilities
        chosen = [f"speed={subject.speed}"] if subject.speed != "" else []
        self.take_options([f"claims={subject.claims}", *chosen])
        self.setup = subject.setup
        self._command = [str(word) for word in subject.command]
        self._number = 0
        self._answers: dict[int, str] = {}
        self._has_ended = False
        self._program = subprocess.Popen(
            [str(word) for word in subject.program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            text=True,
        )
        threading.Thread(target=self._follow_program, daemon=True).start()

    def start(self) -> None:
        self.launch_program(self._command)
        self.come()

    def greet(self) -> None:
        self._ask("greet", patience=STARTING, port=self.door or self.port)

    def leave(self) -> None:
        """A program that has ended has left; the next greeting tells of it."""
        try:
            if not self._has_ended:
                self._ask("leave")
        except Refusal:
            if self._program.poll() is None:
                raise

    def let_stranger_in(self, *, runs: bool) -> None:
        self._ask("stranger", port=self.stranger_door or self.port, runs=runs)

    def finish(self) -> None:
        self._ask("finish")

    def fail(self) -> None:
        self._ask("fail")

    def set_mute(self, on: bool) -> None:
        self._ask("mute", on=on)

    def play(self, sound: bytes) -> None:
        self._ask("play", sound=base64.b64encode(sound).decode())

    def _tell(self, word: str, **more: Any) -> None:
        assert self._program.stdin is not None
        self._number += 1
        line = json.dumps({"id": self._number, "do": word, **more})
        try:
            self._program.stdin.write(line + "\n")
            self._program.stdin.flush()
        except OSError:
            raise self._ended_at(word) from None

    def _ended_at(self, word: str) -> Refusal:
        """It has closed its input or its output, which is its end, or will not take long to be."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._program.wait(PATIENCE)
        code = self._program.returncode
        how = f"with code {code}" if code is not None else "to read or write"
        return Refusal(f"the program of {self.name} ended {how} at '{word}'")

    def _ask(
        self, word: str, patience: float = 2 * PATIENCE, **more: Any
    ) -> None:
        self._tell(word, **more)
        number = self._number
        if number == 1:
            # The program has just been started.
            patience = STARTING
        self.pump(
            lambda: number in self._answers or self._is_over(word), patience
        )
        if number not in self._answers:
            self.demand_life()
            if self._has_ended:
                raise self._ended_at(word)
            raise Refusal(
                f"the program of {self.name} does not answer '{word}'"
            )
        if error := self._answers.pop(number):
            raise Refusal(error)

    def _is_over(self, word: str) -> bool:
        """Whether no answer will come: the program has ended, or the subject has that it is to greet."""
        subject = self.process
        is_gone = subject is not None and subject.poll() is not None
        return self._has_ended or (word == "greet" and is_gone)

    def _follow_program(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            self._hand_over(line)
        # After whatever it said at last.
        self.post(self._note_program_end)

    def _note_program_end(self) -> None:
        self._has_ended = True

    def _hand_over(self, line: str) -> None:
        self.post(lambda: self._take(line))

    def _take(self, line: str) -> None:
        """One line of the program: a reply, or what the subject does. `sound` is in base64; `to` says to whom
        it went: server (if nothing is said), wake or stranger."""
        said: object = None
        with contextlib.suppress(ValueError):
            said = json.loads(line)
        match said:
            case {"done": int(number), **rest}:
                self._answers[number] = str(rest.get("error", ""))
            case {"sound": str(sound), **rest}:
                self._take_sound(
                    base64.b64decode(sound), str(rest.get("to", "server"))
                )
            case {"stream": "open", **rest}:
                self.open_stream(str(rest.get("cause", "")))
            case {"stream": "close"}:
                self.close_stream(origin="device")
            case {"lost": True}:
                self.lose()
            case {"listening": bool(on)}:
                self.show_listening(on)
            case {"wake_words": list(names)}:
                self.wake_words_heard.names = [str(name) for name in names]
            case _:
                print(
                    f"not understood: {line.strip()[:200]}", file=sys.stderr
                )

    def _take_sound(self, sound: bytes, receiver: str) -> None:
        if receiver == "wake":
            self.take_wake_sound(sound, lambda: self._tell("woken"))
        else:
            self.take_sound(sound, "" if receiver == "server" else receiver)


if __name__ == "__main__":
    FolderSubject(Path(sys.argv[1])).run()
