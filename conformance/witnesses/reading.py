"""What was read in some bytes: sound and words, and how much of them nobody could read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from earwitness.conformance.stimuli.sound_format import Samples
from earwitness.conformance.witnesses.finds_of_sound import Coding, Heard
from earwitness.conformance.witnesses.spoken_words import (
    WordsFound,
)


@dataclass(frozen=True, slots=True)
class SoundFound:
    """Sound in content. `wrappings` are those around it, from outside in; `heard.begins` and `ends` are
    bytes of the content only where there are none."""

    heard: Heard
    wrappings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordsInContent:
    words: WordsFound
    wrappings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What is in some content. Its bytes are `attributed` to sound, `read` as text or structure, or
    `unexplained`: the three add up to its size. `unread` says what could not be opened or searched."""

    sounds: tuple[SoundFound, ...] = ()
    words: tuple[WordsInContent, ...] = ()
    unread: tuple[str, ...] = ()
    attributed: int = 0
    read: int = 0
    unexplained: int = 0
    way: Coding | None = None
    """In which way sound that was changed lies in it."""

    @property
    def voice(self) -> bool:
        return bool(self.sounds)


def moved_by(find: Heard, by: int) -> Heard:
    return replace(find, begins=find.begins + by, ends=find.ends + by)


def samples_from(content: bytes) -> Samples:
    whole = len(content) // 2 * 2
    return np.frombuffer(content[:whole], "<i2").astype(np.int16)


def swap_bytes(content: bytes) -> bytes:
    """Each two bytes exchanged."""
    whole = len(content) // 2 * 2
    return np.frombuffer(content[:whole], np.uint16).byteswap().tobytes()


def interleave_bytes(lower: bytes, upper: bytes) -> bytes:
    """A byte of each in turn."""
    pairs = np.stack(
        [np.frombuffer(lower, np.uint8), np.frombuffer(upper, np.uint8)],
        axis=1,
    )
    return pairs.tobytes()
