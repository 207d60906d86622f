"""The firmware of a device: it waits for its word, opens and closes streams, shows what it does; and the environment around it."""

from __future__ import annotations

from earwitness.model.assistant.cloud import NEW_TURN, asked, asked_at, processed, processed_at, stop
from earwitness.model.assistant.datasheet import Bounds
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
    flag,
    flags,
    no,
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
    both(opened, online, among(control, "streaming")),
    both(opened, online, among(control, "waiting")),
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
    e = Component.ENVIRONMENT
    dark: dict[str, Expression] = {**DARK, **NEW_TURN, **{v.name: FALSE for v in (blue, bar, toned, opened)}}
    return (
        Transition(
            "restore_power",
            e,
            no(powered),
            {
                "powered": TRUE,
                "control": choice(muted, Const("muted"), Const("listening")),
                "rail": Const("microphone"),
                "rail_at": TIME,
            },
            "power",
            {"on": TRUE, "kind": KIND},
        ),
        Transition(
            "cut_power", e, powered, {**dark, "control": Const("idle")}, "power", {"on": FALSE, "kind": KIND}
        ),
        Transition("change_network", e, TRUE, {"online": no(online)}, "network", {"on": no(online)}),
        Transition("press_action_in_vain", e, powered, {}, "button.action"),
        # What a look into the device's store may show: settings, nothing else.
        Transition("find_setting", e, TRUE, {}, "record.found", _SETTING),
        Transition("pass_time", e, TRUE, {}, "tick"),
    )


def _turns(bounds: Bounds) -> tuple[Transition, ...]:
    f = Component.FIRMWARE
    activated, listening = among(control, "activated"), among(control, "listening")
    dressed = both(blue, implication(show, bar), implication(tone_wanted, toned))
    earliest = choice(among(cause, "follow_up"), activated_at, minus(activated_at, Const(bounds.preroll)))
    in_time = implication(among(cause, "follow_up"), at_most(TIME, plus(asked_at, Const(bounds.follow_up))))
    return (
        Transition(
            "hear_wake_word",
            f,
            both(powered, microphone, listening),
            _activation("wake_word"),
            "wake_word",
            {"word": Const("alexa")},
        ),
        Transition(
            "press_action",
            f,
            both(powered, microphone, listening),
            _activation("action_button"),
            "button.action",
        ),
        Transition(
            "open_stream",
            f,
            both(
                activated,
                microphone,
                online,
                dressed,
                no(opened),
                at_most(Const(0), ANY_FROM),
                at_most(earliest, ANY_FROM),
                at_most(ANY_FROM, TIME),
                in_time,
            ),
            _OPENED,
            "stream.open",
            {"stream": Const(0), "cause": cause, "from": ANY_FROM},
        ),
        Transition(
            "send_audio",
            f,
            both(
                opened,
                microphone,
                no(cut),
                online,
                among(control, "streaming"),
                at_most(heard_from, ANY_FROM),
                at_most(ANY_FROM, TIME),
            ),
            {},
            "stream.audio",
            {
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
            both(opened, stop, among(control, "streaming")),
            {"control": Const("waiting")},
            "tick",
        ),
        Transition(
            "close_stream",
            f,
            opened,
            {
                "open": FALSE,
                "control": choice(
                    no(microphone), Const("muted"), choice(asked, Const("follow_up"), Const("listening"))
                ),
            },
            "stream.close",
            {"stream": Const(0)},
        ),
        Transition(
            "listen_for_answer",
            f,
            both(among(control, "follow_up"), microphone, online, asked),
            {
                "control": Const("activated"),
                "cause": Const("follow_up"),
                "began_at": TIME,
                "activated_at": asked_at,
                "toned": FALSE,
            },
            "tick",
        ),
        Transition("give_up", f, both(activated, blue), {"control": _REST}, "tick"),
        Transition("expect_no_answer", f, among(control, "follow_up"), {"control": _REST}, "tick"),
        Transition(
            "notice_mute", f, both(no(microphone), no(opened), listening), {"control": Const("muted")}, "tick"
        ),
        Transition(
            "notice_unmute",
            f,
            both(microphone, among(control, "muted")),
            {"control": Const("listening")},
            "tick",
        ),
        Transition("keep_setting", f, powered, {}, "record.write", _SETTING),
    )


def _indicators() -> tuple[Transition, ...]:
    f, activated = Component.FIRMWARE, among(control, "activated")
    quiet = both(no(opened), among(control, "listening", "muted", "follow_up"))
    return (
        Transition(
            "light_ring",
            f,
            both(activated, no(blue)),
            {"blue": TRUE},
            "light",
            {"color": Const("blue"), "on": TRUE},
        ),
        Transition(
            "show_bar",
            f,
            both(activated, show, blue, no(bar)),
            {"bar": TRUE},
            "screen",
            {"symbol": Const("blue_bar"), "on": TRUE},
        ),
        Transition("play_tone", f, both(activated, tone_wanted, no(toned)), {"toned": TRUE}, "tone"),
        Transition(
            "darken_ring",
            f,
            both(blue, quiet),
            {"blue": FALSE},
            "light",
            {"color": Const("blue"), "on": FALSE},
        ),
        Transition(
            "hide_bar",
            f,
            both(bar, quiet),
            {"bar": FALSE},
            "screen",
            {"symbol": Const("blue_bar"), "on": FALSE},
        ),
    )


def firmware(bounds: Bounds) -> Table:
    """Everything the device's software decides, under a hostile environment. It may use each bound to the full."""
    f, activated = Component.FIRMWARE, among(control, "activated")
    return Table(
        "firmware",
        "control",
        (
            *flags(opened, blue, bar, toned),
            StateVariable("control", Sort.TEXT, ("idle",), CONTROL),
            StateVariable("cause", Sort.TEXT, ("wake_word",), ("wake_word", "action_button", "follow_up")),
            *counts(began_at, activated_at, opened_at, heard_from),
        ),
        (*environment(), *_turns(bounds), *_indicators()),
        (
            Limit("indicator", f, both(activated, no(blue)), began_at, bounds.indicator, ("light_ring",)),
            Limit("activation", f, activated, began_at, bounds.activation, ("light_ring", "give_up")),
            Limit("turn", f, opened, opened_at, bounds.turn, ("close_stream",)),
            Limit("close", f, both(opened, processed), processed_at, bounds.close, ("close_stream",)),
            Limit("drop", f, both(opened, cut), cut_at, bounds.close, ("close_stream",)),
        ),
    )
