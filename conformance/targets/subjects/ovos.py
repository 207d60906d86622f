"""Open Voice OS: `ovos`, or `ovos:PYTHON OPTIONS` with the interpreter that has its bus and listener; an
option `listener.save_utterances=true` is a setting of its mycroft.conf. The driver plays the speech server,
which is asked by HTTP once the words are over, and whoever speaks the answer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from earwitness.conformance.targets.subjects import kit, ovos_settings
from earwitness.conformance.targets.subjects.held_requests import HttpService
from earwitness.conformance.targets.subjects.ovos_bus import BUS, OvosBus

SPEECH = 9_666
"""The port of the project's own examples for its speech server."""
open_ovos = kit.open_installed(
    kind="ovos",
    purpose="Open Voice OS's bus and listener; scripts/real-targets ovos installs them",
    module=__name__,
)


class OvosListener(kit.ServedSubject):
    """What it records it sends at once, when the words are over."""

    name = "ovos-dinkum-listener"
    port = SPEECH
    inward = False
    service_ports = (BUS,)
    peers = ovos_settings.ASKED_WHETHER_ONLINE
    buffered = 128_000  # it takes 4,096 bytes at once
    wakes_by_itself = True
    mutes_by_server = False

    def __init__(self, python: str, options: list[str]) -> None:
        super().__init__(sys.stdin, sys.stdout)
        self._python = python
        self._options = self.take_options(options)
        self._bus: OvosBus | None = None
        self._strangers: list[OvosBus] = []
        self._server: HttpService | None = None
        self._records = False

    def start(self) -> None:
        ovos_settings.write_home(
            home=Path(self.make_folder()),
            microphone=self.microphone,
            speech=f"http://127.0.0.1:{self.door or SPEECH}/stt",
            options=self._options,
        )
        self.launch(
            ["sh", "-c", ovos_settings.services(self._python, self.folder)]
        )
        self.reach(self._enter_bus, BUS)
        Path(self.folder, ovos_settings.BUS_IS_UP).touch()
        self.come()
        self.reach(self._is_ready, BUS)

    def stop(self) -> None:
        super().stop()
        for bus in (self._bus, *self._strangers):
            if bus is not None:
                bus.close()
        self._bus, self._strangers, self._records = None, [], False

    def greet(self) -> None:
        self._server = HttpService(SPEECH, self.post, self._take_request)

    def leave(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None

    def let_stranger_in(self, *, runs: bool) -> None:
        """Another client of the bus, to which every program of the device has access."""
        self._strangers.append(OvosBus("stranger", self))
        if runs:
            self._strangers[-1].emit("mycroft.mic.unmute")

    def behave(self, behaviour: str) -> None:
        is_asked = self._server is not None and self._server.is_asked
        is_prompt = behaviour in ("error", *kit.AWAY)
        if is_prompt and self._records and not is_asked:
            raise kit.Refusal("its server is asked when the words are over")
        super().behave(behaviour)

    def finish(self) -> None:
        self._reply(HTTPStatus.OK, "what is the weather")
        if self._bus is not None:
            self._bus.wait_for("recognizer_loop:utterance")

    def fail(self) -> None:
        self._reply(HTTPStatus.INTERNAL_SERVER_ERROR)

    def play(self, sound: bytes) -> None:
        self._tell("recognizer_loop:audio_output_start")
        with open(self.loudspeaker, "ab") as speaker:
            speaker.write(sound)
        self._tell("recognizer_loop:audio_output_end")

    def set_mute(self, on: bool) -> None:
        self._tell("mycroft.mic.mute" if on else "mycroft.mic.unmute")

    def idle(self) -> None:
        """It hears nothing while it waits for its speech server, which is here."""
        self.pump(lambda: not self.waiting_sound(), kit.QUIET)

    def settle(self) -> None:
        if self._bus is not None:
            self._bus.ask("mycroft.mic.get_status")
        super().settle()

    def _enter_bus(self) -> bool:
        self._bus = OvosBus("user", self, self._hear)
        return True

    def _is_ready(self) -> bool:
        bus = self._bus
        return bus is not None and bus.is_told_yes("mycroft.voice.is_ready")

    def _tell(self, kind: str) -> None:
        if self._bus is not None:
            self._bus.emit(kind)

    def _reply(self, status: HTTPStatus, text: str = "") -> None:
        if self._server is not None:
            self._server.reply(status, text)

    def _hear(self, kind: str, _: Mapping[str, object]) -> None:
        match kind:
            case "recognizer_loop:wakeword":
                self.hear_of_wake_word()
            case (
                "recognizer_loop:record_begin" | "recognizer_loop:record_end"
            ):
                self._records = kind.endswith("begin")
                self.show_listening(self._records)

    def _take_request(self, content: bytes) -> None:
        self.open_stream()
        self.take_sound(kit.samples_of(content))
        self.end_request()


if __name__ == "__main__":
    kit.run_driver(OvosListener, OvosListener.name)
