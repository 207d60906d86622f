"""The device: hardware rail, firmware control, lights and the stream to the cloud, under a hostile environment.

Bounds are those of the pack's parameters; the model is allowed to use each bound to the full.
"""

from __future__ import annotations

from earwitness.model.expression import FALSE, TRUE, Const, Expression, Sort, at_most, choice, equal, implication, minus, plus
from earwitness.model.system.table import (
    TIME,
    Component,
    Limit,
    StateVariable,
    System,
    Transition,
    among,
    both,
    count,
    either,
    flag,
    no,
    word,
)

PREROLL, INDICATOR, CUT, ACTIVATION = 500_000, 200_000, 100_000, 2_000_000
TURN, CLOSE, FOLLOW_UP = 30_000_000, 2_000_000, 8_000_000
CONTROL = ("idle", "listening", "activated", "streaming", "waiting", "follow_up", "muted")
RAIL = ("settled", "microphone", "camera", "red", "symbol")

show, powered, muted = flag("show"), flag("powered"), flag("muted")
microphone, camera, shutter = flag("microphone"), flag("camera"), flag("shutter")
red, mute_symbol, blue, bar = flag("red"), flag("mute_symbol"), flag("blue"), flag("bar")
tone_wanted, toned, online, dropped = flag("tone_wanted"), flag("toned"), flag("online"), flag("dropped")
opened, answered, processed, asked = flag("open"), flag("answered"), flag("processed"), flag("asked")
control, cause, rail = word("control"), word("cause"), word("rail")
rail_at, began_at, activated_at, opened_at = count("rail_at"), count("began_at"), count("activated_at"), count("opened_at")
processed_at, dropped_at, asked_at, heard_from = count("processed_at"), count("dropped_at"), count("asked_at"), count("heard_from")

VARIABLES = (
    StateVariable("show", Sort.BOOL, (True, False)),
    *(
        StateVariable(v.name, Sort.BOOL, (False,))
        for v in (powered, muted, microphone, camera, shutter, red, mute_symbol, blue, bar, tone_wanted, toned, opened, answered, processed, asked, dropped)
    ),
    StateVariable("online", Sort.BOOL, (True,)),
    StateVariable("control", Sort.TEXT, ("idle",), CONTROL),
    StateVariable("cause", Sort.TEXT, ("wake_word",), ("wake_word", "action_button", "follow_up")),
    StateVariable("rail", Sort.TEXT, ("settled",), RAIL),
    *(StateVariable(v.name, Sort.INT, (0,)) for v in (rail_at, began_at, activated_at, opened_at, processed_at, dropped_at, asked_at, heard_from)),
)

KIND = choice(show, Const("show"), Const("speaker"))
ANY_FROM, ANY_BUFFERED, ANY_FOLLOW_UP = count("any.from"), count("any.buffered"), flag("any.follow_up")
C = Const


_OPENED: dict[str, Expression] = {"open": TRUE, "control": C("streaming"), "opened_at": TIME, "heard_from": ANY_FROM}
_OPENED |= {v.name: FALSE for v in (answered, processed, asked)}
_SETTING: dict[str, Expression] = {"store": C("device"), "category": C("setting"), "acted_on": FALSE}


def _activation(by: str) -> dict[str, Expression]:
    return {"control": C("activated"), "cause": C(by), "began_at": TIME, "activated_at": TIME, "toned": FALSE}


def _hardware() -> tuple[Transition, ...]:
    m, r = Component.MICROPHONE, rail
    return (
        Transition(
            "press_microphone", m, both(powered, among(r, "settled")), {"muted": no(muted), "rail": C("microphone"), "rail_at": TIME}, "button.microphone"
        ),
        Transition(
            "switch_microphones",
            m,
            both(powered, among(r, "microphone")),
            {"microphone": no(muted), "rail": choice(show, C("camera"), C("red"))}
            | {"dropped": either(dropped, both(muted, opened)), "dropped_at": choice(both(muted, opened, no(dropped)), TIME, dropped_at)},
            "microphone.power",
            {"on": no(muted)},
        ),
        Transition(
            "switch_camera",
            Component.CAMERA,
            both(powered, among(r, "camera")),
            {"camera": no(muted), "rail": C("red")},
            "camera.power",
            {"on": no(muted)},
        ),
        Transition(
            "switch_red_light",
            Component.LIGHT,
            both(powered, among(r, "red")),
            {"red": muted, "rail": choice(show, C("symbol"), C("settled"))},
            "light",
            {"color": C("red"), "on": muted},
        ),
        Transition(
            "switch_mute_symbol",
            Component.LIGHT,
            both(powered, among(r, "symbol")),
            {"mute_symbol": muted, "rail": C("settled")},
            "screen",
            {"symbol": C("mute_symbol"), "on": muted},
        ),
        Transition(
            "capture_audio",
            m,
            both(powered, microphone, at_most(C(0), ANY_BUFFERED), at_most(ANY_BUFFERED, C(PREROLL))),
            {},
            "audio.captured",
            {"bytes": C(2560), "buffered": ANY_BUFFERED},
        ),
        Transition("capture_frame", Component.CAMERA, both(powered, camera, no(shutter)), {}, "camera.captured", {"bytes": C(4096)}),
    )


def _environment() -> tuple[Transition, ...]:
    e = Component.ENVIRONMENT
    dark: dict[str, Expression] = {
        v.name: FALSE for v in (dropped, powered, microphone, camera, red, mute_symbol, blue, bar, toned, opened, answered, processed, asked)
    }
    return (
        Transition(
            "restore_power",
            e,
            no(powered),
            {"powered": TRUE, "control": choice(muted, C("muted"), C("listening")), "rail": C("microphone"), "rail_at": TIME},
            "power",
            {"on": TRUE, "kind": KIND},
        ),
        Transition("cut_power", e, powered, {**dark, "control": C("idle"), "rail": C("settled")}, "power", {"on": FALSE, "kind": KIND}),
        Transition("move_shutter", e, show, {"shutter": no(shutter)}, "shutter", {"closed": no(shutter)}),
        Transition("change_tone", e, TRUE, {"tone_wanted": no(tone_wanted)}, "setting.tone", {"on": no(tone_wanted)}),
        Transition("change_network", e, TRUE, {"online": no(online)}, "network", {"on": no(online)}),
        Transition("press_action_in_vain", e, powered, {}, "button.action"),
        Transition("pass_time", e, TRUE, {}, "tick"),
    )


def _firmware() -> tuple[Transition, ...]:
    f = Component.FIRMWARE
    activated, listening = among(control, "activated"), among(control, "listening")
    dressed = both(blue, implication(show, bar), implication(tone_wanted, toned))
    earliest = choice(among(cause, "follow_up"), activated_at, minus(activated_at, C(PREROLL)))
    return (
        Transition("hear_wake_word", f, both(powered, microphone, listening), _activation("wake_word"), "wake_word", {"word": C("alexa")}),
        Transition("press_action", f, both(powered, microphone, listening), _activation("action_button"), "button.action"),
        Transition("light_ring", f, both(activated, no(blue)), {"blue": TRUE}, "light", {"color": C("blue"), "on": TRUE}),
        Transition("show_bar", f, both(activated, show, blue, no(bar)), {"bar": TRUE}, "screen", {"symbol": C("blue_bar"), "on": TRUE}),
        Transition("play_tone", f, both(activated, tone_wanted, no(toned)), {"toned": TRUE}, "tone"),
        Transition(
            "open_stream",
            f,
            both(
                activated,
                microphone,
                online,
                dressed,
                no(opened),
                at_most(C(0), ANY_FROM),
                at_most(earliest, ANY_FROM),
                at_most(ANY_FROM, TIME),
                implication(among(cause, "follow_up"), at_most(TIME, plus(asked_at, C(FOLLOW_UP)))),
            ),
            _OPENED,
            "stream.open",
            {"stream": C(0), "cause": cause, "from": ANY_FROM},
        ),
        Transition(
            "send_audio",
            f,
            both(opened, microphone, no(dropped), online, among(control, "streaming"), at_most(heard_from, ANY_FROM), at_most(ANY_FROM, TIME)),
            {},
            "stream.audio",
            {"stream": C(0), "bytes": C(2560), "from": ANY_FROM, "to": TIME, "encrypted": TRUE, "voice": TRUE},
        ),
        Transition(
            "close_stream",
            f,
            opened,
            {"open": FALSE, "dropped": FALSE, "control": choice(no(microphone), C("muted"), choice(asked, C("follow_up"), C("listening")))},
            "stream.close",
            {"stream": C(0)},
        ),
        Transition(
            "listen_for_answer",
            f,
            both(among(control, "follow_up"), microphone, online, asked),
            {"control": C("activated"), "cause": C("follow_up"), "began_at": TIME, "activated_at": asked_at, "toned": FALSE},
            "tick",
        ),
        # What the device may keep and what a look into its stores may show: settings, nothing else.
        Transition("keep_setting", f, powered, {}, "record.write", _SETTING),
        Transition("find_setting", Component.ENVIRONMENT, TRUE, {}, "record.found", _SETTING),
        Transition("give_up", f, both(activated, blue), {"control": choice(microphone, C("listening"), C("muted"))}, "tick"),
        Transition("expect_no_answer", f, among(control, "follow_up"), {"control": choice(microphone, C("listening"), C("muted"))}, "tick"),
        Transition("notice_mute", f, both(no(microphone), no(opened), listening), {"control": C("muted")}, "tick"),
        Transition("notice_unmute", f, both(microphone, among(control, "muted")), {"control": C("listening")}, "tick"),
        Transition(
            "darken_ring",
            f,
            both(blue, no(opened), among(control, "listening", "muted", "follow_up")),
            {"blue": FALSE},
            "light",
            {"color": C("blue"), "on": FALSE},
        ),
        Transition(
            "hide_bar",
            f,
            both(bar, no(opened), among(control, "listening", "muted", "follow_up")),
            {"bar": FALSE},
            "screen",
            {"symbol": C("blue_bar"), "on": FALSE},
        ),
    )


def _cloud() -> tuple[Transition, ...]:
    waiting = both(opened, online, among(control, "waiting"))
    return (
        Transition("end_of_speech", Component.CLOUD, both(opened, online, among(control, "streaming")), {"control": C("waiting")}, "tick"),
        Transition(
            "answer",
            Component.SKILLS,
            both(waiting, no(answered)),
            {"answered": TRUE, "asked": ANY_FOLLOW_UP, "asked_at": TIME},
            "skill.response",
            {"skill": C("any"), "markup": TRUE, "follow_up": ANY_FOLLOW_UP},
        ),
        Transition(
            "finish_request",
            Component.CLOUD,
            both(waiting, answered, no(processed)),
            {"processed": TRUE, "processed_at": TIME},
            "request.processed",
            {"stream": C(0)},
        ),
    )


LIMITS = (
    Limit(
        "rail",
        Component.MICROPHONE,
        both(powered, no(among(rail, "settled"))),
        rail_at,
        CUT,
        ("switch_microphones", "switch_camera", "switch_red_light", "switch_mute_symbol"),
    ),
    Limit("indicator", Component.FIRMWARE, both(among(control, "activated"), no(blue)), began_at, INDICATOR, ("light_ring",)),
    Limit("activation", Component.FIRMWARE, among(control, "activated"), began_at, ACTIVATION, ("light_ring", "give_up")),
    Limit("turn", Component.FIRMWARE, opened, opened_at, TURN, ("close_stream",)),
    Limit("close", Component.FIRMWARE, both(opened, processed), processed_at, CLOSE, ("close_stream",)),
    Limit("drop", Component.FIRMWARE, both(opened, dropped), dropped_at, CLOSE, ("close_stream",)),
)

RAIL_FOLLOWS_BUTTON = tuple(either(no(powered), among(rail, "microphone"), *pair) for pair in ((muted, microphone), (no(muted), no(microphone))))
"""Once the rail has switched, the microphones are fed exactly when the user did not mute."""


def device() -> System:
    """The device with the part of the cloud it waits for."""
    return System("device", "control", VARIABLES, (*_environment(), *_hardware(), *_firmware(), *_cloud()), LIMITS, RAIL_FOLLOWS_BUTTON)


def enabled_unless_settling() -> tuple[str, Expression]:
    """MIC-5: what must be enabled, and when: powered, microphones fed, rail at rest (a switch in progress ends within the bound)."""
    return "press_microphone", both(powered, microphone, equal(rail, C("settled")))
