"""The firmware of a device: it waits for its word, opens and closes streams, shows what it does; and the
environment around it."""

from __future__ import annotations

from earwitness.model.assistant.calls import DROPPED, IN_CALL
from earwitness.model.assistant.cloud import (
    NEW_TURN,
    asked,
    asked_at,
    number,
    processed,
    processed_at,
    spoken,
    stop,
)
from earwitness.model.assistant.components import ENVIRONMENT, FIRMWARE
from earwitness.model.assistant.hardware import (
    DARK,
    KIND,
    bar,
    blue,
    cut,
    cut_at,
    microphone,
    muted,
    online,
    powered,
    rest_at,
    show,
)
from earwitness.model.assistant.management import tone_wanted
from earwitness.model.assistant.network import (
    CONFIDENTIAL,
    CONNECTED,
    DISCONNECTED,
)
from earwitness.model.expression import (
    TRUE,
    Const,
    Expression,
    Sort,
    at_most,
    choice,
    implication,
    minus,
    plus,
)
from earwitness.model.systems.datasheet import Datasheet
from earwitness.model.systems.state_property import NOW
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
    one_of,
    same_for,
    values,
    word,
)

CONTROL = (
    "idle",
    "listening",
    "activated",
    "streaming",
    "waiting",
    "follow_up",
    "muted",
)

opened, toned = flag("open"), flag("toned")
control, cause = word("control"), word("cause")
began_at, activated_at, opened_at = (
    count("began_at"),
    count("activated_at"),
    count("opened_at"),
)
heard_from = count("heard_from")
ANY_FROM, ANY_TO = count("any.from"), count("any.to")

STREAMING = all_of(opened, online, equals(control, "streaming"))
WAITING = all_of(opened, online, equals(control, "waiting"))

_SETTING = values(store="device", category="setting", acted_on=False)
_AT_REST = choice(microphone, Const("listening"), Const("muted"))
_ACTIVATED, _LISTENING = (
    equals(control, "activated"),
    equals(control, "listening"),
)
_CAN_BE_PRESSED = all_of(
    microphone, one_of(control, "listening", "follow_up", "muted")
)
"""Where the action button starts a request: at rest with microphones on, also before the software has
noticed that they are."""
_LIT_AT_REST = all_of(
    blue,
    negation(opened),
    one_of(control, "listening", "muted"),
    negation(IN_CALL),
)


_HINTS = (
    one_of(control, *CONTROL),
    one_of(cause, "wake_word", "action_button", "follow_up"),
    implication(IN_CALL, powered),
    implication(blue, powered),
    implication(opened, blue),
    implication(all_of(opened, show), bar),
    implication(opened, one_of(control, "streaming", "waiting")),
    implication(one_of(control, "streaming", "waiting"), opened),
    implication(equals(control, "idle"), negation(powered)),
    implication(negation(powered), equals(control, "idle")),
    implication(opened, all_of(powered, at_most(opened_at, count(NOW)))),
    implication(equals(control, "follow_up"), negation(opened)),
    implication(
        all_of(_ACTIVATED, equals(cause, "follow_up")),
        at_most(rest_at, activated_at),
    ),
    implication(
        all_of(_ACTIVATED, negation(equals(cause, "follow_up"))),
        equals(began_at, activated_at),
    ),
)
"""Candidate lemmas over states, `now` the instant of the last event: what a reader of the rows expects. The
prover checks each, and trusts none."""


def firmware(sheet: Datasheet) -> Table:
    """Everything the device's software decides, under a hostile environment. It may use each rating to
    the full."""
    return Table(
        name="firmware",
        control="control",
        variables=(
            *flags(opened, blue, bar, toned),
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
            *_rows_of_streams(sheet),
            *_follow_ups(),
            *_mute_and_settings(),
            *_rows_of_indicators(),
        ),
        limits=_limits_of_firmware(sheet),
        hints=_HINTS,
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
            ),
            emits="power",
            attributes=values(on=True, kind=KIND),
            reason="BASE-1: power comes back at any time; the rail then follows the button",
        ),
        Transition(
            "cut_power",
            ENVIRONMENT,
            guard=powered,
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
                    _CAN_BE_PRESSED
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
            attributes=_SETTING,
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
                _LISTENING,
            ),
            updates=_activated_by("wake_word"),
            emits="wake_word",
            attributes=values(word="alexa"),
            reason="WAKE-1; FAQ 1. Assumption: one word for the chosen one; a false wake looks alike",
        ),
        Transition(
            "press_action",
            FIRMWARE,
            guard=all_of(
                powered,
                _CAN_BE_PRESSED,
            ),
            updates=_activated_by("action_button"),
            emits="button.action",
            reason="WAKE-1; FAQ 3: the action button activates too",
        ),
    )


def _activated_by(by: str) -> dict[str, Expression]:
    return values(
        control="activated",
        cause=by,
        began_at=TIME,
        activated_at=TIME,
        toned=False,
    )


def _rows_of_streams(sheet: Datasheet) -> tuple[Transition, ...]:
    by_follow_up = equals(cause, "follow_up")
    earliest = choice(
        by_follow_up,
        activated_at,
        minus(activated_at, Const(sheet["preroll"])),
    )
    return (
        Transition(
            "open_stream",
            FIRMWARE,
            guard=all_of(
                _ACTIVATED,  # WAKE-1: something asked for a stream
                microphone,  # MIC-3: not while muted
                online,
                CONNECTED,
                all_of(
                    blue,  # IND-1: the ring is lit first
                    implication(
                        show, bar
                    ),  # IND-4: and the bar, where there is a screen
                    implication(
                        tone_wanted, toned
                    ),  # IND-3: and the tone is played, where it is wanted
                ),
                negation(opened),  # one stream at a time
                at_most(Const(0), ANY_FROM),
                at_most(
                    earliest, ANY_FROM
                ),  # WAKE-4: no earlier than the pre-roll
                at_most(ANY_FROM, TIME),
                implication(
                    by_follow_up,
                    at_most(TIME, plus(asked_at, Const(sheet["follow_up"]))),
                ),  # STR-3
            ),
            updates=values(
                open=True,
                control="streaming",
                opened_at=TIME,
                heard_from=ANY_FROM,
                cut=False,
                number=plus(number, Const(1)),
            )
            | NEW_TURN,
            emits="stream.open",
            attributes=values(stream=plus(number, Const(1)), cause=cause)
            | {"from": ANY_FROM},
            reason="WAKE-1; FAQ 1, FAQ 3: a stream opens after an activation that is shown",
        ),
        Transition(
            "send_audio",
            FIRMWARE,
            guard=all_of(
                opened,  # WAKE-1: only inside a stream
                microphone,  # MIC-3: not while muted
                negation(cut),  # MIC-3: nor after a quick mute and unmute
                online,
                CONNECTED,  # assumption: without a connection nothing can be sent
                equals(
                    control, "streaming"
                ),  # STR-1: not while the answer is awaited
                at_most(
                    heard_from, ANY_FROM
                ),  # WAKE-4: nothing from before the stream's own first sample
                at_most(ANY_FROM, ANY_TO),
                at_most(
                    ANY_TO, TIME
                ),  # assumption: what is sent may have been heard a little before
            ),
            emits="stream.audio",
            attributes=values(
                stream=number,
                bytes=2560,
                to=ANY_TO,
                encrypted=CONFIDENTIAL,
                voice=True,
            )
            | {"from": ANY_FROM},
            reason="STR-2; section Echo Devices: sound goes to whoever is at the other end",
        ),
        Transition(
            "await_answer",
            FIRMWARE,
            guard=all_of(
                opened,
                stop,  # the cloud has heard enough
                equals(control, "streaming"),
            ),
            updates=values(control="waiting"),
            emits=None,
            reason="STR-1; section TTS: the ring stays lit while the answer is awaited",
        ),
        Transition(
            "close_stream",
            FIRMWARE,
            guard=opened,
            updates=values(
                open=False,
                rest_at=TIME,
                control=choice(
                    negation(microphone),
                    Const("muted"),
                    choice(asked, Const("follow_up"), Const("listening")),
                ),
            ),
            emits="stream.close",
            attributes=values(stream=number),
            reason="STR-1; FAQ 3. The firmware may close at any time; the limits say when it must",
        ),
    )


def _follow_ups() -> tuple[Transition, ...]:
    return (
        Transition(
            "listen_for_answer",
            FIRMWARE,
            guard=all_of(
                equals(control, "follow_up"),
                microphone,  # MIC-3
                online,
                asked,  # STR-3: only after a question
                spoken,  # TTS-2: that was spoken
            ),
            updates=values(
                control="activated",
                cause="follow_up",
                began_at=TIME,
                activated_at=TIME,
                toned=False,
            ),
            emits=None,
            reason="STR-3; section TTS: some skills ask questions that need an answer",
        ),
        Transition(
            "give_up",
            FIRMWARE,
            guard=all_of(
                _ACTIVATED,
                blue,  # IND-2: what was activated has been shown
            ),
            updates=values(control=_AT_REST, rest_at=TIME),
            emits=None,
            reason="WAKE-1: an activation that led to no stream is over",
        ),
        Transition(
            "expect_no_answer",
            FIRMWARE,
            guard=equals(control, "follow_up"),
            updates=values(control=_AT_REST, rest_at=TIME),
            emits=None,
            reason="STR-3: a question need not be answered",
        ),
    )


def _mute_and_settings() -> tuple[Transition, ...]:
    return (
        Transition(
            "notice_mute",
            FIRMWARE,
            guard=all_of(
                negation(microphone),
                negation(opened),
                _LISTENING,
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
            attributes=_SETTING,
            reason="RET-1, WAKE-2: the device stores settings, nothing else",
        ),
    )


def _rows_of_indicators() -> tuple[Transition, ...]:
    quiet = all_of(
        negation(opened),  # IND-1: lit as long as a stream is open
        one_of(control, "listening", "muted", "follow_up"),
        negation(IN_CALL),  # CALL-5: and as long as a call goes on
    )
    wanted = any_of(_ACTIVATED, IN_CALL)
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
                _ACTIVATED,
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


def _limits_of_firmware(sheet: Datasheet) -> tuple[Limit, ...]:
    return (
        Limit(
            "indicator",
            FIRMWARE,
            condition=all_of(_ACTIVATED, negation(blue)),
            since=began_at,
            bound=sheet["indicator"],
            discharge=("light_ring",),
            reason="IND-2: the light comes on in time",
        ),
        Limit(
            "activation",
            FIRMWARE,
            condition=_ACTIVATED,
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
            condition=_LIT_AT_REST,
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
