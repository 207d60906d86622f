"""The fixed part of every check: each promise exercised once on every device. Its order varies with the
seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from earwitness.conformance.running.possible import impossible, is_served
from earwitness.conformance.stimuli.sound_format import PIECE_TIME
from earwitness.conformance.stimuli.stimulus import (
    RESOURCES,
    ROLES,
    Call,
    Choose,
    Kill,
    Network,
    Power,
    Press,
    Query,
    Say,
    Scenario,
    SetTone,
    Shutter,
    Skill,
    Stimulus,
    Wait,
)
from earwitness.conformance.targets.protocol import Hello

REFUSED = (
    "bedtime_stories",
    "horoscope_by_birthday",
    "after_dark",
    "gift_shop",
    "unreviewed",
)
"""Skills that no property may enable: one of each refused kind, and one that nobody certified. For targets
that name none."""


def questions(device: str) -> list[Stimulus]:
    """Everybody asks for everything, both those the device belongs to and others."""
    return [
        Query(device=device, actor=actor, role=role, resource=resource)
        for actor in ("ours", "theirs")
        for role in ROLES
        for resource in RESOURCES
    ]


def tour(hello: Hello, chance: random.Random) -> Scenario:
    """What the target can be given of the chapters of every device, the chapters in another order with every
    seed."""
    steps: list[Stimulus] = []
    for device in hello.devices:
        chapters = chapters_for(device, hello)
        if is_served(hello):
            chapters = [c for c in chapters if not _lacks_step(c, hello)]
        chance.shuffle(chapters)
        steps += [step for chapter in chapters for step in chapter]
    first = next(iter(hello.devices))
    steps += [
        *skills(first, hello),
        *controls(first, hello),
        *questions(first),
    ]
    return tuple(step for step in steps if not impossible(step, hello))


def _lacks_step(chapter: Sequence[Stimulus], hello: Hello) -> bool:
    """Whether a chapter has a step that cannot be given: what is left of it would only take time."""
    return any(impossible(step, hello) for step in chapter)


def chapters_for(device: str, hello: Hello) -> list[Sequence[Stimulus]]:
    """Short stories that each end as they began: microphones and network on, first wake word, no call, no
    tone."""
    first, second = words_of_clip(device, hello)
    mute = Press(device, "microphone")
    return [
        [
            Say(device, "chatter"),
            Say(device, "other-word"),
            Say(device, "timer"),
            Say(device, "chatter-2"),
        ],
        [
            SetTone(device, True),
            Say(device, "question"),
            Say(device, "weather-2"),
            SetTone(device, False),
        ],
        [
            Press(device, "action"),
            Say(device, "chatter"),
            Say(device, "quiet"),
        ],
        [
            Shutter(device),
            Say(device, "quiet"),
            Shutter(device),
            # Twelve pieces of sound: chosen, time to see that the shutter is open again.
            Wait(device, 960_000),
        ],
        # The button while idle, in a stream, while an answer is spoken, while one is waited for.
        [
            mute,
            Say(device, "weather-3"),
            Kill(device),
            Say(device, "weather"),
            mute,
        ],
        [Say(device, "cut-short"), mute, Say(device, "chatter-2"), mute],
        [
            Say(device, "weather-open"),
            # Two pieces of sound: in the middle of the stream.
            Wait(device, 160_000),
            mute,
            Say(device, "quiet"),
            mute,
        ],
        [
            # In the middle of the second between a request that is understood and the follow-up.
            Say(device, "question-open"),
            # One piece of sound.
            Wait(device, PIECE_TIME),
            mute,
            Say(device, "quiet"),
            mute,
        ],
        [
            Say(device, "question-open"),
            # Twenty pieces of sound: chosen, within the follow-up.
            Wait(device, 1_600_000),
            mute,
            Say(device, "quiet"),
            mute,
        ],
        [
            mute,
            Say(device, "quiet"),
            Power(device, "cut"),
            Power(device, "restore"),
            Say(device, "quiet"),
            mute,
        ],
        [
            mute,
            # Three pieces of sound between the presses: chosen, longer than the rail takes to switch.
            Wait(device, 240_000),
            mute,
            # The same.
            Wait(device, 240_000),
            mute,
            # The same.
            Wait(device, 240_000),
            mute,
        ],
        [
            Power(device, "cut"),
            Say(device, "chatter"),
            Power(device, "restore"),
        ],
        [
            Say(device, "cut-short"),
            Network(device, "down"),
            Say(device, "weather"),
            Network(device, "up"),
            Say(device, "quiet"),
        ],
        [
            # What is said without network is gone, whatever the device was told to listen by.
            Network(device, "down"),
            Press(device, "action"),
            Say(device, "chatter-2"),
            Network(device, "up"),
            Say(device, "quiet"),
        ],
        [
            # Also a device that ends a request by itself streams still when nothing but its word was said.
            Say(device, "wake-only"),
            Network(device, "down"),
            mute,
            Say(device, "quiet"),
            mute,
            Network(device, "up"),
            Say(device, "chatter-2"),
        ],
        [
            Choose(device, second),
            Say(device, "weather"),
            Say(device, "computer"),
            Choose(device, first),
        ],
        [
            Call(device, "start", "device"),
            Say(device, "call-talk"),
            Call(device, "end", "device"),
            Say(device, "quiet"),
        ],
        [
            Call(device, "start", "telephone"),
            Say(device, "call-talk"),
            mute,
            Say(device, "chatter-2"),
            mute,
            Call(device, "end", "telephone"),
        ],
    ]


def words_of_clip(device: str, hello: Hello) -> tuple[str, str]:
    """The wake word a device has when it is new, and another that can be chosen."""
    words = hello.profiles[device].wake_words or ("alexa", "computer")
    others = [word for word in words[1:] if word == "computer"] or [
        *words[1:],
        words[0],
    ]
    return words[0], others[0]


def skills(device: str, hello: Hello) -> list[Stimulus]:
    """A skill that is taken away and given back, and every one that must be refused."""
    profile = hello.profiles[device]
    known = profile.skills or ("weather",)
    skill = "weather" if "weather" in known else known[0]
    return [
        Query(
            device=device,
            actor="ours",
            role="organisation",
            resource="skills",
        ),
        Skill(device, "disable", skill),
        Query(
            device=device,
            actor="ours",
            role="organisation",
            resource="skills",
        ),
        Say(device, "weather"),
        Skill(device, "enable", skill),
        Query(
            device=device,
            actor="ours",
            role="organisation",
            resource="skills",
        ),
        *(
            Skill(device, "enable", name)
            for name in profile.refused_skills or REFUSED
        ),
    ]


def controls(device: str, hello: Hello) -> list[Stimulus]:
    """The organisation changes what it may change, and looks whether it did."""
    first, second = words_of_clip(device, hello)
    look = Query(
        device=device, actor="ours", role="organisation", resource="settings"
    )
    return [
        look,
        SetTone(device, True),
        look,
        SetTone(device, False),
        look,
        Choose(device, second),
        look,
        Choose(device, first),
        look,
    ]
