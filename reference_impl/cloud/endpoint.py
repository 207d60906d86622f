"""End of speech by WebRTC voice activity detection."""

from __future__ import annotations

import webrtcvad

from earwitness.reference_impl.protocol import RATE

FRAME = RATE // 50
HANG_OVER, PATIENCE, LONGEST = 35, 250, 700
"""Frames of 20 ms: silence that ends speech, silence before any speech that ends the turn, and the longest turn."""
IN_A_ROW = 5
SETTLING = 8
"""Frames after activation that may still be the wake word's own tail."""


class EndOfSpeech:
    """Feed it sound; it says when the person has finished."""

    def __init__(self, skip: int) -> None:
        self._vad = webrtcvad.Vad(3)
        self._rest = b""
        self._skip = skip // FRAME + SETTLING
        self._frames = self._run = self._silence = 0
        self.spoken = False

    def feed(self, sound: bytes) -> bool:
        self._rest += sound
        while len(self._rest) >= 2 * FRAME:
            frame, self._rest = self._rest[: 2 * FRAME], self._rest[2 * FRAME :]
            self._frames += 1
            if self._frames <= self._skip:
                continue
            if self._vad.is_speech(frame, RATE):
                self._run, self._silence = self._run + 1, 0
                self.spoken = self.spoken or self._run >= IN_A_ROW
            else:
                self._run, self._silence = 0, self._silence + 1
        limit = HANG_OVER if self.spoken else PATIENCE
        return self._silence >= limit or self._frames - self._skip >= LONGEST
