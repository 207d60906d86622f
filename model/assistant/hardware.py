"""The hardware: one rail behind the button feeds microphones and camera, and lights what shows it."""

from __future__ import annotations

from earwitness.model.assistant.components import (
    CAMERA,
    ENVIRONMENT,
    LIGHT,
    MICROPHONE,
)
from earwitness.model.expression import (
    TRUE,
    Const,
    Expression,
    Sort,
    at_most,
    choice,
)
from earwitness.model.systems.datasheet import Datasheet
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
    same_for,
    values,
    word,
)

RAIL = ("settled", "microphone", "camera", "red", "symbol")
"""What the rail switches next; `settled`: nothing."""

show, powered, muted, online = (
    flag("show"),
    flag("powered"),
    flag("muted"),
    flag("online"),
)
microphone, camera, shutter = (
    flag("microphone"),
    flag("camera"),
    flag("shutter"),
)
red, mute_symbol = flag("red"), flag("mute_symbol")
blue, bar = flag("blue"), flag("bar")
"""The firmware's own lights; the rail does not switch them."""
rest_at = count("rest_at")
"""Since when nothing is heard or sent; the firmware's and the calls' clock for the lights."""
rail, rail_at = word("rail"), count("rail_at")
latch = word("latch")
"""The button's catch. A press closes it, so that no second press counts while the rail switches; the last
switch of the rail opens it again. A latch that stuck would take no further press."""
cut, cut_at = flag("cut"), count("cut_at")
"""A latch: power was cut since the last stream opened, and when first. A quick mute and unmute must
still stop a stream."""

KIND = choice(show, Const("show"), Const("speaker"))
ANY_BUFFERED = count("any.buffered")
filled = count("filled")
"""How much sound the buffer holds."""

DARK = same_for(
    False, powered, microphone, camera, red, mute_symbol, cut
) | values(
    rail="settled",
    filled=0,  # WAKE-2: the buffer is volatile
)
"""What a power cut does to the hardware. The button keeps its position (`muted`), and its latch too."""

RAIL_FOLLOWS_BUTTON = (
    any_of(negation(powered), equals(rail, "microphone"), muted, microphone),
    any_of(
        negation(powered),
        equals(rail, "microphone"),
        negation(muted),
        negation(microphone),
    ),
)
"""Once the rail has switched, the microphones are fed exactly when the user did not mute."""


def hardware(sheet: Datasheet, streaming: Expression) -> Table:
    """Button, rail, microphones, camera, shutter, red light and symbol. `streaming`: a stream is open."""
    return Table(
        name="hardware",
        control="rail",
        variables=(
            StateVariable("show", Sort.BOOL, (True, False)),
            *flags(
                powered,
                muted,
                microphone,
                camera,
                shutter,
                red,
                mute_symbol,
                cut,
            ),
            StateVariable(
                name="rail", sort=Sort.TEXT, initial=("settled",), values=RAIL
            ),
            StateVariable(
                name="latch",
                sort=Sort.TEXT,
                initial=("open",),
                values=("open", "closed"),
            ),
            StateVariable("online", Sort.BOOL, (True,)),
            *counts(rail_at, cut_at, filled),
        ),
        transitions=(
            *_button_and_rail(),
            *_rows_of_sensors(sheet, streaming),
        ),
        limits=(
            Limit(
                "rail",
                MICROPHONE,
                condition=all_of(powered, negation(equals(rail, "settled"))),
                since=rail_at,
                bound=sheet["rail"],
                discharge=(
                    "switch_microphones",
                    "switch_camera",
                    "switch_red_light",
                    "switch_mute_symbol",
                ),
                reason="MIC-1, MIC-4, CAM-1, IND-4: all that the button switches is switched in time",
            ),
        ),
        hints=(
            *RAIL_FOLLOWS_BUTTON,
            any_of(streaming, at_most(filled, Const(sheet["preroll"]))),
        ),
    )


def _button_and_rail() -> tuple[Transition, ...]:
    return (
        Transition(
            "press_microphone",
            MICROPHONE,
            guard=all_of(
                powered,  # assumption: a button without power does nothing
                equals(
                    latch, "open"
                ),  # assumption: a press while the latch is closed is not counted
            ),
            updates=values(
                muted=negation(muted),
                latch="closed",
                rail="microphone",
                rail_at=TIME,
            ),
            emits="button.microphone",
            reason="MIC-5; section Echo Devices: the user can press the button at any time",
        ),
        Transition(
            "switch_microphones",
            MICROPHONE,
            guard=all_of(
                powered,
                equals(
                    rail, "microphone"
                ),  # the first that the rail switches
            ),
            updates=values(
                microphone=negation(
                    muted
                ),  # MIC-1: the button decides, no software is asked
                rail=choice(show, Const("camera"), Const("red")),
                cut=any_of(cut, muted),
                cut_at=choice(all_of(muted, negation(cut)), TIME, cut_at),
            ),
            emits="microphone.power",
            attributes=values(on=negation(muted)),
            reason="MIC-1; section Echo Devices: muted microphones are disconnected electrically",
        ),
        Transition(
            "switch_camera",
            CAMERA,
            guard=all_of(
                powered,
                equals(
                    rail, "camera"
                ),  # after the microphones, where there is a camera
            ),
            updates=values(camera=negation(muted), rail="red"),
            emits="camera.power",
            attributes=values(on=negation(muted)),
            reason="CAM-1; section Aside: the same button disconnects camera and microphones",
        ),
        Transition(
            "switch_red_light",
            LIGHT,
            guard=all_of(
                powered,
                equals(rail, "red"),
            ),
            updates=values(
                red=muted,
                rail=choice(show, Const("symbol"), Const("settled")),
                latch=choice(
                    show, latch, Const("open")
                ),  # MIC-5: the last switch opens the latch
            ),
            emits="light",
            attributes=values(color="red", on=muted),
            reason="MIC-4; section Echo Devices: a dedicated red light shows that the microphones are off",
        ),
        Transition(
            "switch_mute_symbol",
            LIGHT,
            guard=all_of(
                powered,
                equals(rail, "symbol"),  # the last, where there is a screen
            ),
            updates=values(
                mute_symbol=muted,
                rail="settled",
                latch="open",  # MIC-5: the last switch opens the latch
            ),
            emits="screen",
            attributes=values(symbol="mute_symbol", on=muted),
            reason="IND-4; section Aside: a crossed circle on the screen",
        ),
    )


def _rows_of_sensors(
    sheet: Datasheet, streaming: Expression
) -> tuple[Transition, ...]:
    return (
        Transition(
            "capture_audio",
            MICROPHONE,
            guard=all_of(
                powered,
                microphone,  # MIC-2: no power, no sound
                at_most(Const(0), ANY_BUFFERED),
                any_of(
                    at_most(ANY_BUFFERED, Const(sheet["preroll"])),
                    at_most(ANY_BUFFERED, filled),
                ),  # WAKE-2: a ring of the length of the pre-roll; what was queued beyond it stays
            ),
            updates=values(filled=ANY_BUFFERED),
            emits="audio.captured",
            # 2,560 bytes: the 80 ms of 16-bit samples at 16 kHz that the reference captures at once.
            attributes=values(bytes=2560, buffered=ANY_BUFFERED),
            reason="WAKE-2; FAQ 1: a fraction of a second before the wake word is held",
        ),
        Transition(
            "queue_audio",
            MICROPHONE,
            guard=all_of(
                microphone,  # MIC-2: no power, no sound
                streaming,  # WAKE-2: only what waits to be sent is held for longer
                at_most(filled, ANY_BUFFERED),
            ),
            updates=values(filled=ANY_BUFFERED),
            emits="audio.captured",
            # As above.
            attributes=values(bytes=2560, buffered=ANY_BUFFERED),
            reason="assumption: while a stream is open any amount of sound may wait for the network",
        ),
        Transition(
            "capture_frame",
            CAMERA,
            guard=all_of(
                powered,
                camera,  # CAM-1: no power, no picture
                negation(
                    shutter
                ),  # CAM-2: a closed shutter covers the camera
            ),
            emits="camera.captured",
            # 4,096 bytes: one piece of a picture, chosen as an example.
            attributes=values(bytes=4096),
            reason="CAM-2; FAQ 5",
        ),
        Transition(
            "move_shutter",
            ENVIRONMENT,
            guard=TRUE,
            updates=values(shutter=negation(shutter)),
            emits="shutter",
            attributes=values(closed=negation(shutter)),
            reason="CAM-2; FAQ 5: the user moves the shutter by hand, whatever the device does",
        ),
    )
