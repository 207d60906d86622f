"""Timers."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.reference_impl.cloud.skills.skill import Response, say


def answer(intent: str, slots: Mapping[str, str]) -> Response:
    duration = slots.get("duration")
    if duration is None:
        return Response(say("For how long?"), follow_up=True)
    return Response(say(f"A timer of {duration} is set."))
