"""Room service: drinks to the room."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from earwitness.reference_impl.cloud.skills.skill import (
    Response,
    say,
    serve_skill,
)


def answer_request(
    intent: str, slots: Mapping[str, str], session: Mapping[str, str]
) -> Response:
    order = (
        describe_several(slots) if "drinks" in slots else describe_one(slots)
    )
    if not order:
        return Response(say("What would you like to drink?"), follow_up=True)
    ordered = slots.get("drinks") or slots["drink"]
    print(
        f"order: {ordered}",
        file=sys.stderr,
        flush=True,
    )
    return Response(say(order))


def describe_several(slots: Mapping[str, str]) -> str:
    number = slots.get("number", "some").capitalize()
    return f"{number} {slots['drinks']} are on their way."


def describe_one(slots: Mapping[str, str]) -> str:
    """Empty where no drink was named."""
    if "drink" not in slots:
        return ""
    kind = [
        slots[name]
        for name in ("size", "shots", "roast", "drink")
        if name in slots
    ]
    extras = [slots[name] for name in ("milk", "sugar") if name in slots]
    with_what = " with " + " and ".join(extras) if extras else ""
    return f"One {' '.join(kind)}{with_what} is on its way."


if __name__ == "__main__":
    serve_skill(answer_request)
