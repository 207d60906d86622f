"""A device with ESPHome's native API and its voice assistant: `esphome:PROGRAM OPTIONS` starts the program,
in whose options {microphone} and {loudspeaker} stand for what the harness gives. This plays its server."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Coroutine
from typing import Any

from earwitness.conformance.targets.subjects import kit

PORT = 6_053
"""Where ESPHome's native API listens unless it is told otherwise."""


open_esphome = kit.open_program(
    purpose="A program that is a device with ESPHome's native API (pip install 'earwitness[esphome]')",
    module=__name__,
    remedy="write esphome:PROGRAM, such as a build for the platform 'host'",
)


class EsphomeDevice(kit.ServedSubject):
    """The wake word is heard in the device, which says so when it asks for a request."""

    name = "ESPHome device"
    port = PORT
    capabilities = kit.SHOWS_NOTHING

    def __init__(self, program: str, options: list[str]) -> None:
        super().__init__(sys.stdin, sys.stdout)
        self._program = [program, *self.take_options(options)]
        self._clients: list[Any] = []
        self._server: Any = None
        self._switches: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def start(self) -> None:
        places = self.places()
        self.launch([word.format_map(places) for word in self._program])
        self.come()

    def greet(self) -> None:
        self.reach(lambda: self._knock(self.door or PORT))
        self._server = self._clients[-1]
        entities, _ = self._await(self._server.list_entities_services())
        self._switches = {
            entity.name.lower(): entity.key
            for entity in entities
            if type(entity).__name__ == "SwitchInfo"
        }
        self._await(self._subscribe(self._server, ""))

    def leave(self) -> None:
        for client in self._clients:
            self._await(client.disconnect(force=True))
        self._clients, self._server = [], None

    def let_stranger_in(self, *, runs: bool) -> None:
        self.reach(lambda: self._knock(self.stranger_door or PORT))
        if runs:
            self._await(self._subscribe(self._clients[-1], "stranger"))

    def finish(self) -> None:
        self._tell("STT_END", {"text": "what is the weather"})
        self._tell("TTS_START", {"text": "it is sunny"})

    def play(self, sound: bytes) -> None:
        self._tell("TTS_STREAM_START")
        for at in range(0, len(sound), 1_024):
            self._do("send_voice_assistant_audio", sound[at : at + 1_024])
        self._tell("TTS_STREAM_END")
        self._tell("RUN_END")

    def fail(self) -> None:
        self._tell("ERROR", {"code": "test", "message": "it failed"})
        self._tell("RUN_END")

    def set_mute(self, on: bool) -> None:
        keys = [k for n, k in self._switches.items() if "mute" in n]
        if not keys:
            raise kit.Refusal("it has no switch whose name holds 'mute'")
        self._do("switch_command", keys[0], on)

    def settle(self) -> None:
        if self._server is not None:
            self._await(self._server.device_info())
        super().settle()

    def _knock(self, port: int) -> bool:
        from aioesphomeapi import APIClient, APIConnectionError

        async def connect() -> Any:
            client = APIClient("127.0.0.1", port, None)
            await client.connect(login=True, log_errors=False)
            return client

        try:
            self._clients.append(self._await(connect()))
        except (APIConnectionError, TimeoutError):
            return False
        return True

    async def _subscribe(self, client: Any, peer: str) -> None:
        async def begin(_: str, __: int, ___: Any, phrase: str | None) -> int:
            self.post(lambda: self._begin_request(phrase))
            return 0

        async def end(_: bool) -> None:
            self.post(lambda: self.close_stream(origin="device"))

        async def hear(sound: bytes, *_: Any) -> None:
            self.post(lambda: self.take_sound(sound, peer))

        client.subscribe_voice_assistant(
            handle_start=begin, handle_stop=end, handle_audio=hear
        )

    def _begin_request(self, phrase: str | None) -> None:
        if phrase:
            self.report("wake_word", word="alexa")
        self.open_stream("wake_word" if phrase else "")
        self._tell("RUN_START")
        self._tell("STT_START")

    def _tell(self, word: str, data: dict[str, str] | None = None) -> None:
        from aioesphomeapi import VoiceAssistantEventType as Event

        kind = Event[f"VOICE_ASSISTANT_{word}"]
        self._do("send_voice_assistant_event", kind, data)

    def _do(self, name: str, *arguments: Any) -> None:
        """A command of the client library; nothing happens where the device is gone."""
        if self._server is None:
            return
        command = getattr(self._server, name)
        self._loop.call_soon_threadsafe(command, *arguments)

    def _await(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        asked = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return asked.result(kit.PATIENCE)


if __name__ == "__main__":
    kit.run_driver(EsphomeDevice)
