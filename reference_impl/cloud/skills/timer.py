"""Timers."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.reference_impl.cloud.skills.skill import (
    Response,
    say,
    serve_skill,
)


def answer_request(
    intent: str, slots: Mapping[str, str], session: Mapping[str, str]
) -> Response:
    duration = slots.get("duration")
    if duration is None:
        return Response(say("For how long?"), follow_up=True)
    return Response(say(f"A timer of {duration} is set."))


if __name__ == "__main__":
    serve_skill(answer_request)
