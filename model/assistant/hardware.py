"""The hardware: one rail behind the button feeds microphones and camera, and lights what shows it."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.model.assistant.datasheet import Bounds
from earwitness.model.expression import FALSE, Const, Expression, Sort, at_most, choice
from earwitness.model.systems.transition_system import (
    TIME,
    Component,
    Limit,
    StateVariable,
    Table,
    Transition,
    among,
    both,
    count,
    counts,
    either,
    flag,
    flags,
    no,
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
    either(no(powered), among(rail, "microphone"), *pair)
    for pair in ((muted, microphone), (no(muted), no(microphone)))
)
"""Once the rail has switched, the microphones are fed exactly when the user did not mute."""


def hardware(bounds: Bounds) -> Table:
    """Button, rail, microphones, camera, shutter, red light and mute symbol."""
    m, light = Component.MICROPHONE, Component.LIGHT
    transitions = (
        Transition(
            "press_microphone",
            m,
            both(powered, among(rail, "settled")),
            {"muted": no(muted), "rail": Const("microphone"), "rail_at": TIME},
            "button.microphone",
        ),
        Transition(
            "switch_microphones",
            m,
            both(powered, among(rail, "microphone")),
            {"microphone": no(muted), "rail": choice(show, Const("camera"), Const("red"))}
            | {"cut": either(cut, muted), "cut_at": choice(both(muted, no(cut)), TIME, cut_at)},
            "microphone.power",
            {"on": no(muted)},
        ),
        Transition(
            "switch_camera",
            Component.CAMERA,
            both(powered, among(rail, "camera")),
            {"camera": no(muted), "rail": Const("red")},
            "camera.power",
            {"on": no(muted)},
        ),
        Transition(
            "switch_red_light",
            light,
            both(powered, among(rail, "red")),
            {"red": muted, "rail": choice(show, Const("symbol"), Const("settled"))},
            "light",
            {"color": Const("red"), "on": muted},
        ),
        Transition(
            "switch_mute_symbol",
            light,
            both(powered, among(rail, "symbol")),
            {"mute_symbol": muted, "rail": Const("settled")},
            "screen",
            {"symbol": Const("mute_symbol"), "on": muted},
        ),
        Transition(
            "capture_audio",
            m,
            both(
                powered,
                microphone,
                at_most(Const(0), ANY_BUFFERED),
                at_most(ANY_BUFFERED, Const(bounds.preroll)),
            ),
            {},
            "audio.captured",
            {"bytes": Const(2560), "buffered": ANY_BUFFERED},
        ),
        Transition(
            "capture_frame",
            Component.CAMERA,
            both(powered, camera, no(shutter)),
            {},
            "camera.captured",
            {"bytes": Const(4096)},
        ),
        Transition(
            "move_shutter",
            Component.ENVIRONMENT,
            show,
            {"shutter": no(shutter)},
            "shutter",
            {"closed": no(shutter)},
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
        (Limit("rail", m, both(powered, no(among(rail, "settled"))), rail_at, bounds.cut, switching),),
        RAIL_FOLLOWS_BUTTON,
    )
