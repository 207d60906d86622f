"""What the detector and the recogniser answered to the same sound before, in this process or when
`scripts/remember-answers` asked them.

Sound counts as the same where it differs in its two lowest bits alone: whoever drives the fast reference puts
into these what makes each moment unique, and repeats the rest. Any other sound is answered too, only slowly.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable

import numpy as np

from earwitness.reference_impl.cloud.asr import (
    DomainRecognizer,
    Hypothesis,
    Recognizer,
)
from earwitness.reference_impl.device.wake import Listening
from earwitness.reference_impl.sound import Samples

UNIQUE_BITS = 2
"""Lowest bits of a sample that are free: a change of 3 in 32,767 is a quarter of a quiet room's noise."""
QUIET = 150
"""Amplitude below which a piece holds nothing but the room."""
WINDOW = 30
"""Pieces that a word may reach back over: 2.4 s. The detectors look at 2.1 s at most."""

Token = bytes
"""What sound is known by, eight bytes; those of a quiet room are 0."""
QUIET_ROOM: Token = bytes(8)
Firings = dict[Token, bool]
"""Whether a detector fires, by the token of its name and the latest pieces."""
Answers = dict[Token, list[Hypothesis]]
"""What the recogniser answers, by the token of the sound."""


def sound_token(piece: Samples) -> Token:
    highest, lowest = int(piece.max(initial=0)), int(piece.min(initial=0))
    if lowest > -QUIET and highest < QUIET:
        return QUIET_ROOM
    return _token_of((piece >> UNIQUE_BITS).tobytes())


def _token_of(content: bytes) -> Token:
    return hashlib.blake2b(content, digest_size=len(QUIET_ROOM)).digest()


class RememberedWord:
    """Stands for a detector. Asks a real one only where the latest pieces were never heard in that order."""

    def __init__(
        self,
        name: str,
        word: str,
        make: Callable[[], Listening],
        firings: Firings,
    ) -> None:
        self.name, self.word, self._make, self._firings = (
            name,
            word,
            make,
            firings,
        )
        self.forget_sound()

    def forget_sound(self) -> None:
        self._tokens: tuple[Token, ...] = ()
        self._pieces: deque[Samples] = deque(maxlen=WINDOW)
        self._real: Listening | None = None

    def hear_word(self, samples: Samples) -> str | None:
        self._tokens = (*self._tokens[1 - WINDOW :], sound_token(samples))
        self._pieces.append(samples)
        key = _token_of(self.name.encode() + b"".join(self._tokens))
        fires = self._firings.get(key)
        if fires is None:
            fires = self._firings[key] = self._ask_real(samples)
        else:
            # It has not heard this piece.
            self._real = None
        if fires:
            self.forget_sound()
        return self.word if fires else None

    def _ask_real(self, samples: Samples) -> bool:
        if self._real is not None:
            return self._real.hear_word(samples) is not None
        self._real = self._make()
        answers = [self._real.hear_word(piece) for piece in self._pieces]
        return answers[-1] is not None


class RememberedSpeech:
    """Stands for the recogniser."""

    def __init__(
        self,
        answers: Answers,
        make: Callable[[], Recognizer] = DomainRecognizer,
    ) -> None:
        self._make = make
        self._real: Recognizer | None = None
        self._answers = answers

    def recognize_speech(self, sound: bytes) -> list[Hypothesis]:
        samples = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2")
        key = _token_of((samples >> UNIQUE_BITS).tobytes())
        if key not in self._answers:
            self._answers[key] = self._ask_real(sound)
        return self._answers[key]

    def _ask_real(self, sound: bytes) -> list[Hypothesis]:
        if self._real is None:
            self._real = self._make()
        return self._real.recognize_speech(sound)
