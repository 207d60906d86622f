"""The weather, from a small climate table (monthly means are public knowledge; no service is asked)."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.reference_impl.cloud.skills.skill import (
    Response,
    say,
    serve_skill,
)

CLIMATE = {
    "menlo park": (18, "sunny"),
    "palo alto": (18, "sunny"),
    "seattle": (9, "rainy"),
    "boston": (8, "windy"),
    "chicago": (6, "windy"),
    "denver": (7, "sunny"),
    "new york": (10, "cloudy"),
    "san francisco": (15, "foggy"),
    "london": (10, "rainy"),
    "paris": (11, "cloudy"),
}
"""Degrees Celsius in the mean of April, and the usual sky."""


def answer_request(
    intent: str, slots: Mapping[str, str], session: Mapping[str, str]
) -> Response:
    city = slots.get("city")
    if city not in CLIMATE:
        return Response(say("For which city?"), follow_up=True)
    degrees, sky = CLIMATE[city]
    return Response(
        say(f"In {city.title()} it is usually {sky} and {degrees} degrees.")
    )


if __name__ == "__main__":
    serve_skill(answer_request)
