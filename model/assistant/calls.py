"""Calls: between devices with keys only the two ends hold, or to a telephone through a gateway."""

from __future__ import annotations

from earwitness.model.assistant.hardware import microphone, online, powered
from earwitness.model.expression import FALSE, TRUE, Const, Expression, Sort
from earwitness.model.systems.transition_system import (
    Component,
    StateVariable,
    Table,
    Transition,
    among,
    both,
    either,
    flag,
    flags,
    no,
    word,
)

CALL = ("none", "ringing", "talking", "telephone")

call, keyed = word("call"), flag("keyed")
ANY_ENCRYPTED = flag("any.encrypted")


def calls() -> Table:
    """A call's two ends agree on keys before they talk; a telephone's own leg may be plain."""
    c, e = Component.CALLS, Component.ENVIRONMENT
    ready, talking = both(powered, online, among(call, "none")), both(powered, online, microphone)
    over: dict[str, Expression] = {"call": Const("none"), "keyed": FALSE}
    device, telephone = {"leg": Const("device")}, {"leg": Const("telephone")}
    size = {"bytes": Const(320)}
    return Table(
        "calls",
        "call",
        (StateVariable("call", Sort.TEXT, ("none",), CALL), *flags(keyed)),
        (
            Transition("dial_device", e, ready, {"call": Const("ringing")}, "call.start", device),
            Transition("dial_telephone", e, ready, {"call": Const("telephone")}, "call.start", telephone),
            Transition(
                "agree_on_keys", c, among(call, "ringing"), {"call": Const("talking"), "keyed": TRUE}, "tick"
            ),
            Transition(
                "talk_to_device",
                c,
                both(talking, among(call, "talking")),
                {},
                "call.media",
                device | size | {"encrypted": keyed, "end_to_end": keyed},
            ),
            Transition(
                "talk_to_telephone",
                c,
                both(talking, among(call, "telephone")),
                {},
                "call.media",
                telephone | size | {"encrypted": ANY_ENCRYPTED, "end_to_end": FALSE},
            ),
            Transition("hang_up", e, no(among(call, "none")), over, "call.end"),
            Transition(
                "drop_call",
                c,
                both(no(among(call, "none")), either(no(powered), no(online))),
                over,
                "call.end",
            ),
        ),
    )
