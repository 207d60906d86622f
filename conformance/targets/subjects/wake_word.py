"""A wake word service that a driver plays for its subject: microWakeWord on what the subject gives it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

WORD = "alexa"
"""The word that the test says."""


class WakeWordService:
    """`bytes_heard` and `loudest` tell afterwards why nothing was heard."""

    def __init__(self) -> None:
        # Only whoever plays the service needs the detector.
        try:
            from pymicro_wakeword import (
                MicroWakeWord,
                MicroWakeWordFeatures,
                Model,
            )
        except ImportError:
            sys.exit(
                "this driver hears wake words: pip install 'earwitness[satellite]'"
            )

        self._features = MicroWakeWordFeatures()
        self._model = MicroWakeWord.from_builtin(Model.ALEXA)
        self.names: Sequence[str] = ()
        """The words that the subject asked for; any where it names none."""
        self.begin()

    def begin(self) -> None:
        """The subject is new."""
        self._model.reset()
        self.names = ()
        self.count_anew()

    def count_anew(self) -> None:
        """What was heard so far matters no more."""
        self.bytes_heard = self.loudest = self.words = 0

    def hears(self, sound: bytes) -> bool:
        """Whether the word ends in this sound. Then it begins again, or it would hear the same word again."""
        self.bytes_heard += len(sound)
        samples = memoryview(sound).cast("h")
        self.loudest = max(self.loudest, max(samples, default=0))
        for features in self._features.process_streaming(sound):
            if self._model.process_streaming(features):
                self._model.reset()
                is_wanted = self.is_wanted
                self.words += is_wanted
                return is_wanted
        return False

    @property
    def is_wanted(self) -> bool:
        """Whether the subject asked for the word that the test says."""
        return not self.names or any(WORD in name for name in self.names)
