"""What the search may do next: uniform over kinds of steps first, so that no kind drowns another, then over
what each can be."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from earwitness.conformance.running.possible import impossible, is_served
from earwitness.conformance.running.satellite_tour import during
from earwitness.conformance.running.tour import REFUSED, words_of_clip
from earwitness.conformance.stimuli.clips import CLIPS
from earwitness.conformance.stimuli.stimulus import (
    BEHAVIOURS,
    MEANWHILE,
    RESOURCES,
    ROLES,
    Call,
    Choose,
    Kill,
    Mute,
    Network,
    Power,
    Press,
    Query,
    Say,
    Scenario,
    Server,
    SetTone,
    Shutter,
    Skill,
    Stimulus,
    Wait,
)
from earwitness.conformance.targets.protocol import Hello

SHORTEST_WAIT, LONGEST_WAIT = 80_000, 20_000_000
"""Microseconds: one piece of sound, and longer than any bound of a promise but the turn of 30 s."""
PIECE_TIME = 80_000
Choice = Callable[[random.Random, str, Hello], Stimulus]


def wait_of(chance: random.Random) -> int:
    """A wait whose logarithm is uniform, in whole pieces: short ones matter most and long ones must not take
    all the time."""
    pieces = LONGEST_WAIT / SHORTEST_WAIT
    return PIECE_TIME * round(float(pieces ** chance.random()))


def _skill(chance: random.Random, device: str, hello: Hello) -> Stimulus:
    profile = hello.profiles[device]
    known = [*profile.skills, *(profile.refused_skills or REFUSED)]
    return Skill(
        device, chance.choice(("enable", "disable")), chance.choice(known)
    )


def _query(chance: random.Random, device: str, hello: Hello) -> Stimulus:
    actor = chance.choice(("ours", "theirs"))
    return Query(
        device, actor, chance.choice(ROLES), chance.choice(RESOURCES)
    )


KINDS: Sequence[Choice] = (
    lambda chance, device, hello: Say(device, chance.choice(tuple(CLIPS))),
    lambda chance, device, hello: Say(
        device, chance.choice(tuple(n for n, c in CLIPS.items() if c.wake))
    ),
    lambda chance, device, hello: Wait(device, wait_of(chance)),
    lambda chance, device, hello: Press(device, "microphone"),
    lambda chance, device, hello: Press(device, "action"),
    lambda chance, device, hello: Power(
        device, chance.choice(("cut", "restore"))
    ),
    lambda chance, device, hello: Kill(device),
    lambda chance, device, hello: Network(
        device, chance.choice(("down", "up"))
    ),
    lambda chance, device, hello: Shutter(device),
    lambda chance, device, hello: SetTone(device, chance.random() < 0.5),
    lambda chance, device, hello: Choose(
        device, chance.choice(words_of_clip(device, hello))
    ),
    lambda chance, device, hello: Call(
        device, "start", chance.choice(("device", "telephone"))
    ),
    lambda chance, device, hello: Call(device, "end", "device"),
    _query,
    _skill,
)
"""Sound has two kinds, any clip and one that wakes: most of what a device promises is about what follows its
word."""
SERVED_KINDS: Sequence[Choice] = (
    *KINDS,
    lambda chance, device, hello: Mute(device, chance.random() < 0.7),
    lambda chance, device, hello: Server(device, chance.choice(BEHAVIOURS)),
    lambda chance, device, hello: during(
        device, chance.choice(MEANWHILE), chance
    ),
    lambda chance, device, hello: during(device, "mute", chance),
)
"""For devices that can be muted by software, or whose server can be told how to behave."""
ENOUGH_TRIES = 100
"""Draws until a step is possible; a target that can only be spoken to accepts two kinds of fifteen."""


def choose_step(
    chance: random.Random, hello: Hello, devices: Sequence[str]
) -> Stimulus:
    """A step that the target can be given."""
    kinds = SERVED_KINDS if is_served(hello) else KINDS
    for _ in range(ENOUGH_TRIES):
        step = chance.choice(kinds)(chance, chance.choice(devices), hello)
        if not impossible(step, hello):
            return step
    return Wait(devices[0], PIECE_TIME)


def choose_scenario(
    chance: random.Random, hello: Hello, length: int
) -> Scenario:
    """So many steps on one device, sometimes on all."""
    devices = list(hello.devices)
    if chance.random() < 0.8:
        devices = [chance.choice(devices)]
    return tuple(choose_step(chance, hello, devices) for _ in range(length))


def vary(
    chance: random.Random, scenario: Scenario, hello: Hello, length: int
) -> Scenario:
    """A neighbour of a scenario that came somewhere new: a part of it, a step put in, a wait halved or
    doubled, then on by chance."""
    kept = list(scenario[: chance.randint(1, len(scenario))])
    place = chance.randrange(len(kept))
    devices = sorted({step.device for step in scenario})
    match kept[place]:
        case Wait(device, microseconds) if chance.random() < 0.7:
            pieces = max(1, microseconds // PIECE_TIME)
            kept[place] = Wait(
                device,
                PIECE_TIME
                * max(
                    1, pieces * 2 if chance.random() < 0.5 else pieces // 2
                ),
            )
        case _:
            kept.insert(place, choose_step(chance, hello, devices))
    while len(kept) < length:
        kept.append(choose_step(chance, hello, devices))
    return tuple(kept[:length])
