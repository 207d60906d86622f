"""The smallest system with a promise: a microphone behind a button. The examples in the docstrings of
`systems` and `proof` speak of it, and a test runs them with these names.
"""

from __future__ import annotations

from earwitness.model.expression import Const, Sort, choice
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import parse_formula
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    TIME,
    Component,
    Layer,
    Limit,
    StateVariable,
    Table,
    Transition,
    all_of,
    any_of,
    compose,
    count,
    equals,
    flag,
    negation,
    values,
    word,
)

RAIL = Component("rail", Layer.HARDWARE)
muted, rail, pressed_at = flag("muted"), word("rail"), count("pressed_at")
UNSETTLED = any_of(
    all_of(muted, equals(rail, "on")),
    all_of(negation(muted), equals(rail, "off")),
)
"""The button says one thing and the rail does not do it yet."""

PRESS = Transition(
    "press",
    ENVIRONMENT,
    guard=negation(UNSETTLED),
    updates=values(muted=negation(muted), pressed_at=TIME),
    emits="button.microphone",
    reason="the user presses the button, but not while the rail switches",
)
SWITCH = Transition(
    "switch",
    RAIL,
    guard=UNSETTLED,
    updates=values(rail=choice(muted, Const("off"), Const("on"))),
    emits="microphone.power",
    attributes=values(on=negation(muted)),
    reason="the rail follows the button",
)
CAPTURE = Transition(
    "capture",
    RAIL,
    guard=equals(rail, "on"),
    emits="audio.captured",
    # 2,560 bytes: 80 ms of 16-bit samples at 16 kHz; any count would do in an example.
    attributes=values(bytes=2_560, buffered=0),
    reason="without power nothing is captured",
)
MICROPHONE_TABLE = Table(
    name="microphone",
    control="rail",
    variables=(
        StateVariable("muted", Sort.BOOL, (False,)),
        StateVariable(
            name="rail",
            sort=Sort.TEXT,
            initial=("off",),
            values=("off", "on"),
        ),
        StateVariable("pressed_at", Sort.INT, (0,)),
    ),
    transitions=(PRESS, SWITCH, CAPTURE),
    limits=(
        Limit(
            "rail",
            RAIL,
            condition=UNSETTLED,
            since=pressed_at,
            # 100 ms, as the reason says.
            bound=100_000,
            discharge=("switch",),
            reason="the rail switches within 100 ms",
        ),
    ),
)
MICROPHONE_SYSTEM = compose("microphone", MICROPHONE_TABLE)
KEPT_PROMISE = compile_formula(
    parse_formula(
        "audio.captured implies"
        " (not microphone.power(on = false) since microphone.power(on = true))"
    )
)
"""Nothing is captured without power."""
BROKEN_PROMISE = compile_formula(
    parse_formula("not microphone.power(on = false)")
)
"""The microphone is never switched off: a press breaks it."""
