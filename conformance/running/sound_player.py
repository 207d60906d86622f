"""Sound played to a device: piece by piece into its microphones, or all at once as a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET

from earwitness.conformance.running.controls import is_voice_sent
from earwitness.conformance.running.deeds import (
    Event,
    note_request,
)
from earwitness.conformance.running.moment_taker import MomentTaker
from earwitness.conformance.stimuli.clips import Clip, write_wav
from earwitness.conformance.stimuli.sound_format import (
    PIECE,
    PIECE_TIME,
    RATE,
)
from earwitness.conformance.stimuli.stimulus import Say, Stimulus
from earwitness.conformance.targets.protocol import (
    Answer,
    ListenRequest,
    SayRequest,
    TargetError,
)
from earwitness.model.expression import Value
from earwitness.model.trace import Observation

if TYPE_CHECKING:
    from earwitness.conformance.running.harness import Harness

LONG_WAIT = 60_000_000
"""Microseconds from which a wait is long. Chosen: longer than any of the search."""
PIECES_AT_ONCE = 16
"""Of sound in a long wait: 40,960 bytes, which a pipe of Linux holds (65,536; pipe(7))."""


@dataclass(frozen=True, slots=True)
class Interjection:
    """A step in the middle of a clip, so many microseconds after its beginning."""

    at: int
    step: Stimulus


class SoundPlayer:
    """Plays in one run, and remembers what was said. `carry_out` does a step in the middle of a clip,
    `is_done` notes what the target could not do. Every method raises TargetError."""

    def __init__(
        self,
        harness: Harness,
        moments: MomentTaker,
        carry_out: Callable[[Stimulus], list[Observation]],
        is_done: Callable[[Stimulus, Answer], bool],
    ) -> None:
        self.harness, self.moments = harness, moments
        self.carry_out, self.is_done = carry_out, is_done
        self.states = moments.states
        self.chance = harness.chance()
        self.words: dict[str, list[str]] = {name: [] for name in self.states}
        self.requests: dict[str, list[str]] = {
            name: [] for name in self.states
        }
        """Words that began with a wake word."""

    def say(
        self, device: str, clip: Clip, meanwhile: Interjection | None = None
    ) -> list[Observation]:
        """Play a clip near a device, and do something else in the middle of it."""
        state = self.states[device]
        words = state.profile.wake_words
        second = next((w for w in words if w != state.first_word), "computer")
        clip = clip.said_to(state.first_word, second)
        sound = self._make_sound(clip)
        if clip.words:
            self.words[device].append(clip.words)
            if clip.wake:
                self.requests[device].append(clip.words)
            self.harness.sounds.speak(
                device,
                clip.words,
                state.clock + len(sound) * 1_000_000 // RATE,
            )
        was_muted = state.software_muted
        if self.harness.senses[device].feeds:
            seen = self._play_sound(
                device=device, clip=clip, sound=sound, meanwhile=meanwhile
            )
        else:
            seen = self._play_file(device, clip, sound)
        if clip.wake and clip.wake == state.word:
            sent = any(is_voice_sent(o) for o in seen if o.device == device)
            note_request(state, was_muted=was_muted, sent=sent)
        return seen

    def wait(self, device: str, microseconds: int) -> list[Observation]:
        """The room alone. In a long wait nothing is to happen that must be seen to the piece, and what is fed
        by the second passes many times faster."""
        clip = Clip("", tail=microseconds / 1_000_000)
        if microseconds < LONG_WAIT:
            return self.say(device, clip)
        return self._play_sound(
            device=device,
            clip=clip,
            sound=self._make_sound(clip),
            pieces=PIECES_AT_ONCE,
        )

    def _make_sound(self, clip: Clip) -> np.ndarray:
        """The clip in noise of its own."""
        # 48 bits: chosen; no two sounds of a run get the same noise.
        return self.harness.make_sound(clip, self.chance.getrandbits(48))

    def _speech_events(
        self, device: str, clip: Clip, length: int
    ) -> list[Event]:
        if not clip.words:
            return []
        state = self.states[device]
        until = state.clock + length * 1_000_000 // RATE
        attributes: dict[str, Value] = {
            "words": clip.words,
            "addressed": bool(clip.wake) and clip.wake == state.word,
            "until": until,
        }
        return [("speech", attributes)]

    def _play_sound(
        self,
        device: str,
        clip: Clip,
        sound: np.ndarray,
        meanwhile: Interjection | None = None,
        pieces: int = 1,
    ) -> list[Observation]:
        """Piece by piece into the device's microphones, or so many pieces at once."""
        state, senses = self.states[device], self.harness.senses[device]
        caused = self._speech_events(device, clip, len(sound))
        content = sound.astype("<i2").tobytes()
        size = 2 * PIECE * pieces
        seen: list[Observation] = []
        for at in range(0, len(content), size):
            fed = content[at : at + size]
            passed = at // (2 * PIECE) * PIECE_TIME
            length = len(fed) // (2 * PIECE) * PIECE_TIME
            if meanwhile is not None and passed >= meanwhile.at:
                seen += self.carry_out(meanwhile.step)
                meanwhile = None
            self.harness.sounds.add(
                device, state.clock, fed, in_call=state.calling
            )
            senses.feed(fed)
            answer = self.harness.target.request(
                ListenRequest(device, length)
            )
            if answer.ok is None:
                reason = answer.unsupported or answer.failed
                raise TargetError(
                    f"the implementation has microphones, but does not listen: {reason}"
                )
            seen += self.moments.take_moment(
                device,
                answer,
                caused,
                frame=senses.take_back(len(fed)),
                passed=length,
            )
            caused = []
        if meanwhile is not None:
            seen += self.carry_out(meanwhile.step)
        return seen

    def _play_file(
        self, device: str, clip: Clip, sound: np.ndarray
    ) -> list[Observation]:
        """All at once, for a target that takes a file."""
        path = (
            # 48 random bits as 12 hexadecimal digits: a name that tells the target nothing.
            self.harness.target.folder / f"{self.chance.getrandbits(48):012x}"
        )
        write_wav(sound, path)
        state = self.states[device]
        words = clip.words if self.harness.hello.earwitness == 1 else UNSET
        caused = self._speech_events(device, clip, len(sound))
        answer = self.harness.target.request(
            SayRequest(device, str(path), words)
        )
        path.unlink()
        self.is_done(Say(device, "a clip"), answer)
        began = state.clock
        if answer.ok is not None and answer.ok.began is not UNSET:
            began = max(began, answer.ok.began)
        self.harness.sounds.add(
            device, began, sound.tobytes(), in_call=state.calling
        )
        passed = (
            len(sound) * 1_000_000 // RATE
            if self.harness.hello.clock == "virtual"
            else 0
        )
        return self.moments.take_moment(device, answer, caused, passed=passed)
