"""The skill host: which skills exist, what kind they are, and what they may receive."""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.reference_impl.cloud.skills import room_service, timer, weather
from earwitness.reference_impl.cloud.skills.skill import Skill

REFUSED = frozenset({"child_directed", "personal_data", "mature", "shopping"})


@dataclass(frozen=True, slots=True)
class Listing:
    """An entry of the skill store. `certified` is true for public skills and for those certified for the property."""

    name: str
    kind: str
    certified: bool
    skill: Skill


def listed() -> dict[str, Listing]:
    shipped = (
        Listing("weather", "general", True, weather.answer),
        Listing("timer", "general", True, timer.answer),
        Listing("room_service", "general", True, room_service.answer),
    )
    return {x.name: x for x in shipped}


def may_run(listing: Listing) -> bool:
    return listing.certified and listing.kind not in REFUSED
