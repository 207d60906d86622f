"""Trivia: three questions in a row, each waiting for an answer."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.reference_impl.cloud.skills.skill import (
    Response,
    say,
    serve_skill,
)

QUESTIONS = (
    ("What is the capital of France?", "paris"),
    ("Which planet is the largest?", "jupiter"),
    ("Which metal has the symbol Au?", "gold"),
)


def answer_request(
    intent: str, slots: Mapping[str, str], session: Mapping[str, str]
) -> Response:
    asked = int(session.get("asked", "0"))
    if intent == "PlayTrivia" or not asked:
        return Response(
            say(QUESTIONS[0][0]),
            True,
            {"asked": "1", "right": "0"},
        )
    right = int(session["right"]) + (
        slots.get("answer") == QUESTIONS[asked - 1][1]
    )
    said = (
        "Right."
        if right > int(session["right"])
        else f"It is {QUESTIONS[asked - 1][1]}."
    )
    if asked == len(QUESTIONS):
        return Response(say(f"{said} You knew {right} of {len(QUESTIONS)}."))
    return Response(
        say(f"{said} {QUESTIONS[asked][0]}"),
        True,
        {"asked": str(asked + 1), "right": str(right)},
    )


if __name__ == "__main__":
    serve_skill(answer_request)
