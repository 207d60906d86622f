"""The wake word, recognised on the device by an acoustic model."""

from __future__ import annotations

from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from earwitness.reference_impl.sound import Samples


class WakeWord:
    """Streaming detection of one word. The model keeps state inside, so a reset loads it anew."""

    model = Model.ALEXA
    word = "alexa"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._detector = MicroWakeWord.from_builtin(self.model)
        self._features = MicroWakeWordFeatures()

    def heard(self, samples: Samples) -> str | None:
        """The word, if it ends within these samples."""
        found = False
        for features in self._features.process_streaming(samples.tobytes()):
            found = bool(self._detector.process_streaming(features)) or found
        if found:
            self.reset()
        return self.word if found else None
