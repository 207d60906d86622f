"""The server's end of ESPHome's native API: its client library, whose loop runs in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import TimeoutError as Unanswered
from typing import Any, TypeAlias

from earwitness.conformance.targets.subjects.serving import PATIENCE

SWITCHES = {"mute": True, "microphone": False, "mic": False}
"""Words in the name of a switch for the microphones, and what it is while they are muted."""
USES_WAKE_WORD = 2
"""The flag of a device that sends all it hears, and has its server listen for the wake word."""

Post: TypeAlias = Callable[[Callable[[], None]], None]


KEY = "key="
"""Before the key with which the device speaks, among the words of a target."""


def part_keys(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of the program, and the keys."""
    program = [word for word in words if not word.startswith(KEY)]
    keys = [word.removeprefix(KEY) for word in words if word.startswith(KEY)]
    return program, keys


class EsphomeLoop:
    """One loop for all connections of a driver, with the key of its device; none where it has none."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def connect(self, port: int, post: Post) -> EsphomeLink:
        """Raises OSError where the device does not answer."""
        return EsphomeLink(self, port, post)

    def wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What comes of it. Raises OSError where nothing does in time, or the device is gone."""
        from aioesphomeapi import APIConnectionError

        asked = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return asked.result(PATIENCE)
        except (APIConnectionError, Unanswered, TimeoutError) as error:
            asked.cancel()
            raise OSError(f"{type(error).__name__}: {error}") from None


class EsphomeLink:
    """One client of the device. Raises OSError where the device does not answer."""

    def __init__(self, loop: EsphomeLoop, port: int, post: Post) -> None:
        from aioesphomeapi import APIClient

        self._loop, self._post = loop, post
        self.lose: Callable[[], None] = lambda: None
        """Called where the connection ends and nobody here ended it."""

        async def note_end(is_expected: bool) -> None:
            if not is_expected:
                post(lambda: self.lose())

        async def connect() -> Any:
            key = loop.key or None
            client = APIClient("127.0.0.1", port, None, noise_psk=key)
            await client.connect(
                on_stop=note_end, login=True, log_errors=False
            )
            return client

        self._client = loop.wait_for(connect())

    def follow(
        self,
        begin: Callable[[int], None],
        end: Callable[[], None],
        hear: Callable[[bytes], None],
    ) -> None:
        """Be the server of its voice assistant; it tells with which flags it begins a request."""

        async def take_begin(_: str, flags: int, *__: object) -> int:
            self._post(lambda: begin(flags))
            return 0

        async def take_end(_: bool) -> None:
            self._post(end)

        async def take_sound(sound: bytes, *_: object) -> None:
            self._post(lambda: hear(sound))

        async def subscribe() -> None:
            self._client.subscribe_voice_assistant(
                handle_start=take_begin,
                handle_stop=take_end,
                handle_audio=take_sound,
            )

        self._loop.wait_for(subscribe())

    def mute(self, on: bool) -> bool:
        """Whether it has a switch for that."""
        entities, _ = self._loop.wait_for(
            self._client.list_entities_services()
        )
        switches = [e for e in entities if type(e).__name__ == "SwitchInfo"]
        for word, state in SWITCHES.items():
            for switch in switches:
                if word in f"{switch.object_id} {switch.name}".lower():
                    self.do("switch_command", switch.key, state == on)
                    return True
        return False

    def ask_for_life(self) -> None:
        """Returns when the device has worked off what it was sent."""
        self._loop.wait_for(self._client.device_info())

    def tell(self, word: str, data: Mapping[str, str] | None = None) -> None:
        """An event of the voice assistant."""
        from aioesphomeapi import VoiceAssistantEventType as Event

        kind = Event[f"VOICE_ASSISTANT_{word}"]
        self.do("send_voice_assistant_event", kind, dict(data or {}))

    def do(self, name: str, *arguments: object) -> None:
        """A command of the client library; nothing happens where the device is gone."""
        from aioesphomeapi import APIConnectionError

        def command() -> None:
            with contextlib.suppress(APIConnectionError):
                getattr(self._client, name)(*arguments)

        self._loop.loop.call_soon_threadsafe(command)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._loop.wait_for(self._client.disconnect(force=True))
