"""Decisions about access, by Cedar (Cutler and others 2024): default deny, and forbid outweighs permit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import cedarpy

NEEDS = {
    "organisation": (
        "skills",
        "unit",
        "settings",
        "device_count",
        "active_devices",
        "top_domains",
        "top_skills",
        "intent_distribution",
        "daily_dialogues",
    ),
    "skill_developer": ("skill_metrics", "own_logs"),
    "operator": ("service_metrics",),
}
"""What each role needs for its work. It is said apart from the policy, so that a policy that grants more
than is needed shows."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks. `party` is the organisation, developer or operator they work for."""

    name: str
    role: str
    party: str


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """Something stored, of a kind, that belongs to a party."""

    kind: str
    owner: str


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """Whether it is permitted, and by which lines of the policy."""

    permitted: bool
    needed: bool
    because: tuple[str, ...]


@cache
def read_cedar_policy() -> str:
    return (
        files("earwitness.reference_impl.property")
        .joinpath("policy.cedar")
        .read_text("utf-8")
    )


def decide_access(
    person: Person,
    action: str,
    record: StoredRecord,
    rules: str | None = None,
) -> AccessDecision:
    """`action` is read or change. Anything that goes wrong is a denial."""
    principal, resource = 'Person::"asking"', 'Record::"asked"'
    entities = [
        {
            "uid": {"type": "Person", "id": "asking"},
            "attrs": {"role": person.role, "party": person.party},
            "parents": [],
        },
        {
            "uid": {"type": "Record", "id": "asked"},
            "attrs": {"kind": record.kind, "owner": record.owner},
            "parents": [],
        },
    ]
    request = {
        "principal": principal,
        "action": f'Action::"{action}"',
        "resource": resource,
        "context": {},
    }
    said = cedarpy.is_authorized(
        request,
        rules if rules is not None else read_cedar_policy(),
        entities,
    )
    permitted = (
        said.decision == cedarpy.Decision.Allow
        and not said.diagnostics.errors
    )
    return AccessDecision(
        permitted,
        record.kind in NEEDS.get(person.role, ()),
        tuple(said.diagnostics.reasons),
    )
