"""The hardware: one rail behind the button feeds microphones and camera, and lights what shows it."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.model.assistant import components
from earwitness.model.expression import FALSE, Const, Expression, Sort, at_most, choice
from earwitness.model.systems.datasheet import Datasheet
from earwitness.model.systems.transition_system import (
    TIME,
    Limit,
    StateVariable,
    Table,
    Transition,
    all_of,
    any_of,
    count,
    counts,
    equals,
    flag,
    flags,
    negation,
    word,
)

RAIL = ("settled", "microphone", "camera", "red", "symbol")
"""What the rail switches next; `settled`: nothing."""

show, powered, muted, online = flag("show"), flag("powered"), flag("muted"), flag("online")
microphone, camera, shutter = flag("microphone"), flag("camera"), flag("shutter")
red, mute_symbol = flag("red"), flag("mute_symbol")
rail, rail_at = word("rail"), count("rail_at")
cut, cut_at = flag("cut"), count("cut_at")
"""A latch: power was cut since the last stream opened, and when first. A quick mute and unmute must still stop a stream."""

KIND = choice(show, Const("show"), Const("speaker"))
ANY_BUFFERED = count("any.buffered")

DARK: Mapping[str, Expression] = {
    v.name: FALSE for v in (powered, microphone, camera, red, mute_symbol, cut)
} | {"rail": Const("settled")}
"""What a power cut does to the hardware."""

RAIL_FOLLOWS_BUTTON = tuple(
    any_of(negation(powered), equals(rail, "microphone"), *pair)
    for pair in ((muted, microphone), (negation(muted), negation(microphone)))
)
"""Once the rail has switched, the microphones are fed exactly when the user did not mute."""


def hardware(sheet: Datasheet) -> Table:
    """Button, rail, microphones, camera, shutter, red light and mute symbol."""
    m, light = components.MICROPHONE, components.LIGHT
    transitions = (
        Transition(
            "press_microphone",
            m,
            guard=all_of(powered, equals(rail, "settled")),
            updates={"muted": negation(muted), "rail": Const("microphone"), "rail_at": TIME},
            emits="button.microphone",
        ),
        Transition(
            "switch_microphones",
            m,
            guard=all_of(powered, equals(rail, "microphone")),
            updates={"microphone": negation(muted), "rail": choice(show, Const("camera"), Const("red"))}
            | {"cut": any_of(cut, muted), "cut_at": choice(all_of(muted, negation(cut)), TIME, cut_at)},
            emits="microphone.power",
            attributes={"on": negation(muted)},
        ),
        Transition(
            "switch_camera",
            components.CAMERA,
            guard=all_of(powered, equals(rail, "camera")),
            updates={"camera": negation(muted), "rail": Const("red")},
            emits="camera.power",
            attributes={"on": negation(muted)},
        ),
        Transition(
            "switch_red_light",
            light,
            guard=all_of(powered, equals(rail, "red")),
            updates={"red": muted, "rail": choice(show, Const("symbol"), Const("settled"))},
            emits="light",
            attributes={"color": Const("red"), "on": muted},
        ),
        Transition(
            "switch_mute_symbol",
            light,
            guard=all_of(powered, equals(rail, "symbol")),
            updates={"mute_symbol": muted, "rail": Const("settled")},
            emits="screen",
            attributes={"symbol": Const("mute_symbol"), "on": muted},
        ),
        Transition(
            "capture_audio",
            m,
            guard=all_of(
                powered,
                microphone,
                at_most(Const(0), ANY_BUFFERED),
                at_most(ANY_BUFFERED, Const(sheet["preroll"])),
            ),
            updates={},
            emits="audio.captured",
            attributes={"bytes": Const(2560), "buffered": ANY_BUFFERED},
        ),
        Transition(
            "capture_frame",
            components.CAMERA,
            guard=all_of(powered, camera, negation(shutter)),
            updates={},
            emits="camera.captured",
            attributes={"bytes": Const(4096)},
        ),
        Transition(
            "move_shutter",
            components.ENVIRONMENT,
            guard=show,
            updates={"shutter": negation(shutter)},
            emits="shutter",
            attributes={"closed": negation(shutter)},
        ),
    )
    switching = ("switch_microphones", "switch_camera", "switch_red_light", "switch_mute_symbol")
    return Table(
        "hardware",
        "rail",
        (
            StateVariable("show", Sort.BOOL, (True, False)),
            *flags(powered, muted, microphone, camera, shutter, red, mute_symbol, cut),
            StateVariable("rail", Sort.TEXT, ("settled",), RAIL),
            StateVariable("online", Sort.BOOL, (True,)),
            *counts(rail_at, cut_at),
        ),
        transitions,
        (
            Limit(
                "rail",
                m,
                condition=all_of(powered, negation(equals(rail, "settled"))),
                since=rail_at,
                bound=sheet["rail"],
                discharge=switching,
            ),
        ),
        RAIL_FOLLOWS_BUTTON,
    )
