"""Home Assistant as the server of a Wyoming satellite: `homeassistant`, or `homeassistant:PYTHON OPTIONS`
with the interpreter that has it. The satellite is the one of `wyoming`, or an option `satellite=PYTHON` names
its interpreter; all other options are the satellite's. The driver plays what Home Assistant needs in its
turn, a recogniser and a voice, and mutes by its switch."""

from __future__ import annotations

import contextlib
import os
import urllib.request
from pathlib import Path

from earwitness.conformance.targets.subjects import kit
from earwitness.conformance.targets.subjects.homeassistant_settings import (
    INFO,
    MUTE_OFF,
    MUTE_ON,
    STOP,
    WEB,
    find_ffmpeg,
    write_settings,
)
from earwitness.conformance.targets.subjects.sound import tone
from earwitness.conformance.targets.subjects.wyoming import Said
from earwitness.conformance.targets.subjects.wyoming_link import (
    FORM,
    WyomingLink,
    WyomingMessage,
    listen_for_clients,
)
from earwitness.conformance.targets.subjects.wyoming_relay import (
    RELAY,
    RelayedSatellite,
)

SPEECH = 10_300
"""The port of its recogniser and voice."""
SATELLITE = ".real-targets/wyoming/bin/python"
"""Where `scripts/real-targets wyoming` puts the satellite."""
PYTHON = "satellite="
"""How the option begins that names another."""
THINKING = 5 * kit.PATIENCE
"""Seconds that it has from the end of the words to the end of its answer."""
BEHIND = 0.25
"""Seconds that it may take for a piece of sound before the next comes."""

open_homeassistant = kit.open_installed(
    kind="homeassistant",
    purpose="Home Assistant behind a Wyoming satellite; scripts/real-targets homeassistant installs both",
    module=__name__,
)


class HomeAssistant(RelayedSatellite):
    name = "wyoming-satellite with Home Assistant"
    service_ports = (*RelayedSatellite.service_ports, SPEECH, WEB)

    def __init__(self, python: str, options: list[str]) -> None:
        satellite, own = _split_options(options)
        program = [python, "-m", "homeassistant", "-c", "{folder}/hass"]
        super().__init__(satellite, [*own, "--", *program, "--skip-pip"])
        self.setup = " ".join(options)
        self._ffmpeg = find_ffmpeg(python)
        self._answers = 0
        self._recognised = 0
        self._told_to_run = 0
        self._keeps_up = True
        listen_for_clients(SPEECH, self.post, self._hear_speech)

    def greet(self) -> None:
        folder = Path(self.make_folder(), "hass")
        write_settings(
            folder, satellite=RELAY, speech=SPEECH, ffmpeg=self._ffmpeg
        )
        super().greet()

    def come(self) -> None:
        """It remembers by itself whether its satellite is muted."""
        self._is_known = False
        super().come()

    def behave(self, behaviour: str) -> None:
        if behaviour in kit.AWAY and self.foreign_server.is_running:
            # As whoever restarts it does: it keeps what it knows.
            self._ask(STOP)
            self.pump(lambda: not self.foreign_server.is_running, THINKING)
        super().behave(behaviour)

    def set_mute(self, on: bool) -> None:
        """What it tells its satellite then shows that it took its switch."""
        told = self._told_to_run
        if not (
            self._ask(MUTE_ON if on else MUTE_OFF)
            and self.pump(lambda: self._told_to_run > told, THINKING)
        ):
            raise kit.Refusal("Home Assistant did not take its switch")

    def heard(self, taken: int) -> None:
        super().heard(taken)
        if self.is_open:
            # It has the sound when its recogniser has.
            # One that does not listen, as it is muted, is not waited for each time.
            recognised = self._recognised
            self._keeps_up = self.pump(
                lambda: self._recognised > recognised,
                BEHIND if self._keeps_up else 0.0,
            )

    def _hand_to_satellite(self, said: WyomingMessage) -> None:
        answers = self._answers
        super()._hand_to_satellite(said)
        self._answers += said.kind in ("audio-stop", "error")
        self._told_to_run += said.kind in ("pause-satellite", "run-satellite")
        if said.kind == "voice-stopped":
            self.pump(lambda: self._answers > answers, THINKING)

    def _hear_speech(self, link: WyomingLink, said: Said) -> None:
        match said:
            case WyomingMessage("describe"):
                link.send("info", **INFO)
            case WyomingMessage("audio-chunk"):
                self._recognised += len(said.sound)
            case WyomingMessage("audio-stop"):
                # It is asked for nothing that it knows, and answers that it does not understand.
                link.send("transcript", text="sing me a song")
            case WyomingMessage("synthesize"):
                link.send("audio-start", b"", **FORM)
                link.send("audio-chunk", tone(0.5), **FORM)
                link.send("audio-stop")

    def _ask(self, deed: str) -> bool:
        address = f"http://127.0.0.1:{WEB}/api/webhook/{deed}"
        request = urllib.request.Request(address, b"", method="POST")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(request, timeout=kit.PATIENCE).close()
            return True
        return False


def _split_options(options: list[str]) -> tuple[str, list[str]]:
    """The satellite's interpreter, and the satellite's options."""
    named = [o for o in options if o.startswith(PYTHON)]
    place = named[-1].removeprefix(PYTHON) if named else SATELLITE
    return os.path.abspath(place), [o for o in options if o not in named]


if __name__ == "__main__":
    kit.run_driver(HomeAssistant, "homeassistant")
