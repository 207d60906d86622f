"""What the cloud answers to a request, as the device reads it: nothing in it is believed before it is
checked."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from earwitness.reference_impl.messages import Attributes, CloudReply
from earwitness.reference_impl.sound import Samples

OURS = frozenset({"time", "device"})
"""Attributes that only the device itself knows."""


@dataclass(frozen=True, slots=True)
class CloudAnswer:
    """What happened in the cloud as (event, attributes), the speech, the same in letters, and whether
    somebody waits for an answer to it."""

    events: tuple[tuple[str, Attributes], ...]
    speech: Samples
    caption: str
    follow_up: bool


def read_answer(reply: CloudReply) -> CloudAnswer:
    """Raises ValueError for a reply that makes no sense."""
    events, speech, caption, follow_up = (
        reply.get(name)
        for name in ("events", "speech", "caption", "follow_up")
    )
    if not (
        isinstance(events, list)
        and isinstance(speech, str)
        and isinstance(caption, str)
        and isinstance(follow_up, bool)
    ):
        raise ValueError(
            "the cloud's answer lacks events, speech, caption or follow_up"
        )
    for entry in events:
        if (
            not isinstance(entry, dict)
            or not isinstance(entry.get("event"), str)
            or OURS & entry.keys()
        ):
            raise ValueError("an event of the cloud's answer makes no sense")
    events_told = tuple(
        (entry["event"], {k: v for k, v in entry.items() if k != "event"})
        for entry in events
    )
    return CloudAnswer(
        events=events_told,
        speech=np.frombuffer(base64.b64decode(speech, validate=True), "<i2"),
        caption=caption,
        follow_up=follow_up,
    )
