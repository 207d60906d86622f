"""A device with ESPHome's native API and its voice assistant: `esphome:PROGRAM OPTIONS` starts the program,
in whose options {microphone} and {loudspeaker} stand for what the harness gives. This plays its server. An
option `key=BASE64` is the key of its encryption."""

from __future__ import annotations

import contextlib
import sys
from functools import partial

from earwitness.conformance.targets.subjects import kit
from earwitness.conformance.targets.subjects.esphome_link import (
    USES_WAKE_WORD,
    EsphomeLink,
    EsphomeLoop,
    part_keys,
)
from earwitness.conformance.targets.subjects.held_requests import HttpService

PORT = 6_053
"""Where ESPHome's native API listens unless it is told otherwise."""
PIECE = 1_024
"""Bytes of an answer that are sent to a device at once, as Home Assistant does."""
open_esphome = kit.open_program(
    purpose="A program that is a device with ESPHome's native API (pip install 'earwitness[esphome]')",
    module=__name__,
    remedy="write esphome:PROGRAM, such as a build for the platform 'host'",
)


class EsphomeDevice(kit.ServedSubject):
    """The wake word is heard in the device, which then asks for a request, or in its server if it says so."""

    name = "ESPHome device"
    port = PORT
    capabilities = kit.SHOWS_NOTHING
    wakes_by_itself = True

    def __init__(self, program: str, options: list[str]) -> None:
        super().__init__(sys.stdin, sys.stdout)
        words = [program, *self.take_options(options)]
        self._program, keys = part_keys(words)
        self.encrypted = bool(keys)
        self._loop = EsphomeLoop("".join(keys))
        self._links: list[EsphomeLink] = []
        self._server: EsphomeLink | None = None
        self._answers: HttpService | None = None
        self._waits_for_word = False

    def start(self) -> None:
        self.launch_program(self._program)
        self.come()

    def greet(self) -> None:
        self._answers = HttpService(0, self.post, lambda _: None)
        self.reach(lambda: self._knock(self.door or PORT))
        self._server = self._links[-1]
        self._server.lose = self._lose_server
        self._server.follow(
            self._begin_request, self._end_by_device, self._take_sound
        )

    def leave(self) -> None:
        self._server = None
        for link in self._links:
            link.close()
        if self._answers is not None:
            self._answers.close()
        self._links, self._answers, self._waits_for_word = [], None, False

    def let_stranger_in(self, *, runs: bool) -> None:
        self.reach(lambda: self._knock(self.stranger_door or PORT))
        if runs:
            hear = partial(self.take_sound, peer="stranger")
            self._links[-1].follow(lambda _: None, lambda: None, hear)

    def finish(self) -> None:
        self._tell("STT_END", text="weather")
        self._tell("TTS_START", text="it is sunny")

    def play(self, sound: bytes) -> None:
        """Streamed to a device that takes it so, and at an address for one that fetches it."""
        if self._server is None or self._answers is None:
            return
        url = self._answers.serve_file("answer.wav", kit.wav_of(sound))
        self._tell("TTS_END", url=url)
        self._tell("TTS_STREAM_START")
        for at in range(0, len(sound), PIECE):
            piece = sound[at : at + PIECE]
            self._server.do("send_voice_assistant_audio", piece)
        self._tell("TTS_STREAM_END")
        self._tell("RUN_END")

    def fail(self) -> None:
        self._tell("ERROR", code="test", message="it failed")
        self._tell("RUN_END")

    def set_mute(self, on: bool) -> None:
        if self._server is None or not self._server.mute(on):
            raise kit.Refusal("it has no switch that is named for its mute")

    def settle(self) -> None:
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.ask_for_life()
        super().settle()

    def _begin_request(self, flags: int) -> None:
        """The device asks for a request, or for somebody who hears its wake word."""
        self._waits_for_word = bool(flags & USES_WAKE_WORD)
        self._tell("RUN_START")
        if self._waits_for_word:
            self._tell("WAKE_WORD_START")
        else:
            self.hear_of_wake_word()
            self._begin_speech()

    def _end_by_device(self) -> None:
        self.close_stream(origin="device")

    def _take_sound(self, sound: bytes) -> None:
        if self._waits_for_word:
            self.take_wake_sound(sound, self._end_wake_word)
        else:
            self.take_sound(sound)

    def _end_wake_word(self) -> None:
        self._waits_for_word = False
        self._tell("WAKE_WORD_END", wake_word_output="alexa")
        self._begin_speech()

    def _begin_speech(self) -> None:
        self.open_stream()
        self._tell("STT_START")

    def _knock(self, port: int) -> bool:
        self._links.append(self._loop.connect(port, self.post))
        return True

    def _lose_server(self) -> None:
        self._server = None
        self.lose()

    def _tell(self, word: str, **data: str) -> None:
        if self._server is not None:
            self._server.tell(word, data)


if __name__ == "__main__":
    kit.run_driver(EsphomeDevice)
