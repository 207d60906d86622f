"""Random formulas and traces, shared by the property tests and the million-pair script."""

from __future__ import annotations

import random

from earwitness.model.expression import Sort
from earwitness.model.logic.formula import (
    And,
    Bound,
    Comparator,
    Compare,
    Count,
    Deadline,
    Event,
    Formula,
    Historically,
    Implies,
    Its,
    Last,
    Latch,
    Literal,
    Not,
    Now,
    Once,
    Or,
    Previously,
    Side,
    Since,
    Sum,
    Truth,
)
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds

EVENTS = (
    "stream.open",
    "stream.audio",
    "microphone.power",
    "button.action",
    "tick",
)


def trace(dice: random.Random, most: int = 12) -> list[Observation]:
    time, seen = 0, []
    for _ in range(dice.randint(1, most)):
        time += dice.choice([0, 0, 1, 1, 2, 5])
        event = dice.choice(EVENTS)
        attributes: dict[str, bool | int | str] = {}
        if event == "microphone.power":
            attributes = {"on": dice.random() < 0.5}
        if event == "stream.open":
            attributes = {
                "stream": dice.randint(0, 2),
                "cause": dice.choice(["wake_word", "follow_up"]),
                "from": dice.randint(0, time),
            }
        if event == "stream.audio":
            encrypted, voice = dice.random() < 0.5, dice.random() < 0.5
            attributes = {
                "stream": dice.randint(0, 2),
                "bytes": 1,
                "from": dice.randint(0, time),
                "to": time,
                "encrypted": encrypted,
                "voice": voice,
            }
        seen.append(
            Observation(
                Microseconds(time),
                dice.choice(["d1", "d1", "d2"]),
                event,
                attributes,
            )
        )
    return seen


def bound(dice: random.Random) -> Bound | None:
    return dice.choice(
        [
            None,
            Bound(Side.WITHIN, dice.randint(0, 6)),
            Bound(Side.FOR, dice.randint(0, 6)),
        ]
    )


def compare(dice: random.Random) -> Formula:
    relation = dice.choice(list(Comparator))
    start = Last("stream.open", "from", Sort.INT)
    options = [
        Compare(relation, Its("from", Sort.INT), Literal(dice.randint(0, 5))),
        Compare(relation, Its("from", Sort.INT), start),
        Compare(
            relation,
            Now(),
            Sum(
                Last("microphone.power", "time", Sort.INT),
                dice.choice([1, -1]),
                Literal(dice.randint(0, 4)),
            ),
        ),
        Compare(
            dice.choice([Comparator.EQ, Comparator.NE]),
            Its("on", Sort.BOOL),
            Literal(dice.random() < 0.5),
        ),
        Compare(
            dice.choice([Comparator.EQ, Comparator.NE]),
            Last("stream.open", "cause", Sort.TEXT),
            Literal("follow_up"),
        ),
    ]
    return dice.choice(options)


def event(dice: random.Random) -> Event:
    name = dice.choice(EVENTS)
    if name == "microphone.power" and dice.random() < 0.7:
        return Event(
            name,
            (
                Compare(
                    Comparator.EQ,
                    Its("on", Sort.BOOL),
                    Literal(dice.random() < 0.5),
                ),
            ),
        )
    return Event(name)


def formula(dice: random.Random, depth: int = 3) -> Formula:
    if depth == 0 or dice.random() < 0.15:
        return (
            dice.choice([event, event, event, compare])(dice)
            if dice.random() < 0.95
            else Truth(dice.random() < 0.5)
        )

    def sub() -> Formula:
        return formula(dice, depth - 1)

    match dice.randint(0, 11):
        case 0:
            return Not(sub())
        case 1:
            return And(sub(), sub())
        case 2:
            return Or(sub(), sub())
        case 3:
            return Implies(sub(), sub())
        case 4:
            return Previously(bound(dice), sub())
        case 5:
            return Once(bound(dice), sub())
        case 6:
            return Historically(bound(dice), sub())
        case 7:
            return Since(bound(dice), sub(), sub())
        case 8:
            patterns = (("off", event(dice)), ("on", event(dice)))
            return Latch("microphone", dice.choice(["on", "off"]), patterns)
        case 9:
            return Deadline(sub(), dice.randint(0, 6), sub())
        case 10:
            return Count(dice.randint(0, 3), dice.randint(0, 6), sub())
    return compare(dice)


def plain_formula(dice: random.Random, depth: int = 3) -> Formula:
    """What other tools can say too: events without conditions, and operators over them. No bound of 0, which
    reelay 25 reads as none."""
    if depth == 0 or dice.random() < 0.15:
        return Event(dice.choice(EVENTS))

    def sub() -> Formula:
        return plain_formula(dice, depth - 1)

    def limit() -> Bound | None:
        return dice.choice(
            [
                None,
                Bound(Side.WITHIN, dice.randint(1, 6)),
                Bound(Side.FOR, dice.randint(1, 6)),
            ]
        )

    match dice.randint(0, 7):
        case 0:
            return Not(sub())
        case 1:
            return And(sub(), sub())
        case 2:
            return Or(sub(), sub())
        case 3:
            return Implies(sub(), sub())
        case 4:
            return Previously(None, sub())
        case 5:
            return Once(limit(), sub())
        case 6:
            return Historically(limit(), sub())
    return Since(limit(), sub(), sub())
