"""Music, by genre."""

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
    if intent == "StopMusic":
        return Response(say("The music has stopped."))
    genre = slots.get("genre")
    return (
        Response(say(f"Here is some {genre}."))
        if genre
        else Response(say("What kind of music?"), True)
    )


if __name__ == "__main__":
    serve_skill(answer_request)
