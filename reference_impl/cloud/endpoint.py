"""End of speech by WebRTC voice activity detection."""

from __future__ import annotations

import webrtcvad

from earwitness.reference_impl.protocol import RATE

JUDGED_FRAME = RATE // 50
"""Samples of 20 ms: one of the three lengths that the detector takes."""
PAUSE, ENOUGH, HANG_OVER, PATIENCE, LONGEST = 5, 12, 35, 250, 700
"""Frames of 20 ms: silence after which one may begin to recognise, that ends a sentence which is whole,
that ends any speech, silence before any speech that ends the turn, and the longest turn."""
IN_A_ROW = 5
"""Frames of speech one after the other that are speech and no click. Chosen: a tenth of a second."""
SETTLING = 8
"""Frames after activation that may still be the wake word's own tail."""


class EndOfSpeech:
    """Feed it sound; it tells how long the person has been silent."""

    def __init__(self, skip: int) -> None:
        # 3 is its strictest mode: it takes the least noise for speech.
        self._vad = webrtcvad.Vad(3)
        self._rest = b""
        self._skip = skip // JUDGED_FRAME + SETTLING
        self._frames = self._run = self._silence = 0
        self._spoken = False

    def feed(self, sound: bytes) -> None:
        self._rest += sound
        while len(self._rest) >= 2 * JUDGED_FRAME:
            frame, self._rest = (
                self._rest[: 2 * JUDGED_FRAME],
                self._rest[2 * JUDGED_FRAME :],
            )
            self._frames += 1
            if self._frames <= self._skip:
                continue
            if self._vad.is_speech(frame, RATE):
                self._run, self._silence = self._run + 1, 0
                self._spoken = self._spoken or self._run >= IN_A_ROW
            else:
                self._run, self._silence = 0, self._silence + 1

    @property
    def pausing(self) -> bool:
        """Whether something was said and it may be over."""
        if not self._spoken:
            return False
        return self._silence >= PAUSE

    @property
    def settled(self) -> bool:
        """Whether the silence is long enough after a sentence that is whole."""
        if not self._spoken:
            return False
        return self._silence >= ENOUGH

    @property
    def over(self) -> bool:
        """Whether it is over, whatever was said."""
        return (
            self._silence >= (HANG_OVER if self._spoken else PATIENCE)
            or self._frames - self._skip >= LONGEST
        )
