"""Rows of the firmware: how a stream opens, sends and closes, and what follows an answer."""

from __future__ import annotations

from earwitness.model.assistant.cloud import (
    NEW_TURN,
    asked,
    asked_at,
    number,
    spoken,
    stop,
)
from earwitness.model.assistant.components import FIRMWARE
from earwitness.model.assistant.firmware_state import (
    ACTIVATED,
    ANY_FOR_US,
    ANY_FROM,
    ANY_TO,
    STATE_AT_REST,
    activated_at,
    cause,
    control,
    heard_from,
    opened,
    toned,
)
from earwitness.model.assistant.hardware import (
    bar,
    blue,
    cut,
    microphone,
    online,
    show,
)
from earwitness.model.assistant.management import tone_wanted
from earwitness.model.assistant.network import (
    CONFIDENTIAL,
    CONNECTED,
)
from earwitness.model.expression import (
    Const,
    at_most,
    choice,
    implication,
    minus,
    plus,
)
from earwitness.model.systems.datasheet import Datasheet
from earwitness.model.systems.transition_system import (
    TIME,
    Transition,
    all_of,
    equals,
    negation,
    values,
)


def rows_of_streams(sheet: Datasheet) -> tuple[Transition, ...]:
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
                ACTIVATED,  # WAKE-1: something asked for a stream
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
                # The 80 ms of 16-bit samples at 16 kHz that the reference sends at once.
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
                filled=0,  # WAKE-2: what was not sent is thrown away
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


def rows_of_follow_ups() -> tuple[Transition, ...]:
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
                for_us=ANY_FOR_US,
            ),
            emits=None,
            reason="STR-3; section TTS: some skills ask questions that need an answer",
        ),
        Transition(
            "give_up",
            FIRMWARE,
            guard=all_of(
                ACTIVATED,
                blue,  # IND-2: what was activated has been shown
            ),
            updates=values(control=STATE_AT_REST, rest_at=TIME),
            emits=None,
            reason="WAKE-1: an activation that led to no stream is over",
        ),
        Transition(
            "expect_no_answer",
            FIRMWARE,
            guard=equals(control, "follow_up"),
            updates=values(control=STATE_AT_REST, rest_at=TIME),
            emits=None,
            reason="STR-3: a question need not be answered",
        ),
    )
