"""What the search may do next: uniform over kinds first, so that no kind drowns another, then over what each
can be. Half of what is chosen is a phrase: steps that mean something only together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from msgspec import structs

from earwitness.conformance.running.possible import impossible, is_served
from earwitness.conformance.running.satellite_tour import during
from earwitness.conformance.running.tour import REFUSED, words_of_clip
from earwitness.conformance.stimuli.clips import CLIPS
from earwitness.conformance.stimuli.sound_format import PIECE_TIME
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

SHORTEST_WAIT, LONGEST_WAIT = PIECE_TIME, 35_000_000
"""Microseconds: one piece of sound, and longer than any bound of a promise."""
LONGEST_INSIDE = 6_400_000
"""Microseconds after which a request, its answer and a follow-up without one are over."""


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses for one target, from one source of chance."""

    chance: random.Random
    hello: Hello

    def sequence(self, length: int) -> Scenario:
        """So many steps on one device, sometimes on all."""
        devices = list(self.hello.devices)
        if self.chance.random() < ON_ONE_DEVICE:
            devices = [self.chance.choice(devices)]
        return self.continued((), devices, length)

    def continued(
        self, begun: Scenario, devices: Sequence[str], length: int
    ) -> Scenario:
        """The steps that are there, and others until there are so many."""
        steps = list(begun)
        while len(steps) < length:
            steps += self.next_steps(self.chance.choice(devices))
        return tuple(steps[:length])

    def next_steps(self, device: str) -> Scenario:
        """A step, or a phrase, that the target can be given."""
        for _ in range(ENOUGH_TRIES):
            if self.chance.random() < SHARE_OF_PHRASES:
                steps = self.chance.choice(PHRASES)(self, device)
            else:
                steps = (self.step(device),)
            if not any(impossible(step, self.hello) for step in steps):
                return steps
        return (Wait(device, PIECE_TIME),)

    def step(self, device: str) -> Stimulus:
        """One step, whether it is possible or not."""
        kinds = SERVED_KINDS if is_served(self.hello) else KINDS
        return self.chance.choice(kinds)(self, device)

    def wait(self, device: str, longest: int = LONGEST_WAIT) -> Wait:
        """A wait whose logarithm is uniform, in whole pieces: short ones matter most and long ones must not
        take all the time."""
        pieces = longest / SHORTEST_WAIT
        count = round(float(pieces ** self.chance.random()))
        return Wait(device, PIECE_TIME * count)

    def varied(self, scenario: Scenario, length: int) -> Scenario:
        """A neighbour: a part of the scenario, something put in, a wait halved or doubled, then on by
        chance."""
        kept = list(scenario[-length // 2 :])
        kept = kept[: self.chance.randint(1, len(kept))]
        place = self.chance.randrange(len(kept))
        kept[place : place + 1] = self._instead_of(kept[place])
        devices = sorted({step.device for step in scenario})
        return self.continued(tuple(kept), devices, length)

    def _instead_of(self, step: Stimulus) -> Scenario:
        # 0.7 is chosen, not measured: promises are about time, so waits are what changes most often.
        if isinstance(step, Wait) and self.chance.random() < 0.7:
            near = self._time_near(step.microseconds)
            return (structs.replace(step, microseconds=near),)
        return (*self.next_steps(step.device), step)

    def _time_near(self, microseconds: int) -> int:
        pieces = max(1, microseconds // PIECE_TIME)
        near = pieces * 2 if self.chance.random() < 0.5 else pieces // 2
        return min(LONGEST_WAIT, PIECE_TIME * max(1, near))


ON_ONE_DEVICE = 0.8
"""Share of sequences on a single device. Chosen, not measured: most promises are about one device."""
SHARE_OF_PHRASES = 0.5
"""Share of steps that are whole phrases. Chosen, not measured."""
BACK = 3
"""Times as often as they are taken away power and network come back: without them little happens."""
ENOUGH_TRIES = 100
"""Draws until something is possible; a target that can only be spoken to accepts two kinds of fifteen."""
Choice = Callable[[Chooser, str], Stimulus]
Phrase = Callable[[Chooser, str], Scenario]


def _any_clip(of: Chooser, device: str) -> Say:
    """Of what is spoken: a sound that is no speech may pass for a wake word, as everybody knows."""
    spoken = [name for name, clip in CLIPS.items() if clip.made is None]
    return Say(device, of.chance.choice(spoken))


def _waking_clip(of: Chooser, device: str) -> Say:
    """Most of what a device promises is about what follows its word."""
    waking = [name for name, clip in CLIPS.items() if clip.wake]
    return Say(device, of.chance.choice(waking))


def _open_clip(of: Chooser, device: str) -> Say:
    """A clip that ends with its words: the device is in the middle of something."""
    ending = [name for name, clip in CLIPS.items() if clip.tail < 1]
    return Say(device, of.chance.choice(ending))


def _choose_power(of: Chooser, device: str) -> Power:
    return Power(device, of.chance.choice(("cut", *BACK * ("restore",))))


def _choose_network(of: Chooser, device: str) -> Network:
    return Network(device, of.chance.choice(("down", *BACK * ("up",))))


def _choose_tone(of: Chooser, device: str) -> SetTone:
    return SetTone(device, of.chance.random() < 0.5)


def _choose_word(of: Chooser, device: str) -> Choose:
    return Choose(device, of.chance.choice(words_of_clip(device, of.hello)))


def _start_call(of: Chooser, device: str) -> Call:
    leg = of.chance.choice(("device", "telephone"))
    return Call(device, "start", leg)


def _end_call(of: Chooser, device: str) -> Call:
    return Call(device, "end", "device")


def _choose_query(of: Chooser, device: str) -> Query:
    actor = of.chance.choice(("ours", "theirs"))
    role = of.chance.choice(ROLES)
    return Query(
        device=device,
        actor=actor,
        role=role,
        resource=of.chance.choice(RESOURCES),
    )


def _choose_skill(of: Chooser, device: str) -> Skill:
    profile = of.hello.profiles[device]
    known = [*profile.skills, *(profile.refused_skills or REFUSED)]
    state = of.chance.choice(("enable", "disable"))
    return Skill(device, state, of.chance.choice(known))


def _press_mute(of: Chooser, device: str) -> Press:
    return Press(device, "microphone")


def _press_action(of: Chooser, device: str) -> Press:
    return Press(device, "action")


def _kill_device(of: Chooser, device: str) -> Kill:
    return Kill(device)


def _move_cover(of: Chooser, device: str) -> Shutter:
    return Shutter(device)


def _let_time_pass(of: Chooser, device: str) -> Wait:
    return of.wait(device)


KINDS: Sequence[Choice] = (
    _any_clip,
    _waking_clip,
    _let_time_pass,
    _press_mute,
    _press_action,
    _choose_power,
    _kill_device,
    _choose_network,
    _move_cover,
    _choose_tone,
    _choose_word,
    _start_call,
    _end_call,
    _choose_query,
    _choose_skill,
)
SERVED_KINDS: Sequence[Choice] = (
    *KINDS,
    lambda of, device: Mute(device, of.chance.random() < 0.7),
    lambda of, device: Server(device, of.chance.choice(BEHAVIOURS)),
    lambda of, device: during(device, of.chance.choice(MEANWHILE), of.chance),
    lambda of, device: during(device, "mute", of.chance),
)
"""For devices that can be muted by software, or whose server can be told how to behave."""
DEEDS: Sequence[Choice] = (
    _press_mute,
    _press_action,
    lambda of, device: Power(device, "cut"),
    _kill_device,
    lambda of, device: Network(device, "down"),
    _start_call,
    _end_call,
    _move_cover,
    _choose_word,
    lambda of, device: SetTone(device, True),
)
"""What may come at any instant."""

SITUATIONS: Sequence[Callable[[Chooser, str], Scenario]] = (
    lambda of, device: (),
    lambda of, device: (Say(device, "cut-short"),),
    lambda of, device: _open_stream(device, "weather-open", 160_000),
    lambda of, device: _open_stream(device, "weather-open", 1_600_000),
    lambda of, device: _open_stream(device, "question-open", 400_000),
    lambda of, device: _open_stream(device, "question-open", 2_400_000),
    lambda of, device: (_press_mute(of, device),),
    lambda of, device: (Network(device, "down"),),
    lambda of, device: (Power(device, "cut"),),
    lambda of, device: (Call(device, "start", "device"),),
    lambda of, device: (Call(device, "start", "telephone"),),
    lambda of, device: (SetTone(device, True),),
    lambda of, device: (Choose(device, words_of_clip(device, of.hello)[1]),),
    lambda of, device: (_move_cover(of, device),),
)
"""States in which each thing may happen, by the steps that lead there."""


def _open_stream(device: str, clip: str, wait: int) -> Scenario:
    return Say(device, clip), Wait(device, wait)


def everything_everywhere(of: Chooser) -> Iterator[Scenario]:
    """Each deed in each state of each device, what the device does then, and the way back; in an order of
    chance. All pairs are there, which chance alone takes long to meet."""
    pairs = [
        (device, situation, deed)
        for device in of.hello.devices
        for situation in SITUATIONS
        for deed in DEEDS
    ]
    of.chance.shuffle(pairs)
    for device, situation, make_deed in pairs:
        before, deed = situation(of, device), make_deed(of, device)
        shown = of.chance.choice(SHOWING)
        back = [
            undo_step(deed),
            tuple(b for s in before for b in undo_step(s)),
        ]
        of.chance.shuffle(back)
        steps = (*before, deed, *(Say(device, name) for name in shown))
        steps = (*steps, *back[0], *back[1])
        if not any(impossible(step, of.hello) for step in steps):
            yield steps


SHOWING = (
    ("quiet",),
    ("weather",),
    ("chatter",),
    ("question", "quiet"),
    ("chatter-2", "weather"),
)
"""What is said to a device so that it shows how it is now."""


def undo_step(step: Stimulus) -> Scenario:
    """The step that takes this one back, so that what follows meets a device that works."""
    match step:
        case Press(device, "microphone") | Shutter(device):
            return (step,)
        case Power(device, "cut"):
            return (Power(device, "restore"),)
        case Network(device, "down"):
            return (Network(device, "up"),)
        case Call(device, "start"):
            return (Call(device, "end", step.leg),)
        case SetTone(device, True):
            return (SetTone(device, False),)
    return ()


def _choose_interruption(of: Chooser, device: str) -> Scenario:
    """Something in the middle of a request, an answer or a follow-up."""
    deed = of.chance.choice(DEEDS)(of, device)
    opening = _open_clip(of, device), of.wait(device, LONGEST_INSIDE)
    return (*opening, deed, *_choose_aftermath(of, device), *undo_step(deed))


def _choose_excursion(of: Chooser, device: str) -> Scenario:
    """Something, what the device does then, and the way back."""
    deed = of.chance.choice(DEEDS)(of, device)
    return (deed, *_choose_aftermath(of, device), *undo_step(deed))


def _two_faults(of: Chooser, device: str) -> Scenario:
    """Two things close together, such as mute and restart, or network loss and a wake word."""
    one, other = (of.chance.choice(DEEDS)(of, device) for _ in range(2))
    between: Scenario = (of.wait(device, LONGEST_INSIDE),)
    # 0.3 is chosen, not measured: mostly the two come right after each other.
    if of.chance.random() < 0.3:
        between = (_open_clip(of, device), *between)
    back = [*undo_step(one), *undo_step(other)]
    of.chance.shuffle(back)
    return (one, *between, other, *_choose_aftermath(of, device), *back)


def _choose_repetition(of: Chooser, device: str) -> Scenario:
    """The same several times: what a device counts, it counts up."""
    step = of.chance.choice(
        (_waking_clip, _press_mute, _press_action, _kill_device)
    )(of, device)
    # Twice to six times: chosen; the seeded fault that counts needs the fifth.
    return (step,) * of.chance.randint(2, 6)


def _choose_setting(of: Chooser, device: str) -> Scenario:
    """A setting, and a request under it."""
    deed = of.chance.choice((_choose_tone, _choose_word))(of, device)
    return deed, _waking_clip(of, device), _any_clip(of, device)


def _follow_up(of: Chooser, device: str) -> Scenario:
    """A question that the device asks back, and an answer in time or not."""
    answered = Say(device, of.chance.choice(("answer", "chatter", "quiet")))
    wait = of.wait(device, LONGEST_INSIDE)
    question = of.chance.choice(("question", "question-open"))
    tone = SetTone(device, of.chance.random() < 0.5)
    return tone, Say(device, question), wait, answered


def _choose_aftermath(of: Chooser, device: str) -> Scenario:
    """One thing or two that show how the device is now."""
    kinds = (_any_clip, _waking_clip, _let_time_pass, _press_action)
    return tuple(
        of.chance.choice(kinds)(of, device)
        for _ in range(of.chance.randint(1, 2))
    )


PHRASES: Sequence[Phrase] = (
    _choose_interruption,
    _choose_excursion,
    _two_faults,
    _choose_repetition,
    _choose_setting,
    _follow_up,
)
