"""What the firmware knows: its variables, the conditions its rows speak of, and hints for the prover."""

from __future__ import annotations

from earwitness.model.assistant.calls import IN_CALL
from earwitness.model.assistant.cloud import reply_to, spoken, turn, verified
from earwitness.model.assistant.hardware import (
    bar,
    blue,
    cut,
    microphone,
    online,
    powered,
    rest_at,
    show,
)
from earwitness.model.expression import (
    Const,
    at_most,
    choice,
    implication,
)
from earwitness.model.systems.state_property import NOW
from earwitness.model.systems.transition_system import (
    all_of,
    any_of,
    count,
    equals,
    flag,
    negation,
    one_of,
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
for_us, ANY_FOR_US = flag("for_us"), flag("any.for_us")
"""Whether what the device woke to was meant for it; the firmware cannot tell."""
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
KEPT_SETTING = values(store="device", category="setting", acted_on=False)
STATE_AT_REST = choice(microphone, Const("listening"), Const("muted"))
ACTIVATED, LISTENING = (
    equals(control, "activated"),
    equals(control, "listening"),
)
CAN_BE_PRESSED = all_of(
    microphone, one_of(control, "listening", "follow_up", "muted")
)
"""Where the action button starts a request: at rest with microphones on, also before the software has
noticed that they are."""
LIT_AT_REST = all_of(
    blue,
    negation(opened),
    one_of(control, "listening", "muted"),
    negation(IN_CALL),
)
FIRMWARE_HINTS = (
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
        all_of(ACTIVATED, equals(cause, "follow_up")),
        at_most(rest_at, activated_at),
    ),
    implication(
        all_of(ACTIVATED, negation(equals(cause, "follow_up"))),
        equals(began_at, activated_at),
    ),
    implication(all_of(ACTIVATED, equals(cause, "follow_up")), spoken),
    implication(equals(reply_to, "self"), negation(spoken)),
    implication(
        all_of(opened, negation(equals(turn, "none")), verified), for_us
    ),
    implication(opened, any_of(microphone, cut)),
)
"""Candidate lemmas over states, `now` the instant of the last event: what a reader of the rows expects. The
prover checks each, and trusts none."""
