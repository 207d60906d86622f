"""What the modelled device and its cloud keep to. The promises of packs are proved against these
figures, with the slack shown."""

from __future__ import annotations

from earwitness.model.assistant import components
from earwitness.model.systems.datasheet import Datasheet, Rating

DATASHEET = Datasheet(
    (
        Rating(
            name="preroll",
            component=components.FIRMWARE,
            at_most=500_000,
            origin="ours: a ring buffer of 8,000 samples at 16 kHz",
        ),
        Rating(
            name="indicator",
            component=components.FIRMWARE,
            at_most=150_000,
            origin="ours: one animation frame after the decision",
        ),
        Rating(
            name="rail",
            component=components.MICROPHONE,
            at_most=80_000,
            origin="ours: four switches of 20 ms behind one button",
        ),
        Rating(
            name="activation",
            component=components.FIRMWARE,
            at_most=1_500_000,
            origin="ours: light, bar and tone before a stream opens",
        ),
        Rating(
            name="turn",
            component=components.FIRMWARE,
            at_most=28_000_000,
            origin="ours: the watchdog of one request",
        ),
        Rating(
            name="close",
            component=components.FIRMWARE,
            at_most=1_500_000,
            origin="ours: one round trip and the teardown of a stream",
        ),
        Rating(
            name="speech",
            component=components.SPEECH,
            at_most=1_500_000,
            origin="ours: first sound of an answer after its request",
        ),
        Rating(
            name="follow_up",
            component=components.FIRMWARE,
            at_most=7_000_000,
            origin="ours: the window after a question",
        ),
        Rating(
            name="dark",
            component=components.FIRMWARE,
            at_most=15_000_000,
            origin="ours: the longest answer spoken under the light",
        ),
    )
)

SMALL = {
    "preroll": 1,
    "indicator": 1,
    "rail": 1,
    "activation": 1,
    "turn": 2,
    "close": 1,
    "speech": 1,
    "follow_up": 1,
    "dark": 1,
}
"""Units: ratings that keep the order of the real ones and a state space that can be searched whole."""
