"""What a person sees of a device in the console: its lights, its screen, its last events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image
from rich.color import Color
from rich.console import Group
from rich.panel import Panel
from rich.style import Style
from rich.text import Text

from earwitness.reference_impl.device.screen import reduce_picture
from earwitness.reference_impl.session import Session

COLUMNS = 40
"""Letters across the device's picture: with it the whole panel has 19 lines, so that it fits a terminal of
24."""
WIDTH = 64
"""Letters across the panel, its frame included."""


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
    events: list[Mapping[str, object]] = field(default_factory=list)

    def take(self, seen: Mapping[str, object]) -> None:
        """One observation."""
        if not str(seen["event"]).endswith(".captured"):
            self.events.append(seen)
        match seen["event"]:
            case "power":
                self.powered = bool(seen["on"])
                if not seen["on"]:
                    self.go_dark()
            case "light" if seen["color"] == "blue":
                self.blue = bool(seen["on"])
            case "light":
                self.red = bool(seen["on"])
            case "screen":
                self.shown[str(seen["symbol"])] = bool(seen["on"])
            case "stream.open":
                # What was said before belongs to another request.
                self.streaming, self.heard, self.said = True, "", ""
            case "stream.close":
                self.streaming = False
            case "call.start":
                self.calling = str(seen["leg"])
            case "call.end":
                self.calling = ""
            case "network":
                self.online = bool(seen["on"])
            case "asr.result":
                self.heard = str(seen["text"])

    def go_dark(self) -> None:
        self.blue = self.red = self.streaming = False
        self.shown.clear()

    def describe(self) -> str:
        """What it is doing, and what is lit, in words."""
        symbols = [
            symbol.replace("_", " ")
            for symbol, on in self.shown.items()
            if on
        ]
        lights = [
            name
            for name, on in (
                ("blue light", self.blue),
                ("red light", self.red),
            )
            if on
        ]
        network = [] if self.online else ["no network"]
        return ", ".join([self.describe_work(), *network, *lights, *symbols])

    def describe_work(self) -> str:
        if not self.powered:
            return "off"
        if self.red:
            return "muted: the microphones have no power"
        if self.calling:
            return f"in a call ({self.calling})"
        if self.streaming:
            return "streaming to the cloud"
        return "speaking" if self.speaking else "listening for its word"

    @property
    def border(self) -> str:
        if self.blue:
            return "bright_blue"
        return "red" if self.red else "dim"


@dataclass(frozen=True, slots=True)
class Entrance:
    """How a person gets to the property's page."""

    address: str
    token: str
    fingerprint: str

    def describe(self) -> str:
        return (
            f"page         {self.address}\n"
            f"token        {self.token}\n"
            "The browser warns you: the certificate is made by this program each time it starts.\n"
            f"This is its SHA-256 fingerprint; compare it with the browser's:\n{self.fingerprint}"
        )


def entrance_to(session: Session) -> Entrance:
    """The entrance of the organisation to which the devices belong."""
    first = next(
        person
        for person in session.cloud.people
        if person["role"] == "organisation"
    )
    return Entrance(
        session.cloud.property,
        first["token"],
        session.cloud.fingerprint,
    )


def draw_panel(
    name: str, face: Face, front: Image.Image, entrance: Entrance
) -> Panel:
    """The device as one sees it, what it is doing in words, and how to get to the page: always as high."""
    lines = [
        face.describe(),
        f"it understood: {face.heard}" if face.heard else "",
        f"it said: {face.said}" if face.said else "",
        f"page  {entrance.address}",
        f"token {entrance.token}",
    ]
    return Panel(
        Group(
            draw_picture(front),
            *(
                Text(line, no_wrap=True, overflow="ellipsis")
                for line in lines
            ),
        ),
        title=f"{name}, {face.kind}",
        border_style=face.border,
        width=WIDTH,
    )


def draw_picture(front: Image.Image) -> Text:
    """Two pixels a character: the upper in the colour of the letter, the lower in that of the ground."""
    shown, text = reduce_picture(front, COLUMNS), Text()
    for upper, lower in zip(
        shown[::2],
        shown[1::2],
        strict=True,
    ):
        for one, other in zip(
            upper,
            lower,
            strict=True,
        ):
            text.append(
                "▀",
                Style(
                    color=Color.from_rgb(*one),
                    bgcolor=Color.from_rgb(*other),
                ),
            )
        text.append("\n")
    text.right_crop(1)
    return text
