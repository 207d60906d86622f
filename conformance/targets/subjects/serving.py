"""How long one waits for a subject, and what one that shows nothing can do."""

from __future__ import annotations

import re
from collections.abc import Sequence

PATIENCE = 3.0
"""Seconds of real time that a subject has for each of its steps, which take it some milliseconds."""

STARTING = 8 * PATIENCE
"""Seconds that a subject has until it answers at its port; most take one or two."""

ENOUGH_KNOCKS = 20
"""Knocks at its port while it listens at another, after which it is not waited for."""

ENOUGH_SHORTFALLS = 3
"""Pieces of sound without what should come of them, since the last answer, after which none is waited for."""


REST = 0.1
"""Seconds without a message after which a subject has worked off what it was sent."""

LATE = 4_000_000
"""Microseconds that a late server is late."""

LEVELS = ("mute_stops_voice", "mute_stops_microphone", "mute_cuts_power")
"""Capabilities beyond the first level of a mute."""

NUMBER = re.compile(r"\d{1,3}(\.\d{1,3})?")
"""As people write a speed."""

AWAY = ("drop", "stranger")
"""While the server behaves so it is not there."""

SHOWS_NOTHING = (
    "power",
    "microphone",
    "loudspeaker",
    "route",
    "software_mute",
    "server",
)
"""Capabilities of a subject whose driver sees no light of it, nor hears of one."""


def claimed_level(options: Sequence[str]) -> int:
    """The level of mute in `claims=N`: 1 no request is run, 2 no voice leaves the process, 3 the microphone
    is not read, 4 the microphones have no power. Ends the driver where there is no such level.

    >>> claimed_level(["--debug", "claims=3"])
    3
    >>> claimed_level(["claims=9"])
    Traceback (most recent call last):
    SystemExit: 'claims=9' names no level of a mute; write claims=1, 2, 3 or 4
    """
    level = 1
    for option in options:
        name, _, told = option.partition("=")
        if name == "claims" and told not in ("1", "2", "3", "4"):
            raise SystemExit(
                f"'{option}' names no level of a mute; write claims=1, 2, 3 or 4"
            )
        level = int(told) if name == "claims" else level
    return level


def chosen_speed(options: Sequence[str]) -> float:
    """The number in `speed=N`: so many seconds pass for the subject in one, at most; 0 where there is no such
    option. Ends the driver where it is no speed.

    >>> chosen_speed(["speed=4"]), chosen_speed([])
    (4.0, 0.0)
    >>> chosen_speed(["speed=fast"])
    Traceback (most recent call last):
    SystemExit: 'speed=fast' is no speed; write such as speed=1, which is real time, or speed=4
    """
    speed = 0.0
    for option in options:
        name, _, told = option.partition("=")
        if name == "speed":
            speed = float(told) if NUMBER.fullmatch(told) else 0.0
            if speed <= 0:
                raise SystemExit(
                    f"'{option}' is no speed; write such as speed=1, which is real time, or speed=4"
                )
    return speed
