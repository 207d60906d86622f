"""The wake word, recognised on the device by an acoustic model: one of four, as the user chose."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Protocol

import numpy as np
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

from earwitness.reference_impl.device.features import Features, Numbers
from earwitness.reference_impl.messages import WAKE_WORDS
from earwitness.reference_impl.protocol import CHUNK
from earwitness.reference_impl.sound import Samples

THRESHOLDS = {"amazon": 0.9, "computer": 0.6, "echo": 0.95}
"""Chosen on one half of people's recordings and on voices that took no part in training;
`benchmarks/wake.py` reports on the other half and on other voices."""
STEADY = 2
"""Chunks in a row that must be over the threshold."""
DEAF = 10
"""Chunks after a reset before the window holds enough to be judged."""


class Listening(Protocol):
    """Streaming detection of one word."""

    word: str

    def forget_sound(self) -> None: ...

    def hear_word(self, samples: Samples) -> str | None:
        """The word, if it ends within these samples."""


class WakeWord:
    """The word 'alexa', by a model made for it. The model keeps state inside, so a reset loads it again."""

    model = Model.ALEXA
    word = "alexa"

    def __init__(self) -> None:
        self.forget_sound()

    def forget_sound(self) -> None:
        self._detector = MicroWakeWord.from_builtin(self.model)
        self._features = MicroWakeWordFeatures()

    def hear_word(self, samples: Samples) -> str | None:
        found = False
        for features in self._features.process_streaming(samples.tobytes()):
            found = bool(self._detector.process_streaming(features)) or found
        if found:
            self.forget_sound()
        return self.word if found else None


@cache
def _load_heads() -> dict[str, Any]:
    with (
        files("earwitness.reference_impl.device")
        .joinpath("words.npz")
        .open("rb") as source
    ):
        stored = np.load(source)
        return {name: np.asarray(stored[name], np.float32) for name in stored}


class Head:
    """One of the other words: a small network of our own on the speech embedding. Trained on synthetic
    voices by scripts/train-wake-words."""

    def __init__(self, word: str) -> None:
        self.word, self.threshold = word, THRESHOLDS[word]
        self.forget_sound()

    def forget_sound(self) -> None:
        self._features = Features()
        self._run, self._fresh = 0, 0

    def score(self, samples: Samples) -> float:
        """How much the window that ends with this chunk sounds like the word, 0 to 1."""
        numbers = _load_heads()
        window = self._features.push(samples)
        scaled = (window - numbers["mean"]) / numbers["scale"]
        hidden = np.maximum(self._apply_layer(0, scaled), 0)
        (logit,) = self._apply_layer(1, hidden)
        # Beyond 50 the exponential says nothing more.
        bounded = np.clip(logit, -50, 50)
        return float(1 / (1 + np.exp(-bounded)))

    def _apply_layer(self, number: int, values: Numbers) -> Numbers:
        """The values after that layer of the word's network."""
        numbers = _load_heads()
        weights = numbers[f"{self.word}.{number}.weights"]
        bias = numbers[f"{self.word}.{number}.bias"]
        result: Numbers = values @ weights + bias
        return result

    def hear_word(self, samples: Samples) -> str | None:
        for begin in range(0, len(samples) - CHUNK + 1, CHUNK):
            piece = samples[begin : begin + CHUNK]
            self._fresh += 1
            over = self.score(piece) > self.threshold and self._fresh > DEAF
            self._run = self._run + 1 if over else 0
            if self._run >= STEADY:
                self.forget_sound()
                return self.word
        return None


def make_detector(word: str) -> Listening:
    """What listens for a word. Raises ValueError for one that cannot be chosen."""
    if word not in WAKE_WORDS:
        raise ValueError(
            f"'{word}' cannot be chosen; choose from {', '.join(WAKE_WORDS)}"
        )
    return WakeWord() if word == WakeWord.word else Head(word)
