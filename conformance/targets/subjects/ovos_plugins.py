"""Plugins for Open Voice OS, which run within its interpreter: a microphone that is a pipe, and a wake word
detector that needs no download. The driver lays this file beside its settings; nothing here imports ours."""

from __future__ import annotations

import os
import select
from collections.abc import Mapping

from ovos_plugin_manager.templates.hotwords import HotWordEngine
from ovos_plugin_manager.templates.microphone import Microphone
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

LOOK = 0.2
"""Seconds after which a microphone without sound looks whether it has been stopped."""


class PipeMicrophone(Microphone):
    """Reads what the harness lets it hear: s16le, mono, 16 kHz."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path, self._pipe = path, -1
        self._held = b""

    def start(self) -> None:
        self._pipe = os.open(self._path, os.O_RDONLY)

    def read_chunk(self) -> bytes | None:
        while len(self._held) < self.chunk_size:
            if not select.select([self._pipe], [], [], LOOK)[0]:
                return None
            self._held += os.read(
                self._pipe, self.chunk_size - len(self._held)
            )
        chunk, self._held = self._held, b""
        return chunk

    def stop(self) -> None:
        os.close(self._pipe)


class AlexaWord(HotWordEngine):
    """microWakeWord, with the model that its package brings."""

    def __init__(
        self, key_phrase: str, config: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(key_phrase, config)
        self._features = MicroWakeWordFeatures()
        self._model = MicroWakeWord.from_builtin(Model.ALEXA)
        self._has_heard = False

    def update(self, chunk: bytes) -> None:
        for features in self._features.process_streaming(chunk):
            self._has_heard |= bool(self._model.process_streaming(features))

    def found_wake_word(self) -> bool:
        has_heard, self._has_heard = self._has_heard, False
        if has_heard:
            self._model.reset()
        return has_heard
