"""Rhasspy's Hermes services over MQTT: `hermes`, or `hermes:PYTHON OPTIONS` with the interpreter that has
them. The driver plays the broker's other guests: hotword, recogniser, speech."""

from __future__ import annotations

import json
import shlex
import socket
import sys
import threading

from earwitness.conformance.targets.subjects import kit
from earwitness.conformance.targets.subjects.mqtt_broker import (
    MqttBroker,
    text_in,
)

BROKER, HOTWORD = 1_883, 12_202
"""Ports of MQTT, and of the sound that a microphone sends to its hotword service by UDP."""
SITE = "satellite"

open_hermes = kit.open_installed(
    kind="hermes",
    purpose="Rhasspy's microphone and dialogue services over MQTT; scripts/real-targets hermes installs them",
    module=__name__,
)


class HermesServices(kit.ServedSubject):
    """The subject calls the broker, which stands behind the harness's door. It has no mute."""

    name = "Rhasspy's Hermes services"
    port = BROKER
    inward = False
    capabilities: kit.Names = tuple(
        name for name in kit.SHOWS_NOTHING if name != "software_mute"
    )

    def __init__(self, python: str, options: list[str]) -> None:
        super().__init__(sys.stdin, sys.stdout)
        self._python = python
        self._options = self.take_options(options)
        self.speed = self.speed or 1.0  # its own clock is on the wall
        self._broker: MqttBroker | None = None
        self._session = self._text = ""
        threading.Thread(target=self._hear_hotword, daemon=True).start()

    def start(self) -> None:
        if self.is_server_there:
            self.greet()
        record = f"cat {shlex.quote(self.microphone)}"
        door = ["--host", "127.0.0.1", "--port", str(self.door or BROKER)]
        site = ["--site-id", SITE]
        microphone = [
            self._python, "-m", "rhasspymicrophone_cli_hermes", *door, *site,
            "--record-command", record,
            "--sample-rate", "16000", "--sample-width", "2", "--channels", "1",
            "--udp-audio-host", "127.0.0.1", "--udp-audio-port", str(HOTWORD),
            *self._options,
        ]  # fmt: skip
        module = "rhasspydialogue_hermes"
        dialogue = [self._python, "-m", module, *door, *site]
        both = f"{shlex.join(dialogue)} & {shlex.join(microphone)}; wait"
        self.launch(["sh", "-c", both])
        self.reach(self._subject_is_there)

    def greet(self) -> None:
        self._broker = MqttBroker(BROKER, self.make_folder(), self._read_mqtt)
        broker = self._broker
        self.reach(lambda: broker.enter("hermes/#"))
        if (
            self.process is not None
        ):  # two services, whose own clocks say when they come back
            self.pump(lambda: broker.present > 2, 8 * kit.PATIENCE)

    def leave(self) -> None:
        if self._broker is not None:
            self._broker.close()
        self._broker = None

    def finish(self) -> None:
        captured = {"text": "weather", "likelihood": 1, "seconds": 1}
        self._tell("hermes/asr/textCaptured", **captured)
        self._tell("hermes/dialogueManager/endSession", text="it is sunny")
        self.pump(lambda: bool(self._text), kit.PATIENCE)

    def play(self, sound: bytes) -> None:
        """The device's dialogue asks for speech, which is played here."""
        if self._text:
            with open(self.loudspeaker, "ab") as speaker:
                speaker.write(sound)
            self._tell("hermes/tts/sayFinished", id=self._text)
            self._text = ""

    def fail(self) -> None:
        self._tell("hermes/error/asr", error="the request failed")

    def _subject_is_there(self) -> bool:
        return self.pump(lambda: self.waiting_sound() == 0, kit.PATIENCE)

    def _tell(self, topic: str, **content: object) -> None:
        if self._broker is not None:
            said = {"siteId": SITE, "sessionId": self._session, **content}
            self._broker.publish(topic, json.dumps(said))

    def _read_mqtt(self, topic: str, payload: bytes) -> None:
        self.post(lambda: self._hear(topic, payload))

    def _hear(self, topic: str, payload: bytes) -> None:
        session = text_in(payload, "sessionId")
        match topic.split("/"):
            # Some services send the sound of a session apart, under its name.
            case ["hermes", "audioServer", _, "audioFrame"] | [
                *_,
                "audioSessionFrame",
            ]:
                self.take_sound(kit.samples_of(payload))
            case ["hermes", "dialogueManager", "sessionStarted"]:
                self._session = session
            case ["hermes", "asr", "startListening"]:
                self._session = session or self._session
                self.open_stream()
            case ["hermes", "asr", "stopListening"]:
                self.close_stream(origin="device")
            case ["hermes", "tts", "say"]:
                self._text = text_in(payload, "id") or "say"

    def _hear_hotword(self) -> None:
        """The hotword service, to which the microphone sends all it hears until a request begins."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
            heard.bind(("127.0.0.1", HOTWORD))
            while True:
                self._hand_over(kit.samples_of(heard.recv(1 << 16)))

    def _hand_over(self, sound: bytes) -> None:
        self.post(lambda: self.take_wake_sound(sound, self._wake))

    def _wake(self) -> None:
        # All that any version of the message holds.
        self._tell(
            "hermes/hotword/alexa/detected",
            modelId="alexa",
            modelVersion="1",
            modelType="universal",
            currentSensitivity=1.0,
        )


if __name__ == "__main__":
    kit.run_driver(HermesServices, "rhasspy-microphone-cli-hermes")
