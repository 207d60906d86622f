"""`earwitness-reference`: device and cloud in one command, with a view of the device in the terminal. Type what a person would say; it is spoken by
synthesis and heard by the device. Words that begin with a slash are things to do: /mute, /action, /file PATH ..., /help."""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.color import Color
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.style import Style
from rich.text import Text

from earwitness.reference_impl.device.camera import FilmError, film
from earwitness.reference_impl.device.screen import drawn, pixels
from earwitness.reference_impl.live import SoundCardError, sound_card
from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.session import Session
from earwitness.reference_impl.sound import Samples, SoundError, decode, pieces

HELP = """what you type is said to the device, such as: alexa, what is the weather in boston
/mute  /action  /shutter  /power  /network   the buttons, the plug and the router
/tone on|off   what the organisation wants   /call device|telephone|declined   /hang-up
/file PATH     play a recording beside it    /listen SECONDS   hear the real microphone
/film PATH     what the camera sees          /picture PATH     keep a picture of the device as PNG
/device d1|d2  the speaker or the one with a screen   /events   what happened, in full   /quit"""
COLUMNS = 40
"""Of the device's picture."""
ROOM = 0.6
"""Seconds of quiet before what is said, and four times that after it."""


@dataclass
class Face:
    """What a person sees of a device, and the latest of what was said."""

    kind: str
    powered: bool = False
    blue: bool = False
    red: bool = False
    shown: dict[str, bool] = field(default_factory=dict)
    streaming: bool = False
    calling: str = ""
    online: bool = True
    speaking: bool = False
    heard: str = ""
    said: str = ""
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def take(self, seen: Mapping[str, Any]) -> None:
        """One observation."""
        if not str(seen["event"]).endswith(".captured"):
            self.events.append(seen)
        match seen["event"]:
            case "power":
                self.powered = seen["on"]
                if not seen["on"]:
                    self.blue = self.red = self.streaming = False
                    self.shown.clear()
            case "light" if seen["color"] == "blue":
                self.blue = seen["on"]
            case "light":
                self.red = seen["on"]
            case "screen":
                self.shown[seen["symbol"]] = seen["on"]
            case "stream.open" | "stream.close":
                self.streaming = seen["event"] == "stream.open"
            case "call.start":
                self.calling = seen["leg"]
            case "call.end":
                self.calling = ""
            case "network":
                self.online = seen["on"]
            case "asr.result":
                self.heard = seen["text"]


def panel(name: str, face: Face, front: Image.Image) -> Panel:
    """The device as one sees it, and what it is doing in words."""
    doing = (
        "off" if not face.powered else "muted: the microphones have no power" if face.red else f"in a call ({face.calling})" if face.calling
        else "streaming to the cloud" if face.streaming else "speaking" if face.speaking else "listening for its word"
    )  # fmt: skip
    lit = [
        what
        for what, on in (
            ("blue light", face.blue),
            ("red light", face.red),
            *((s.replace("_", " "), on) for s, on in face.shown.items()),
        )
        if on
    ]
    lines = [picture(front), Text(doing + ("" if face.online else ", no network"))]
    if lit:
        lines.append(Text(", ".join(lit)))
    if face.heard:
        lines.append(Text(f"it understood: {face.heard}", style="italic"))
    if face.said:
        lines.append(Text(f"it said: {face.said}", style="italic"))
    return Panel(
        Group(*lines),
        title=f"{name}, {face.kind}",
        border_style="bright_blue" if face.blue else "red" if face.red else "dim",
        width=64,
    )


def picture(front: Image.Image) -> Text:
    """Two pixels a character: the upper in the colour of the letter, the lower in that of the ground."""
    shown, text = pixels(front, COLUMNS), Text()
    for upper, lower in zip(shown[::2], shown[1::2], strict=True):
        for one, other in zip(upper, lower, strict=True):
            text.append("▀", Style(color=Color.from_rgb(*one), bgcolor=Color.from_rgb(*other)))
        text.append("\n")
    text.right_crop(1)
    return text


def spoken(words: str) -> Samples:
    """The words by espeak-ng, with room around them. Raises SoundError."""
    try:
        made = subprocess.run(
            ["espeak-ng", "-s", "140", "-v", "en-us", "--stdout", words],
            capture_output=True,
            check=True,
            timeout=20,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise SoundError(f"espeak-ng cannot speak ({error}); run scripts/install-system-packages") from None
    return in_a_room(decode(made))


def in_a_room(sound: Samples) -> Samples:
    """With quiet, which is never quite silent, before and after."""
    air = np.concatenate([np.zeros(int(ROOM * RATE)), sound, np.zeros(int(4 * ROOM * RATE))])
    air += np.random.default_rng(len(sound)).normal(0, 12, len(air))
    heard: Samples = np.clip(air, -32768, 32767).astype(np.int16)
    return heard


class Room:
    """The devices of a session, as one stands beside them."""

    def __init__(self, session: Session) -> None:
        self.session, self.device = session, "d1"
        self.watch: Callable[[], None] = lambda: None
        """Called after each piece of sound."""
        self.faces = {name: Face(device.kind.name) for name, device in session.devices.items()}
        for name in self.faces:
            self.ask(do="power", device=name, state="restore")

    @property
    def face(self) -> Face:
        return self.faces[self.device]

    def ask(self, **request: Any) -> str:
        """Carry out a request; returns the complaint, if there is one."""
        *seen, reply = self.session.handle({"id": 1, "device": self.device, **request})
        self.took(seen)
        return str(reply.get("error") or reply.get("unsupported") or "")

    def took(self, seen: Iterable[Mapping[str, Any]]) -> None:
        for entry in seen:
            self.faces[entry["device"]].take(entry)

    def hear(self, air: Samples) -> str:
        """The device hears this, and then quiet until it has finished speaking."""
        for piece in pieces(air):
            self.pass_by(piece)
        while self.session.devices[self.device].speaker.playing:
            self.pass_by(np.zeros(CHUNK, np.int16))
        return ""

    def pass_by(self, piece: Samples) -> None:
        """80 ms beside the device."""
        self.session.out = []
        self.session.hear({"device": self.device}, piece)
        seen, self.session.out = self.session.out, []
        self.took(seen)
        device = self.session.devices[self.device]
        self.face.speaking, self.face.said = device.speaker.playing, device.caption
        self.watch()

    def view(self) -> Panel:
        """The device turned to, as it is now."""
        return panel(self.device, self.face, self.front())

    def front(self) -> Image.Image:
        return drawn(*self.session.devices[self.device].front())

    def do(self, line: str) -> str:
        """What a line asks for; returns what there is to say of it. Raises EOFError to end."""
        word, _, rest = line.strip().partition(" ")
        flip: dict[str, Callable[[], str]] = {
            "/help": lambda: HELP,
            "/mute": lambda: self.ask(do="press", button="microphone"),
            "/action": lambda: (
                self.ask(do="press", button="action") or self.hear(in_a_room(np.zeros(0, np.int16)))
            ),
            "/shutter": lambda: self.ask(do="shutter"),
            "/power": lambda: self.ask(do="power", state="cut" if self.face.powered else "restore"),
            "/network": lambda: self.ask(do="network", state="down" if self.face.online else "up"),
            "/tone": lambda: self.ask(do="set", value=rest == "on"),
            "/call": lambda: self.call(rest or "device"),
            "/hang-up": lambda: self.ask(do="call", state="end", leg="device"),
            "/file": lambda: self.hear(in_a_room(decode(Path(rest)))),
            "/film": lambda: self.look_at(Path(rest)),
            "/picture": lambda: self.keep_picture(Path(rest)),
            "/listen": lambda: self.listen(float(rest or 5)),
            "/device": lambda: self.turn_to(rest),
            "/events": lambda: "\n".join(map(told, self.face.events[-40:])),
            "/quit": ended,
        }
        if not word:
            return ""
        if not word.startswith("/"):
            return self.hear(spoken(line))
        chosen = flip.get(word)
        try:
            return chosen() if chosen is not None else f"there is no {word}\n{HELP}"
        except (SoundError, SoundCardError, FilmError, ValueError, OSError) as error:
            return str(error)

    def call(self, whom: str) -> str:
        if whom not in ("device", "telephone", "declined"):
            return f"one cannot call '{whom}'; say device, telephone or declined"
        return self.ask(
            do="call",
            state="start",
            leg="telephone" if whom == "telephone" else "device",
            answered=whom != "declined",
        )

    def look_at(self, path: Path) -> str:
        self.session.devices[self.device].camera.frames = film(path)
        return ""

    def keep_picture(self, path: Path) -> str:
        self.front().save(path, "PNG")
        return ""

    def turn_to(self, name: str) -> str:
        if name not in self.faces:
            return f"there is no device '{name}'; choose from {', '.join(self.faces)}"
        self.device = name
        return ""

    def listen(self, seconds: float) -> str:
        chunks = [c for c, _ in zip(sound_card(), range(int(seconds * RATE / CHUNK)), strict=False)]
        return self.hear(np.concatenate(chunks))


def ended() -> str:
    raise EOFError


def told(seen: Mapping[str, Any]) -> str:
    values = ", ".join(f"{k} {v}" for k, v in seen.items() if k not in ("event", "time", "device"))
    return f"{seen['time'] / 1_000_000:9.3f} s  {seen['event']}  {values}"


def converse(room: Room, lines: Iterator[str], console: Console) -> None:
    """One line after another, the device's picture after each."""
    console.print(room.view())
    for line in lines:
        with Live(room.view(), console=console, transient=True, auto_refresh=False) as live:
            room.watch = lambda live=live: shown(live, room) if console.is_terminal else None  # type: ignore[misc]
            try:
                said = room.do(line)
            except EOFError:
                return
        if said:
            console.print(said, highlight=False, markup=False)
        console.print(room.view())


def shown(live: Live, room: Room) -> None:
    """The device as it is now, a little faster than it would be in the room."""
    live.update(room.view(), refresh=True)
    time.sleep(CHUNK / RATE / 4)


def main() -> None:
    parser = argparse.ArgumentParser(prog="earwitness-reference", description=__doc__)
    parser.add_argument(
        "words", nargs="*", help="say or do these, one after another, instead of asking for input"
    )
    options = parser.parse_args()
    console = Console()
    session = Session()
    try:
        people = {p["role"]: p["token"] for p in reversed(session.cloud.people)}
        console.print(
            f"the property's page: {session.cloud.property}\nits token: {people['organisation']}\n",
            highlight=False,
        )
        room = Room(session)
        if options.words:
            converse(room, iter(options.words), console)
        else:
            console.print(HELP + "\n", highlight=False, markup=False)
            converse(room, (line for line in iter(lambda: console.input("> "), None)), console)
    except (EOFError, KeyboardInterrupt):
        pass
    finally:
        session.stop()


if __name__ == "__main__":
    main()
