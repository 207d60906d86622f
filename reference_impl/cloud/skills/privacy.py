"""What is stored of what was said here, and its deletion. The words themselves never reach this skill; the
cloud deletes them when it is asked."""

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
    return Response(say("What was said to this device is deleted."))


if __name__ == "__main__":
    serve_skill(answer_request)
