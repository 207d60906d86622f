"""Calls: between devices with keys only the two ends hold, or to a telephone through a gateway."""

from __future__ import annotations

from earwitness.model.assistant.components import CALLS, ENVIRONMENT
from earwitness.model.assistant.hardware import (
    blue,
    microphone,
    online,
    powered,
    rest_at,
)
from earwitness.model.expression import Const, Sort, choice
from earwitness.model.systems.transition_system import (
    TIME,
    StateVariable,
    Table,
    Transition,
    all_of,
    any_of,
    equals,
    flag,
    flags,
    negation,
    one_of,
    same_for,
    values,
    word,
)

CALL = ("none", "ringing", "talking", "telephone", "dropped")
"""`ringing`: to another device or from one, before keys are agreed on; `talking`: after; `telephone`:
through a gateway; `dropped`: power was lost, and the call is over before it is told."""

call, key_holder = word("call"), word("key_holder")
holds_call = flag("holds_call")
"""Whether what carries a call still holds a piece of its sound."""
ANY_ENCRYPTED, ANY_HOLDER = flag("any.encrypted"), word("any.holder")
HOLDERS = ("nobody", "other_end", "stranger")
"""Who beside the device holds the keys of a call."""
FREE = {"any.holder": HOLDERS}

IN_CALL = one_of(call, "ringing", "talking", "telephone")
DROPPED = values(
    call=choice(IN_CALL, Const("dropped"), call), key_holder="nobody"
)
"""What a power cut does to a call."""
_OVER = values(
    call="none",
    key_holder="nobody",
    holds_call=False,  # CALL-2: what was held of its sound goes with it
) | same_for(TIME, rest_at)


def calls() -> Table:
    """A call's two ends agree on keys before they talk; a telephone's own leg may be plain."""
    return Table(
        name="calls",
        control="call",
        variables=(
            *flags(holds_call),
            StateVariable(
                name="call", sort=Sort.TEXT, initial=("none",), values=CALL
            ),
            StateVariable(
                name="key_holder",
                sort=Sort.TEXT,
                initial=("nobody",),
                values=HOLDERS,
            ),
        ),
        transitions=(
            *_rows_of_beginning(),
            *_rows_of_talking(),
            *_rows_of_ending(),
        ),
        hints=(any_of(negation(equals(call, "none")), negation(holds_call)),),
    )


def _rows_of_beginning() -> tuple[Transition, ...]:
    ready = powered  # assumption: also while another call goes on, which it replaces
    return (
        Transition(
            "dial_device",
            ENVIRONMENT,
            guard=ready,
            updates=values(call="ringing"),
            emits="call.start",
            attributes=values(leg="device", direction="sent"),
            reason="assumption: anybody may call at any time",
        ),
        Transition(
            "take_call",
            ENVIRONMENT,
            guard=ready,
            updates=values(call="ringing"),
            emits="call.start",
            attributes=values(leg="device", direction="received"),
            reason="CALL-4: a device that is called tells so, since what it hears leaves from now on",
        ),
        Transition(
            "dial_telephone",
            ENVIRONMENT,
            guard=ready,
            updates=values(call="telephone"),
            emits="call.start",
            attributes=values(leg="telephone", direction="sent"),
            reason="assumption: anybody may call at any time",
        ),
        Transition(
            "agree_on_keys",
            CALLS,
            guard=all_of(
                equals(call, "ringing"),
                one_of(
                    ANY_HOLDER, *HOLDERS
                ),  # assumption: anybody may offer keys in the name of the other end
                equals(
                    ANY_HOLDER, "other_end"
                ),  # CALL-1: the signature is the other end's
            ),
            updates=values(call="talking", key_holder=ANY_HOLDER),
            emits=None,
            reason="CALL-1; FAQ 6: sound between devices is encrypted from end to end",
        ),
    )


def _rows_of_talking() -> tuple[Transition, ...]:
    can_talk = all_of(
        powered,
        online,
        microphone,  # MIC-6: a muted microphone gives nothing to a call
        blue,  # CALL-5: whoever is heard can see it
    )
    return (
        Transition(
            "talk_to_device",
            CALLS,
            guard=all_of(
                can_talk,
                equals(
                    call, "talking"
                ),  # CALL-1: only after keys are agreed on
            ),
            updates=values(holds_call=True),
            emits="call.media",
            attributes=values(
                leg="device",
                # 320 bytes: a piece of a call's sound, chosen as an example.
                bytes=320,
                encrypted=negation(equals(key_holder, "nobody")),
                end_to_end=equals(key_holder, "other_end"),
            ),
            reason="CALL-1; FAQ 6",
        ),
        Transition(
            "talk_to_telephone",
            CALLS,
            guard=all_of(
                can_talk,
                equals(call, "telephone"),
            ),
            updates=values(holds_call=True),
            emits="call.media",
            attributes=values(
                leg="telephone",
                # As above.
                bytes=320,
                encrypted=ANY_ENCRYPTED,
                end_to_end=False,
            ),
            reason="CALL-3; FAQ 6: the telephone network's part is not encrypted",
        ),
    )


def _rows_of_ending() -> tuple[Transition, ...]:
    return (
        Transition(
            "hang_up",
            ENVIRONMENT,
            guard=IN_CALL,
            updates=_OVER,
            emits="call.end",
            reason="assumption: either end may hang up at any time",
        ),
        Transition(
            "drop_call",
            CALLS,
            guard=any_of(
                equals(call, "dropped"),
                all_of(IN_CALL, negation(online)),
            ),
            updates=_OVER,
            emits="call.end",
            reason="CALL-4: a call does not outlive power or network",
        ),
    )
