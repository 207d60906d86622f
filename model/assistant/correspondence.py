"""What the assistant's model leaves out of a device's observations: each entry with its reason. What is
here hides faults from the check against the model, so that it is shown beside its outcome."""

from __future__ import annotations

from earwitness.model.systems.correspondence import Correspondence

CORRESPONDENCE = Correspondence(
    held={
        "bytes": "the model sends pieces of one size",
        "stream": "the model has one stream after the other and does not number them",
        "skill": "one skill is enabled for all that could be",
        "handler": "one skill handles every intent",
        "intent": "two intents stand for all",
        "name": "two metrics stand for all",
        "word": "one wake word stands for all",
        "store": "the model has one store in the device and one in the cloud",
        "to": "the model hears a sound at the instant it is sent; a device hears it a little before",
        "kind": "shown once, by power(on = true)",
        "role": "the model has one light of each color and needs no role",
        "asked_by": "the model speaks of one device, and calls it self",
    },
    unmodelled=(
        ("speech", {}, "what people say is known to the test alone"),
        ("end", {}, "the trace is over"),
        ("tick", {}, "time passes"),
        (
            "setting.wake_word",
            {},
            "the model has one wake word (WAKE-3 is not proved)",
        ),
    ),
)
