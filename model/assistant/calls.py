"""Calls: between devices with keys only the two ends hold, or to a telephone through a gateway."""

from __future__ import annotations

from earwitness.model.assistant import components
from earwitness.model.assistant.hardware import microphone, online, powered
from earwitness.model.expression import FALSE, TRUE, Const, Expression, Sort
from earwitness.model.systems.transition_system import (
    StateVariable,
    Table,
    Transition,
    all_of,
    any_of,
    equals,
    flag,
    flags,
    negation,
    word,
)

CALL = ("none", "ringing", "talking", "telephone")

call, keyed = word("call"), flag("keyed")
ANY_ENCRYPTED = flag("any.encrypted")


def calls() -> Table:
    """A call's two ends agree on keys before they talk; a telephone's own leg may be plain."""
    c, e = components.CALLS, components.ENVIRONMENT
    ready, talking = all_of(powered, online, equals(call, "none")), all_of(powered, online, microphone)
    over: dict[str, Expression] = {"call": Const("none"), "keyed": FALSE}
    device, telephone = {"leg": Const("device")}, {"leg": Const("telephone")}
    size = {"bytes": Const(320)}
    return Table(
        "calls",
        "call",
        (StateVariable("call", Sort.TEXT, ("none",), CALL), *flags(keyed)),
        (
            Transition(
                "dial_device",
                e,
                guard=ready,
                updates={"call": Const("ringing")},
                emits="call.start",
                attributes=device,
            ),
            Transition(
                "dial_telephone",
                e,
                guard=ready,
                updates={"call": Const("telephone")},
                emits="call.start",
                attributes=telephone,
            ),
            Transition(
                "agree_on_keys",
                c,
                guard=equals(call, "ringing"),
                updates={"call": Const("talking"), "keyed": TRUE},
                emits=None,
            ),
            Transition(
                "talk_to_device",
                c,
                guard=all_of(talking, equals(call, "talking")),
                updates={},
                emits="call.media",
                attributes=device | size | {"encrypted": keyed, "end_to_end": keyed},
            ),
            Transition(
                "talk_to_telephone",
                c,
                guard=all_of(talking, equals(call, "telephone")),
                updates={},
                emits="call.media",
                attributes=telephone | size | {"encrypted": ANY_ENCRYPTED, "end_to_end": FALSE},
            ),
            Transition("hang_up", e, guard=negation(equals(call, "none")), updates=over, emits="call.end"),
            Transition(
                "drop_call",
                c,
                guard=all_of(negation(equals(call, "none")), any_of(negation(powered), negation(online))),
                updates=over,
                emits="call.end",
            ),
        ),
    )
