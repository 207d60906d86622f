"""`earwitness-reference`: device and cloud in one command, with a view of the device in the terminal.

Type what a person would say; it is spoken by synthesis and heard by the device. Words that begin with a slash
are things to do: /mute, /action, /file PATH ..., /help.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Unpack

import numpy as np
from PIL import Image
from rich.console import Console
from rich.live import Live
from rich.panel import Panel

from earwitness.reference_impl.device.camera import FilmError, play_film
from earwitness.reference_impl.device.screen import draw_front
from earwitness.reference_impl.face import Face, draw_panel, entrance_to
from earwitness.reference_impl.live import SoundCardError, sound_card
from earwitness.reference_impl.messages import SessionRequest
from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.session import Session
from earwitness.reference_impl.sound import (
    Samples,
    SoundError,
    decode_sound,
    split_sound,
)

HELP = """what you type is said to the device, such as: alexa, what is the weather in boston
/mute  /action  /shutter  /power  /network   the buttons, the plug and the router
/tone on|off   what the organisation wants   /call device|telephone|declined   /hang-up
/file PATH     play a recording beside it    /listen SECONDS   hear the real microphone
/film PATH     what the camera sees          /picture PATH     keep a picture of the device as PNG
/device d1|d2  the speaker or the one with a screen   /events   what happened, in full
/page          the property's page: address, token, certificate   /quit"""
ROOM = 0.6
"""Seconds of quiet before what is said, and four times that after it."""
EVENTS_SHOWN = 40
"""The latest that /events prints: about two requests."""
FASTER = 4
"""The picture moves so many times faster than the room would."""


def speak_words(words: str) -> Samples:
    """The words by espeak-ng, with room around them. Raises SoundError."""
    try:
        made = subprocess.run(
            ["espeak-ng", "-s", "140", "-v", "en-us", "--stdout", words],
            capture_output=True,
            check=True,
            # 20 s: chosen, far more than one sentence takes.
            timeout=20,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise SoundError(
            f"espeak-ng cannot speak ({error}); run scripts/install-system-packages"
        ) from None
    return in_a_room(decode_sound(made))


def in_a_room(sound: Samples) -> Samples:
    """With quiet, which is never quite silent, before and after."""
    air = np.concatenate(
        [np.zeros(int(ROOM * RATE)), sound, np.zeros(int(4 * ROOM * RATE))]
    )
    air += np.random.default_rng(len(sound)).normal(
        0,
        # As loud as the noise of a quiet room in the harness's clips.
        12,
        len(air),
    )
    heard: Samples = np.clip(
        air,
        -32768,
        32767,
    ).astype(np.int16)
    return heard


class Room:
    """The devices of a session, as one stands beside them."""

    def __init__(self, session: Session) -> None:
        self.session, self.device = session, "d1"
        self.entrance = entrance_to(session)
        self.watch: Callable[[], None] = lambda: None
        """Called after each piece of sound."""
        self.faces = {
            name: Face(device.kind.name)
            for name, device in session.devices.items()
        }
        for name in self.faces:
            self.ask(
                do="power",
                device=name,
                state="restore",
            )

    @property
    def face(self) -> Face:
        return self.faces[self.device]

    def ask(self, **request: Unpack[SessionRequest]) -> str:
        """Carry out a request; returns the complaint, if there is one."""
        *seen, reply = self.session.handle_request(
            {
                "id": 1,
                "device": self.device,
                **request,
            }
        )
        self.took(seen)
        return str(reply.get("error") or reply.get("unsupported") or "")

    def took(self, seen: Iterable[Mapping[str, object]]) -> None:
        for entry in seen:
            self.faces[str(entry["device"])].take(entry)

    def hear_sound(self, air: Samples) -> str:
        """The device hears this, and then quiet until it has finished speaking."""
        for piece in split_sound(air):
            self.pass_by(piece)
        while self.session.devices[self.device].speaker.playing:
            self.pass_by(np.zeros(CHUNK, np.int16))
        return ""

    def pass_by(self, piece: Samples) -> None:
        """80 ms beside the device."""
        self.session.out = []
        self.session.hear_sound({"device": self.device}, piece)
        seen, self.session.out = self.session.out, []
        self.took(seen)
        device = self.session.devices[self.device]
        self.face.speaking, self.face.said = (
            device.speaker.playing,
            device.caption,
        )
        self.watch()

    def view(self) -> Panel:
        """The device turned to, as it is now."""
        return draw_panel(
            name=self.device,
            face=self.face,
            front=self.visible_front(),
            entrance=self.entrance,
        )

    def visible_front(self) -> Image.Image:
        lights, screen = self.session.devices[self.device].visible_front()
        return draw_front(lights, screen)

    def do(self, line: str) -> str:
        """What a line asks for; returns what there is to say of it. Raises EOFError to end."""
        word, _, rest = line.strip().partition(" ")
        if not word:
            return ""
        if not word.startswith("/"):
            return self.hear_sound(speak_words(line))
        chosen = self.commands(rest).get(word)
        if chosen is None:
            return f"there is no {word}\n{HELP}"
        try:
            return chosen()
        except (SoundCardError, FilmError, ValueError, OSError) as error:
            return str(error)

    def commands(self, rest: str) -> Mapping[str, Callable[[], str]]:
        """What each word with a slash does with the rest of its line."""
        face = self.face
        return {
            "/help": lambda: HELP,
            "/mute": lambda: self.ask(
                do="press",
                button="microphone",
            ),
            "/action": self.press_action,
            "/shutter": lambda: self.ask(do="shutter"),
            "/power": lambda: self.ask(
                do="power",
                state="cut" if face.powered else "restore",
            ),
            "/network": lambda: self.ask(
                do="network",
                state="down" if face.online else "up",
            ),
            "/tone": lambda: self.ask(
                do="set",
                value=rest == "on",
            ),
            "/call": lambda: self.call(rest or "device"),
            "/hang-up": lambda: self.ask(
                do="call",
                state="end",
                leg="device",
            ),
            "/file": lambda: self.hear_sound(
                in_a_room(decode_sound(Path(rest)))
            ),
            "/film": lambda: self.look_at(Path(rest)),
            "/picture": lambda: self.keep_picture(Path(rest)),
            # 5 s of listening where nothing is said: chosen, time for a request.
            "/listen": lambda: self.listen(float(rest or 5)),
            "/device": lambda: self.turn_to(rest),
            "/events": lambda: "\n".join(
                tell_event(seen) for seen in face.events[-EVENTS_SHOWN:]
            ),
            "/page": self.entrance.describe,
            "/quit": leave_room,
        }

    def press_action(self) -> str:
        return self.ask(
            do="press",
            button="action",
        ) or self.hear_sound(in_a_room(np.zeros(0, np.int16)))

    def call(self, whom: str) -> str:
        if whom not in ("device", "telephone", "declined"):
            return (
                f"one cannot call '{whom}'; say device, telephone or declined"
            )
        return self.ask(
            do="call",
            state="start",
            leg="telephone" if whom == "telephone" else "device",
            answered=whom != "declined",
        )

    def look_at(self, path: Path) -> str:
        self.session.devices[self.device].camera.frames = play_film(path)
        return ""

    def keep_picture(self, path: Path) -> str:
        self.visible_front().save(path, "PNG")
        return ""

    def turn_to(self, name: str) -> str:
        if name not in self.faces:
            return f"there is no device '{name}'; choose from {', '.join(self.faces)}"
        self.device = name
        return ""

    def listen(self, seconds: float) -> str:
        chunks = [
            c
            for c, _ in zip(
                sound_card(),
                range(int(seconds * RATE / CHUNK)),
                strict=False,
            )
        ]
        return self.hear_sound(np.concatenate(chunks))


def leave_room() -> str:
    raise EOFError


def tell_event(seen: Mapping[str, object]) -> str:
    attributes = {
        name: value
        for name, value in seen.items()
        if name not in ("event", "time", "device")
    }
    described = ", ".join(
        f"{name} {value}" for name, value in attributes.items()
    )
    seconds = int(str(seen["time"])) / 1_000_000
    return f"{seconds:9.3f} s  {seen['event']}  {described}"


def hold_conversation(
    room: Room, lines: Iterator[str], console: Console
) -> None:
    """One line after another, the device's picture after each."""
    console.print(room.view())
    for line in lines:
        try:
            said = watch_while(room, line, console)
        except EOFError:
            return
        if said:
            console.print(said, highlight=False, markup=False)
        console.print(room.view())


def watch_while(room: Room, line: str, console: Console) -> str:
    """Do what a line says, and show the device meanwhile. Raises EOFError."""
    with Live(
        room.view(),
        console=console,
        transient=True,
        auto_refresh=False,
    ) as live:
        room.watch = (
            (lambda: show_now(live, room))
            if console.is_terminal
            else lambda: None
        )
        return room.do(line)


def show_now(live: Live, room: Room) -> None:
    """The device as it is now, a little faster than it would be in the room."""
    live.update(room.view(), refresh=True)
    time.sleep(CHUNK / RATE / FASTER)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="earwitness-reference", description=__doc__
    )
    parser.add_argument(
        "words",
        nargs="*",
        help="say or do these, one after another, instead of asking for input",
    )
    options = parser.parse_args()
    console = Console()
    session = Session()
    try:
        # The help would push the page's token off a screen of 24 lines.
        console.print("say something to it, or /help", highlight=False)
        lines = (
            iter(options.words)
            if options.words
            else iter(lambda: console.input("> "), None)
        )
        hold_conversation(Room(session), lines, console)
    except (EOFError, KeyboardInterrupt):
        pass
    finally:
        session.stop()


if __name__ == "__main__":
    main()
