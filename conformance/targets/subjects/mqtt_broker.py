"""An MQTT broker for a subject, and a guest of it that the driver plays."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from earwitness.conformance.targets.subjects.subject import Refusal

SETTINGS = """listener {port} 127.0.0.1
allow_anonymous true
user root
sys_interval 1
"""
"""In a cell there is no other user than root; it says every second how many are there."""
PRESENT = "$SYS/broker/clients/connected"


class MqttBroker:
    """`take` is called in a thread of the client library."""

    def __init__(
        self, port: int, folder: str, take: Callable[[str, bytes], None]
    ) -> None:
        try:
            from paho.mqtt import client as mqtt
        except ImportError:
            raise Refusal("pip install 'earwitness[hermes]'") from None
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
        if program is None:
            raise Refusal("the broker is missing: apt-get install mosquitto")
        settings = Path(folder, "broker.conf")
        settings.write_text(SETTINGS.format(port=port))
        self._port = port
        self._process = subprocess.Popen(
            [program, "-c", str(settings)], stdout=sys.stderr.fileno()
        )
        self.present = 0
        """How many are connected, the guest among them, as the broker said last."""
        self._take = take
        self._guest: Any = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._guest.on_message = lambda _, __, said: self._hear(
            said.topic, said.payload
        )

    def enter(self, topics: str) -> bool:
        """The guest connects and reads these topics. Raises OSError where the broker is not there yet."""
        if self._guest.connect("127.0.0.1", self._port) != 0:
            return False
        self._guest.subscribe([(topics, 0), (PRESENT, 0)])
        self._guest.loop_start()
        return True

    def _hear(self, topic: str, payload: bytes) -> None:
        if topic != PRESENT:
            self._take(topic, payload)
        elif payload.isdigit():
            self.present = int(payload)

    def publish(self, topic: str, content: str) -> None:
        self._guest.publish(topic, content)

    def close(self) -> None:
        self._guest.loop_stop()
        self._process.kill()
        self._process.wait()


def text_in(payload: bytes, name: str) -> str:
    """What a message says of that name; nothing where it is no JSON object, or says nothing."""
    said: object = None
    with contextlib.suppress(ValueError):
        said = json.loads(payload)
    return str(said.get(name) or "") if isinstance(said, dict) else ""
