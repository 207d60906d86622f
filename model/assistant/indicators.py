"""Rows of the firmware: what it shows and sounds, and how soon."""

from __future__ import annotations

from earwitness.model.assistant.calls import IN_CALL
from earwitness.model.assistant.cloud import (
    processed,
    processed_at,
)
from earwitness.model.assistant.components import FIRMWARE
from earwitness.model.assistant.firmware_state import (
    ACTIVATED,
    LIT_AT_REST,
    began_at,
    control,
    opened,
    opened_at,
    toned,
)
from earwitness.model.assistant.hardware import (
    bar,
    blue,
    cut,
    cut_at,
    rest_at,
    show,
)
from earwitness.model.assistant.management import tone_wanted
from earwitness.model.systems.datasheet import Datasheet
from earwitness.model.systems.transition_system import (
    Limit,
    Transition,
    all_of,
    any_of,
    equals,
    negation,
    one_of,
    values,
)


def rows_of_indicators() -> tuple[Transition, ...]:
    quiet = all_of(
        negation(opened),  # IND-1: lit as long as a stream is open
        one_of(control, "listening", "muted", "follow_up"),
        negation(IN_CALL),  # CALL-5: and as long as a call goes on
    )
    wanted = any_of(ACTIVATED, IN_CALL)
    return (
        Transition(
            "light_ring",
            FIRMWARE,
            guard=all_of(
                wanted,
                negation(blue),
            ),
            updates=values(blue=True),
            emits="light",
            attributes=values(color="blue", on=True),
            reason="IND-1, IND-2; FAQ 3: a light comes on at an activation; CALL-5: and in a call",
        ),
        Transition(
            "show_bar",
            FIRMWARE,
            guard=all_of(
                wanted,
                show,
                blue,
                negation(bar),
            ),
            updates=values(bar=True),
            emits="screen",
            attributes=values(symbol="blue_bar", on=True),
            reason="IND-4; section Aside: a blue line on the screen",
        ),
        Transition(
            "play_tone",
            FIRMWARE,
            guard=all_of(
                ACTIVATED,
                tone_wanted,  # IND-3: where the organisation wants it
                negation(toned),  # once an activation
            ),
            updates=values(toned=True),
            emits="tone",
            reason="IND-3; FAQ 3: a short tone where the organisation turned it on",
        ),
        Transition(
            "darken_ring",
            FIRMWARE,
            guard=all_of(
                blue,
                quiet,
            ),
            updates=values(blue=False),
            emits="light",
            attributes=values(color="blue", on=False),
            reason="IND-1, IND-5: nothing is sent any more",
        ),
        Transition(
            "hide_bar",
            FIRMWARE,
            guard=all_of(
                bar,
                quiet,
            ),
            updates=values(bar=False),
            emits="screen",
            attributes=values(symbol="blue_bar", on=False),
            reason="IND-4: nothing is sent any more",
        ),
    )


def limits_of_firmware(sheet: Datasheet) -> tuple[Limit, ...]:
    return (
        Limit(
            "indicator",
            FIRMWARE,
            condition=all_of(ACTIVATED, negation(blue)),
            since=began_at,
            bound=sheet["indicator"],
            discharge=("light_ring",),
            reason="IND-2: the light comes on in time",
        ),
        Limit(
            "activation",
            FIRMWARE,
            condition=ACTIVATED,
            since=began_at,
            bound=sheet["activation"],
            discharge=("light_ring", "give_up"),
            reason="WAKE-1: an activation leads to a stream in time, or to none",
        ),
        Limit(
            "answer",
            FIRMWARE,
            condition=equals(control, "follow_up"),
            since=rest_at,
            bound=sheet["follow_up"],
            discharge=("expect_no_answer",),
            reason="STR-3, IND-5: nobody waits for an answer for long",
        ),
        Limit(
            "dark",
            FIRMWARE,
            condition=LIT_AT_REST,
            since=rest_at,
            bound=sheet["dark"],
            discharge=("darken_ring",),
            reason="IND-5: the light goes off when nothing is heard or sent",
        ),
        Limit(
            "turn",
            FIRMWARE,
            condition=opened,
            since=opened_at,
            bound=sheet["turn"],
            discharge=("close_stream",),
            reason="STR-1: no stream stays open for long",
        ),
        Limit(
            "close",
            FIRMWARE,
            condition=all_of(opened, processed),
            since=processed_at,
            bound=sheet["close"],
            discharge=("close_stream",),
            reason="STR-1; FAQ 3: the stream closes once the request is processed",
        ),
        Limit(
            "drop",
            FIRMWARE,
            condition=all_of(opened, cut),
            since=cut_at,
            bound=sheet["close"],
            discharge=("close_stream",),
            reason="MIC-3: a mute ends a stream that is open",
        ),
    )
