"""What the modelled device and its cloud keep to. The promises of packs are proved against these
figures, with the slack shown."""

from __future__ import annotations

from earwitness.model.assistant import components
from earwitness.model.systems.datasheet import Datasheet, Rating

DATASHEET = Datasheet(
    (
        Rating(
            "preroll",
            components.FIRMWARE,
            500_000,
            "ours: a ring buffer of 8,000 samples at 16 kHz",
        ),
        Rating(
            "indicator",
            components.FIRMWARE,
            150_000,
            "ours: one animation frame after the decision",
        ),
        Rating(
            "rail",
            components.MICROPHONE,
            80_000,
            "ours: four switches of 20 ms behind one button",
        ),
        Rating(
            "activation",
            components.FIRMWARE,
            1_500_000,
            "ours: light, bar and tone before a stream opens",
        ),
        Rating(
            "turn",
            components.FIRMWARE,
            28_000_000,
            "ours: the watchdog of one request",
        ),
        Rating(
            "close",
            components.FIRMWARE,
            1_500_000,
            "ours: one round trip and the teardown of a stream",
        ),
        Rating(
            "speech",
            components.SPEECH,
            1_500_000,
            "ours: first sound of an answer after its request",
        ),
        Rating(
            "follow_up",
            components.FIRMWARE,
            7_000_000,
            "ours: the window after a question",
        ),
        Rating(
            "dark",
            components.FIRMWARE,
            15_000_000,
            "ours: the longest answer spoken under the light",
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
