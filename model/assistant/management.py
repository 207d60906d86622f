"""The property's side: which skills are enabled, who controls a device, and who may read what."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.model.assistant import components
from earwitness.model.expression import FALSE, TRUE, Const, Expression, Sort, equal
from earwitness.model.systems.transition_system import (
    Enabled,
    StateVariable,
    Table,
    Transition,
    all_of,
    any_of,
    equals,
    flag,
    flags,
    negation,
    one_of,
    word,
)

KINDS = ("general", "child_directed", "personal_data", "mature", "shopping")
PARTIES = ("ours", "theirs")
"""Two organisations stand for all; a device belongs to one at a time."""
NEEDS: Mapping[str, tuple[str, ...]] = {
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
"""What each role needs for its work (F7, F8, Retention). A guest needs nothing."""
OUT_OF_REACH = ("recordings", "transcripts")

owner, tone_wanted = word("owner"), flag("tone_wanted")
enabled, certified, skill_kind = flag("enabled"), flag("certified"), word("skill_kind")
ANY_ACTOR, ANY_ROLE, ANY_RESOURCE, ANY_KIND = (
    word("any.actor"),
    word("any.role"),
    word("any.resource"),
    word("any.skill_kind"),
)

FREE = {
    "any.actor": PARTIES,
    "any.role": (*NEEDS, "guest"),
    "any.resource": (*(r for resources in NEEDS.values() for r in resources), *OUT_OF_REACH),
    "any.skill_kind": KINDS,
}


def _needed() -> Expression:
    return any_of(
        *(
            all_of(equal(ANY_ROLE, Const(role)), one_of(ANY_RESOURCE, *resources))
            for role, resources in NEEDS.items()
        )
    )


def _permitted() -> Expression:
    """What the policy grants: a role's own needs, on what belongs to the one who asks."""
    return all_of(_needed(), equal(ANY_ACTOR, owner))


def _access(name: str, guard: Expression, decision: str) -> Transition:
    said: dict[str, Expression] = {
        "actor": ANY_ACTOR,
        "role": ANY_ROLE,
        "resource": ANY_RESOURCE,
        "needed": _needed(),
        "decision": Const(decision),
    }
    return Transition(name, components.MANAGEMENT, guard=guard, updates={}, emits="access", attributes=said)


def management() -> Table:
    """Skills, settings, ownership and access. Developers submit what they like, and anybody asks for anything."""
    m, e = components.MANAGEMENT, components.ENVIRONMENT
    skill: dict[str, Expression] = {"skill": Const("any"), "skill_kind": skill_kind, "certified": certified}
    return Table(
        "management",
        "owner",
        (
            StateVariable("owner", Sort.TEXT, ("ours",), PARTIES),
            StateVariable("skill_kind", Sort.TEXT, ("general",), KINDS),
            *flags(tone_wanted, enabled, certified),
        ),
        (
            Transition(
                "submit_skill",
                e,
                guard=one_of(ANY_KIND, *KINDS),
                updates={"skill_kind": ANY_KIND, "certified": FALSE, "enabled": FALSE},
                emits=None,
            ),
            Transition(
                "certify_skill",
                m,
                guard=equals(skill_kind, "general"),
                updates={"certified": TRUE},
                emits=None,
            ),
            Transition(
                "enable_skill",
                m,
                guard=all_of(certified, negation(enabled)),
                updates={"enabled": TRUE},
                emits="skill.enable",
                attributes=skill,
            ),
            Transition("disable_skill", m, guard=enabled, updates={"enabled": FALSE}, emits=None),
            Transition(
                "assign_device",
                e,
                guard=one_of(ANY_ACTOR, *PARTIES),
                updates={"owner": ANY_ACTOR},
                emits=None,
            ),
            Transition(
                "organisation_controls_setting",
                m,
                guard=equal(ANY_ACTOR, owner),
                updates={"tone_wanted": negation(tone_wanted)},
                emits="setting.tone",
                attributes={"on": negation(tone_wanted)},
            ),
            _access("permit_access", _permitted(), "permit"),
            _access("deny_access", negation(_permitted()), "deny"),
        ),
    )


def control_of_own() -> tuple[Enabled, ...]:
    """ORG-1: whoever a device belongs to controls its setting and sees its skills, unit and settings; nobody else does."""
    found = []
    for party in PARTIES:
        asks: dict[str, Expression] = {"any.actor": Const(party)}
        own = equals(owner, party)
        found.append(Enabled("organisation_controls_setting", own, asks, exactly=True))
        for resource in ("skills", "unit", "settings"):
            chosen = asks | {"any.role": Const("organisation"), "any.resource": Const(resource)}
            found.append(Enabled("permit_access", own, chosen, exactly=True))
    return tuple(found)
