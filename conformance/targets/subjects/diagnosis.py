"""Why nothing came of a request: the first place on the way of the sound where it stopped."""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.conformance.targets.subjects.wake_word import WORD

SPEECH = 1_000
"""Largest sample of a sound with speech in it; the room reaches about 60."""


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What a driver saw since the last answer, in the order of the sound's way."""

    is_running: bool
    wakes_by_itself: bool
    end: str
    bytes_read: int
    bytes_for_wake_word: int
    loudest: int
    asked_for: tuple[str, ...]
    is_wanted: bool
    words: int
    streams: int
    bytes_sent: int


def likely_cause(seen: Symptoms) -> str:
    """A sentence for whoever set the subject up."""
    if not seen.is_running:
        return f"it is not running: {seen.end or 'it has no power'}"
    if not seen.bytes_read:
        return "nothing was read from its microphone; look at its microphone command"
    if not seen.streams and not seen.words:
        return _before_the_word(seen)
    if not seen.streams and seen.wakes_by_itself:
        return (
            f"it told of its wake word {seen.words} times, and nothing came to its server;"
            " look at the address at which it looks for its server"
        )
    if not seen.streams:
        return (
            f"it was told {seen.words} times that its wake word was said, and opened no stream; a detector or"
            " satellite that rests after each word (a refractory time), or is paused, looks like this"
        )
    if not seen.bytes_sent:
        return "it opened a stream and sent no sound in it"
    return "it streamed the request and played no answer; look at its command for sound"


def _before_the_word(seen: Symptoms) -> str:
    if seen.wakes_by_itself:
        return (
            f"its microphone was read, and it told of no wake word; the test says '{WORD}'; look at the word"
            " that it waits for, and at the form and volume of the sound that its microphone command reads"
        )
    if not seen.bytes_for_wake_word:
        return (
            "its microphone was read, and no sound came to the wake word service; look at the microphone"
            " command's form of sound and at the address of the wake word service"
        )
    if not seen.is_wanted:
        asked = ", ".join(seen.asked_for)
        return f"it asked the wake word service for '{asked}', and the test says '{WORD}'"
    if seen.loudest < SPEECH:
        return (
            "the wake word service got sound as quiet as an empty room;"
            " look at the volume and at what its microphone command reads"
        )
    # 32,000 bytes a second: 16-bit samples at 16 kHz.
    seconds = seen.bytes_for_wake_word / 32_000
    return (
        f"the wake word service got {seconds:.1f} s of sound with speech in it and heard no '{WORD}';"
        " look at the rate and form of the sound"
    )
