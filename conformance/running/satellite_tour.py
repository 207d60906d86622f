"""What a satellite with a server of its own is tried in: its mute, and whatever the other end may do. Each
chapter is a run of its own, so that what one leaves broken spoils no other; instants vary with the seed over
the whole turn of a request."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from msgspec import structs

from earwitness.conformance.running.possible import impossible
from earwitness.conformance.running.run import Run
from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.conformance.stimuli.sound_format import PIECE_TIME, RATE
from earwitness.conformance.stimuli.stimulus import (
    During,
    Kill,
    Mute,
    Say,
    Scenario,
    Server,
    Stimulus,
    Wait,
)
from earwitness.conformance.targets.protocol import Hello
from earwitness.model.trace import Origin

REQUEST, CHATTER = "weather", "chatter"
VOICES = ("weather", "weather-2", "weather-3")
"""The request in three voices."""
BEFORE_THE_WORD = 800_000
"""Microseconds of room before the wake word."""
TURN: Mapping[str, tuple[float, float]] = {
    "around its wake word": (0.15, 0.25),
    "in mid-request": (0.25, 0.48),
    "at the end of a request": (0.48, 0.8),
}
"""Parts of a turn, as shares of the clip after the room: word and chime, the words, the answer."""
WARM_UP = 1_200_000
"""Microseconds of room in which a wake word detector that has just started finds its feet."""
PAST_A_TURN = 31_000_000
"""Microseconds: longer than the longest turn of a pack."""


def chapters_of(
    hello: Hello, chance: random.Random
) -> Iterator[tuple[str, Scenario]]:
    """Every chapter that the target can be given, with its name; the voice is another with every seed."""
    voice = chance.randrange(len(VOICES))
    for device in hello.devices:
        chapters = {
            **mute_chapters(device, chance),
            **server_chapters(device, chance),
        }
        for name, steps in chapters.items():
            if not any(impossible(step, hello) for step in steps):
                said = [_in_next_voice(step, voice) for step in steps]
                yield f"{device} {name}", (Wait(device, WARM_UP), *said)


def mute_chapters(
    device: str, chance: random.Random
) -> Mapping[str, Sequence[Stimulus]]:
    """The mute while nothing happens, over the whole turn of a request, through restarts, against others."""
    on, off = Mute(device, True), Mute(device, False)
    chatter = Say(device, CHATTER)
    pause = Wait(device, 400_000)
    # Two voices, since a detector misses a word now and then.
    requests = (Say(device, REQUEST), Say(device, "weather-2"))
    in_turn = {
        f"muted {part}": (
            during(device=device, then="mute", chance=chance, bounds=bounds),
            chatter,
            off,
            Say(device, "chatter-2"),
        )
        for part, bounds in TURN.items()
    }
    return {
        "muted": (on, *requests, off, pause),
        **in_turn,
        # Requests before, which show whether the mute stopped anything at all.
        "muted and restarted": (on, *requests, Kill(device), *requests),
        "muted while its server restarts": (
            on,
            *requests,
            Server(device, "drop"),
            pause,
            Server(device, "answer"),
            *requests,
        ),
        "muted and told to run by another": (
            on,
            *requests,
            Server(device, "second_peer"),
            *requests,
        ),
    }


def server_chapters(
    device: str, chance: random.Random
) -> Mapping[str, Sequence[Stimulus]]:
    """The server errs, falls silent, disappears, is late; others come in its place or beside it."""
    chatter, later = Say(device, CHATTER), Say(device, "chatter-2")
    words = TURN["in mid-request"]
    return {
        "with an error of its server": (
            during(device=device, then="error", chance=chance, bounds=words),
            chatter,
            later,
        ),
        "after its server a stranger": (
            during(
                device=device, then="stranger", chance=chance, bounds=words
            ),
            chatter,
        ),
        "while its server restarts": (
            during(device=device, then="drop", chance=chance, bounds=words),
            Server(device, "answer"),
            chatter,
        ),
        "with a second client": (
            during(
                device=device, then="second_peer", chance=chance, bounds=words
            ),
            Say(device, REQUEST),
        ),
        "with a late server": (
            Server(device, "late"),
            Say(device, REQUEST),
            # 4 s: chosen, time for an answer that is late.
            Wait(device, 4_000_000),
        ),
        "with a silent server": (
            Server(device, "silent"),
            Say(device, REQUEST),
            Wait(device, PAST_A_TURN),
            chatter,
        ),
    }


def during(
    device: str,
    then: str,
    chance: random.Random,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> During:
    """A request in the middle of which something happens, at an instant within these shares of it."""
    length = len(in_the_air(CLIPS[REQUEST], 0)) * 1_000_000 // RATE
    spoken = length - BEFORE_THE_WORD
    at = BEFORE_THE_WORD + round(spoken * chance.uniform(*bounds))
    return During(
        device=device,
        clip=REQUEST,
        at=at // PIECE_TIME * PIECE_TIME,
        then=then,
    )


def variants(scenario: Scenario) -> Iterator[Scenario]:
    """The chapter, and the same in other voices: a detector misses a wake word now and then, and then nothing
    was tried."""
    for later in range(len(VOICES)):
        yield tuple(_in_next_voice(step, later) for step in scenario)


def _in_next_voice(step: Stimulus, later: int) -> Stimulus:
    """A request in the voice that comes so many later; whatever else as it is."""
    if isinstance(step, During | Say) and step.clip in VOICES:
        place = (VOICES.index(step.clip) + later) % len(VOICES)
        return structs.replace(step, clip=VOICES[place])
    return step


def was_tried(run: Run) -> bool:
    """Whether the request of a chapter was under way when something was done in the middle of it; where the
    chapter begins with a mute no request is to be."""
    deeds = (step for step in run.scenario if not isinstance(step, Wait))
    if isinstance(next(deeds, None), Mute):
        return True
    is_middle = any(isinstance(step, During) for step in run.scenario)
    for seen in run.trace[run.span[0] :]:
        if seen.event in ("stream.open", "stream.audio"):
            return True
        # A device that hears its wake word by itself has begun, even one that sends when the words are over.
        if seen.event == "wake_word" and seen.origin is Origin.DEVICE:
            return True
        if is_middle and seen.event in ("mute", "server.behaviour"):
            return False
    return False
