"""The firmware of a device: it waits for its word, opens and closes streams, shows what it does; and the
environment around it."""

from __future__ import annotations

from earwitness.model.assistant.calls import DROPPED
from earwitness.model.assistant.cloud import (
    NEW_TURN,
    number,
)
from earwitness.model.assistant.components import ENVIRONMENT, FIRMWARE
from earwitness.model.assistant.firmware_state import (
    ANY_FOR_US,
    CAN_BE_PRESSED,
    CONTROL,
    FIRMWARE_HINTS,
    KEPT_SETTING,
    LISTENING,
    activated_at,
    began_at,
    control,
    for_us,
    heard_from,
    opened,
    opened_at,
    toned,
)
from earwitness.model.assistant.hardware import (
    DARK,
    KIND,
    bar,
    blue,
    microphone,
    muted,
    online,
    powered,
    rest_at,
)
from earwitness.model.assistant.indicators import (
    limits_of_firmware,
    rows_of_indicators,
)
from earwitness.model.assistant.network import (
    DISCONNECTED,
)
from earwitness.model.assistant.streams import (
    rows_of_follow_ups,
    rows_of_streams,
)
from earwitness.model.expression import (
    TRUE,
    Const,
    Expression,
    Sort,
    choice,
)
from earwitness.model.systems.datasheet import Datasheet
from earwitness.model.systems.transition_system import (
    TIME,
    StateVariable,
    Table,
    Transition,
    all_of,
    counts,
    equals,
    flags,
    negation,
    same_for,
    values,
)


def firmware(sheet: Datasheet) -> Table:
    """Everything the device's software decides, under a hostile environment. It may use each rating to
    the full."""
    return Table(
        name="firmware",
        control="control",
        variables=(
            *flags(opened, blue, bar, toned, for_us),
            StateVariable(
                name="control",
                sort=Sort.TEXT,
                initial=("idle",),
                values=CONTROL,
            ),
            StateVariable(
                name="cause",
                sort=Sort.TEXT,
                initial=("wake_word",),
                values=("wake_word", "action_button", "follow_up"),
            ),
            *counts(
                began_at, activated_at, opened_at, heard_from, rest_at, number
            ),
        ),
        transitions=(
            *_rows_of_environment(),
            *_rows_of_activation(),
            *rows_of_streams(sheet),
            *rows_of_follow_ups(),
            *_mute_and_settings(),
            *rows_of_indicators(),
        ),
        limits=limits_of_firmware(sheet),
        hints=FIRMWARE_HINTS,
    )


def _rows_of_environment() -> tuple[Transition, ...]:
    """Power, network and buttons at any moment."""
    return (
        Transition(
            "restore_power",
            ENVIRONMENT,
            guard=negation(powered),
            updates=values(
                powered=True,
                control=choice(muted, Const("muted"), Const("listening")),
                rail="microphone",
                rail_at=TIME,
                latch="closed",
            ),
            emits="power",
            attributes=values(on=True, kind=KIND),
            reason="BASE-1, MIC-5: power comes back; the rail then follows the button, and opens its latch",
        ),
        Transition(
            "cut_power",
            ENVIRONMENT,
            guard=TRUE,
            updates=DARK
            | NEW_TURN
            | same_for(False, blue, bar, toned, opened)
            | values(control="idle")
            | DROPPED
            | DISCONNECTED,
            emits="power",
            attributes=values(on=False, kind=KIND),
            reason="assumption: power is lost at any time; the cloud forgets a turn whose device is gone",
        ),
        Transition(
            "change_network",
            ENVIRONMENT,
            guard=TRUE,
            updates=values(online=negation(online)) | DISCONNECTED,
            emits="network",
            attributes=values(on=negation(online)),
            reason="assumption: the network is lost and comes back at any time",
        ),
        Transition(
            "press_action_in_vain",
            ENVIRONMENT,
            guard=all_of(
                powered,
                negation(
                    CAN_BE_PRESSED
                ),  # IND-2: where it starts something, it does
            ),
            emits="button.action",
            reason="assumption: the button may be pressed in every state, also where it starts nothing",
        ),
        Transition(
            "find_setting",
            ENVIRONMENT,
            guard=TRUE,
            emits="record.found",
            attributes=KEPT_SETTING,
            reason="RET-1, WAKE-2: a look into the device's store shows settings, nothing else",
        ),
    )


def _rows_of_activation() -> tuple[Transition, ...]:
    return (
        Transition(
            "hear_wake_word",
            FIRMWARE,
            guard=all_of(
                powered,
                microphone,  # MIC-3: a muted device is not woken
                LISTENING,
            ),
            updates=_activated_by("wake_word", ANY_FOR_US),
            emits="wake_word",
            attributes=values(word="alexa"),
            reason="WAKE-1; FAQ 1. Assumption: one word for the chosen one; a false wake looks alike",
        ),
        Transition(
            "press_action",
            FIRMWARE,
            guard=all_of(
                powered,
                ANY_FOR_US,
                CAN_BE_PRESSED,
            ),
            updates=_activated_by("action_button", TRUE),
            emits="button.action",
            reason="WAKE-1; FAQ 3: the action button activates too",
        ),
    )


def _activated_by(by: str, is_for_us: Expression) -> dict[str, Expression]:
    return values(
        control="activated",
        cause=by,
        for_us=is_for_us,
        began_at=TIME,
        activated_at=TIME,
        toned=False,
    )


def _mute_and_settings() -> tuple[Transition, ...]:
    return (
        Transition(
            "notice_mute",
            FIRMWARE,
            guard=all_of(
                negation(microphone),
                negation(opened),
                LISTENING,
            ),
            updates=values(control="muted"),
            emits=None,
            reason="MIC-3: the software learns late what the button did; nothing depends on that",
        ),
        Transition(
            "notice_unmute",
            FIRMWARE,
            guard=all_of(
                microphone,
                equals(control, "muted"),
            ),
            updates=values(control="listening"),
            emits=None,
            reason="MIC-3: as for a mute",
        ),
        Transition(
            "keep_setting",
            FIRMWARE,
            guard=powered,
            emits="record.write",
            attributes=KEPT_SETTING,
            reason="RET-1, WAKE-2: the device stores settings, nothing else",
        ),
    )
