"""The firmware of a device: it waits for its word, opens and closes streams, shows what it does; and the environment around it."""

from __future__ import annotations

from earwitness.model.assistant import components
from earwitness.model.assistant.cloud import NEW_TURN, asked, asked_at, processed, processed_at, stop
from earwitness.model.assistant.hardware import (
    DARK,
    KIND,
    cut,
    cut_at,
    microphone,
    muted,
    online,
    powered,
    show,
)
from earwitness.model.assistant.management import tone_wanted
from earwitness.model.expression import (
    FALSE,
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
from earwitness.model.systems.transition_system import (
    TIME,
    Limit,
    StateVariable,
    Table,
    Transition,
    all_of,
    count,
    counts,
    equals,
    flag,
    flags,
    negation,
    one_of,
    word,
)

CONTROL = ("idle", "listening", "activated", "streaming", "waiting", "follow_up", "muted")

blue, bar, toned = flag("blue"), flag("bar"), flag("toned")
opened = flag("open")
control, cause = word("control"), word("cause")
began_at, activated_at, opened_at = count("began_at"), count("activated_at"), count("opened_at")
heard_from = count("heard_from")
ANY_FROM = count("any.from")

STREAMING, WAITING = (
    all_of(opened, online, equals(control, "streaming")),
    all_of(opened, online, equals(control, "waiting")),
)
_SETTING: dict[str, Expression] = {"store": Const("device"), "category": Const("setting"), "acted_on": FALSE}
_OPENED: dict[str, Expression] = {
    "open": TRUE,
    "control": Const("streaming"),
    "opened_at": TIME,
    "heard_from": ANY_FROM,
    "cut": FALSE,
    **NEW_TURN,
}
_REST = choice(microphone, Const("listening"), Const("muted"))


def _activation(by: str) -> dict[str, Expression]:
    return {
        "control": Const("activated"),
        "cause": Const(by),
        "began_at": TIME,
        "activated_at": TIME,
        "toned": FALSE,
    }


def environment() -> tuple[Transition, ...]:
    """Power, network and buttons at any moment, and time."""
    e = components.ENVIRONMENT
    dark: dict[str, Expression] = {**DARK, **NEW_TURN, **{v.name: FALSE for v in (blue, bar, toned, opened)}}
    return (
        Transition(
            "restore_power",
            e,
            guard=negation(powered),
            updates={
                "powered": TRUE,
                "control": choice(muted, Const("muted"), Const("listening")),
                "rail": Const("microphone"),
                "rail_at": TIME,
            },
            emits="power",
            attributes={"on": TRUE, "kind": KIND},
        ),
        Transition(
            "cut_power",
            e,
            guard=powered,
            updates={**dark, "control": Const("idle")},
            emits="power",
            attributes={"on": FALSE, "kind": KIND},
        ),
        Transition(
            "change_network",
            e,
            guard=TRUE,
            updates={"online": negation(online)},
            emits="network",
            attributes={"on": negation(online)},
        ),
        Transition("press_action_in_vain", e, guard=powered, updates={}, emits="button.action"),
        # What a look into the device's store may show: settings, nothing else.
        Transition("find_setting", e, guard=TRUE, updates={}, emits="record.found", attributes=_SETTING),
    )


def _turns(sheet: Datasheet) -> tuple[Transition, ...]:
    f = components.FIRMWARE
    activated, listening = equals(control, "activated"), equals(control, "listening")
    dressed = all_of(blue, implication(show, bar), implication(tone_wanted, toned))
    earliest = choice(equals(cause, "follow_up"), activated_at, minus(activated_at, Const(sheet["preroll"])))
    in_time = implication(
        equals(cause, "follow_up"), at_most(TIME, plus(asked_at, Const(sheet["follow_up"])))
    )
    return (
        Transition(
            "hear_wake_word",
            f,
            guard=all_of(powered, microphone, listening),
            updates=_activation("wake_word"),
            emits="wake_word",
            attributes={"word": Const("alexa")},
        ),
        Transition(
            "press_action",
            f,
            guard=all_of(powered, microphone, listening),
            updates=_activation("action_button"),
            emits="button.action",
        ),
        Transition(
            "open_stream",
            f,
            guard=all_of(
                activated,
                microphone,
                online,
                dressed,
                negation(opened),
                at_most(Const(0), ANY_FROM),
                at_most(earliest, ANY_FROM),
                at_most(ANY_FROM, TIME),
                in_time,
            ),
            updates=_OPENED,
            emits="stream.open",
            attributes={"stream": Const(0), "cause": cause, "from": ANY_FROM},
        ),
        Transition(
            "send_audio",
            f,
            guard=all_of(
                opened,
                microphone,
                negation(cut),
                online,
                equals(control, "streaming"),
                at_most(heard_from, ANY_FROM),
                at_most(ANY_FROM, TIME),
            ),
            updates={},
            emits="stream.audio",
            attributes={
                "stream": Const(0),
                "bytes": Const(2560),
                "from": ANY_FROM,
                "to": TIME,
                "encrypted": TRUE,
                "voice": TRUE,
            },
        ),
        Transition(
            "await_answer",
            f,
            guard=all_of(opened, stop, equals(control, "streaming")),
            updates={"control": Const("waiting")},
            emits=None,
        ),
        Transition(
            "close_stream",
            f,
            guard=opened,
            updates={
                "open": FALSE,
                "control": choice(
                    negation(microphone),
                    Const("muted"),
                    choice(asked, Const("follow_up"), Const("listening")),
                ),
            },
            emits="stream.close",
            attributes={"stream": Const(0)},
        ),
        Transition(
            "listen_for_answer",
            f,
            guard=all_of(equals(control, "follow_up"), microphone, online, asked),
            updates={
                "control": Const("activated"),
                "cause": Const("follow_up"),
                "began_at": TIME,
                "activated_at": asked_at,
                "toned": FALSE,
            },
            emits=None,
        ),
        Transition("give_up", f, guard=all_of(activated, blue), updates={"control": _REST}, emits=None),
        Transition(
            "expect_no_answer", f, guard=equals(control, "follow_up"), updates={"control": _REST}, emits=None
        ),
        Transition(
            "notice_mute",
            f,
            guard=all_of(negation(microphone), negation(opened), listening),
            updates={"control": Const("muted")},
            emits=None,
        ),
        Transition(
            "notice_unmute",
            f,
            guard=all_of(microphone, equals(control, "muted")),
            updates={"control": Const("listening")},
            emits=None,
        ),
        Transition("keep_setting", f, guard=powered, updates={}, emits="record.write", attributes=_SETTING),
    )


def _indicators() -> tuple[Transition, ...]:
    f, activated = components.FIRMWARE, equals(control, "activated")
    quiet = all_of(negation(opened), one_of(control, "listening", "muted", "follow_up"))
    return (
        Transition(
            "light_ring",
            f,
            guard=all_of(activated, negation(blue)),
            updates={"blue": TRUE},
            emits="light",
            attributes={"color": Const("blue"), "on": TRUE},
        ),
        Transition(
            "show_bar",
            f,
            guard=all_of(activated, show, blue, negation(bar)),
            updates={"bar": TRUE},
            emits="screen",
            attributes={"symbol": Const("blue_bar"), "on": TRUE},
        ),
        Transition(
            "play_tone",
            f,
            guard=all_of(activated, tone_wanted, negation(toned)),
            updates={"toned": TRUE},
            emits="tone",
        ),
        Transition(
            "darken_ring",
            f,
            guard=all_of(blue, quiet),
            updates={"blue": FALSE},
            emits="light",
            attributes={"color": Const("blue"), "on": FALSE},
        ),
        Transition(
            "hide_bar",
            f,
            guard=all_of(bar, quiet),
            updates={"bar": FALSE},
            emits="screen",
            attributes={"symbol": Const("blue_bar"), "on": FALSE},
        ),
    )


def firmware(sheet: Datasheet) -> Table:
    """Everything the device's software decides, under a hostile environment. It may use each bound to the full."""
    f, activated = components.FIRMWARE, equals(control, "activated")
    return Table(
        "firmware",
        "control",
        (
            *flags(opened, blue, bar, toned),
            StateVariable("control", Sort.TEXT, ("idle",), CONTROL),
            StateVariable("cause", Sort.TEXT, ("wake_word",), ("wake_word", "action_button", "follow_up")),
            *counts(began_at, activated_at, opened_at, heard_from),
        ),
        (*environment(), *_turns(sheet), *_indicators()),
        (
            Limit(
                "indicator",
                f,
                condition=all_of(activated, negation(blue)),
                since=began_at,
                bound=sheet["indicator"],
                discharge=("light_ring",),
            ),
            Limit(
                "activation",
                f,
                condition=activated,
                since=began_at,
                bound=sheet["activation"],
                discharge=("light_ring", "give_up"),
            ),
            Limit(
                "turn", f, condition=opened, since=opened_at, bound=sheet["turn"], discharge=("close_stream",)
            ),
            Limit(
                "close",
                f,
                condition=all_of(opened, processed),
                since=processed_at,
                bound=sheet["close"],
                discharge=("close_stream",),
            ),
            Limit(
                "drop",
                f,
                condition=all_of(opened, cut),
                since=cut_at,
                bound=sheet["close"],
                discharge=("close_stream",),
            ),
        ),
    )
