"""The lights of the room."""

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
    place = slots.get("place")
    if place is None:
        return Response(
            say("Which light?"),
            True,
            {"state": slots.get("state", "on")},
        )
    return Response(
        say(
            f"The {place} light is {slots.get('state') or session.get('state', 'on')}."
        )
    )


if __name__ == "__main__":
    serve_skill(answer_request)
