"""The property's side: which skills are enabled, who controls a device, and who may read what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from earwitness.model.assistant.components import ENVIRONMENT, MANAGEMENT
from earwitness.model.expression import (
    TRUE,
    Expression,
    Sort,
    implication,
)
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
    values,
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
RULES = ("by_need", "for_all")
"""Who may read what is data too: by need, or whatever somebody drew up."""

owner, tone_wanted = word("owner"), flag("tone_wanted")
listed = {party: flag(f"listed.{party}") for party in PARTIES}
"""Whether the device stands in the list of an organisation's devices. What an organisation sees and
controls is decided by its list; whose the device is, is another thing."""
enabled, certified, skill_kind = (
    flag("enabled"),
    flag("certified"),
    word("skill_kind"),
)
rules, draft, reviewed = word("rules"), word("draft"), flag("reviewed")
"""The rules in force, those that are drawn up, and whether these were looked at."""
ANY_RULES = word("any.rules")
ANY_ACTOR, ANY_ROLE = word("any.actor"), word("any.role")
ANY_RESOURCE, ANY_KIND = word("any.resource"), word("any.skill_kind")

FREE = {
    "any.actor": PARTIES,
    "any.role": (*NEEDS, "guest"),
    "any.resource": (
        *(r for resources in NEEDS.values() for r in resources),
        *OUT_OF_REACH,
    ),
    "any.skill_kind": KINDS,
    "any.rules": RULES,
}


def management() -> Table:
    """Skills, settings, ownership and access. Developers submit what they like, and anybody asks for
    anything."""
    return Table(
        name="management",
        control="owner",
        variables=(
            StateVariable(
                name="owner",
                sort=Sort.TEXT,
                initial=("ours",),
                values=PARTIES,
            ),
            StateVariable(
                name="skill_kind",
                sort=Sort.TEXT,
                initial=("general",),
                values=KINDS,
            ),
            # The device is delivered to its first owner, and stands in that list alone.
            StateVariable("listed.ours", Sort.BOOL, (True,)),
            StateVariable("listed.theirs", Sort.BOOL, (False,)),
            *flags(tone_wanted, reviewed),
            StateVariable(
                name="rules",
                sort=Sort.TEXT,
                initial=("by_need",),
                values=RULES,
            ),
            StateVariable(
                name="draft",
                sort=Sort.TEXT,
                initial=("by_need",),
                values=RULES,
            ),
            # Skills are delivered certified and enabled; what is submitted later is neither.
            StateVariable("enabled", Sort.BOOL, (True,)),
            StateVariable("certified", Sort.BOOL, (True,)),
        ),
        transitions=(
            *_rows_of_skills(),
            *_rows_of_ownership(),
            *_rows_of_rules(),
            *_rows_of_access(),
        ),
        hints=(
            equals(rules, "by_need"),
            implication(reviewed, equals(draft, "by_need")),
            implication(certified, equals(skill_kind, "general")),
            implication(enabled, certified),
        ),
    )


def _rows_of_skills() -> tuple[Transition, ...]:
    return (
        Transition(
            "submit_skill",
            ENVIRONMENT,
            guard=one_of(
                ANY_KIND, *KINDS
            ),  # assumption: developers submit skills of every kind
            updates=values(
                skill_kind=ANY_KIND, certified=False, enabled=False
            ),
            emits=None,
            reason="SKL-2: what is new is neither certified nor enabled",
        ),
        Transition(
            "certify_skill",
            MANAGEMENT,
            guard=equals(
                skill_kind, "general"
            ),  # SKL-2: no refused kind is certified
            updates=values(certified=True),
            emits=None,
            reason="SKL-2; section Skills: four kinds of skills are not supported",
        ),
        Transition(
            "enable_skill",
            MANAGEMENT,
            guard=certified,  # SKL-2
            updates=values(enabled=True),
            emits="skill.enable",
            attributes=values(
                skill="any", skill_kind=skill_kind, certified=certified
            ),
            reason="SKL-2; FAQ 7: the organisation decides which skills are enabled",
        ),
        Transition(
            "disable_skill",
            MANAGEMENT,
            guard=TRUE,
            updates=values(enabled=False),
            emits=None,
            reason="FAQ 7: the organisation decides which skills are enabled",
        ),
    )


def _rows_of_ownership() -> tuple[Transition, ...]:
    return (
        Transition(
            "assign_device",
            MANAGEMENT,
            guard=one_of(
                ANY_ACTOR, *PARTIES
            ),  # assumption: devices change hands at any time
            updates=values(owner=ANY_ACTOR) | _lists_of_new_owner(),
            emits="assignment",
            attributes=values(owner=ANY_ACTOR),
            reason="ORG-1: with its owner a device changes from one organisation's list to the other's",
        ),
        Transition(
            "organisation_controls_setting",
            MANAGEMENT,
            guard=_has_in_list(),  # ORG-1: of the devices in its list, and of no others
            updates=values(tone_wanted=negation(tone_wanted)),
            emits="setting.tone",
            attributes=values(on=negation(tone_wanted), actor=ANY_ACTOR),
            reason="ORG-1; FAQ 7: the organisation controls the settings of its devices",
        ),
    )


def _rows_of_rules() -> tuple[Transition, ...]:
    return (
        Transition(
            "draw_up_rules",
            ENVIRONMENT,
            guard=one_of(ANY_RULES, *RULES),
            updates=values(draft=ANY_RULES, reviewed=False),
            emits=None,
            reason="assumption: anybody may draw up other rules of access at any time",
        ),
        Transition(
            "review_rules",
            MANAGEMENT,
            guard=equals(
                draft, "by_need"
            ),  # RET-3, ORG-2, ORG-3, DEV-1, ACC-1: no rules that give more than is needed
            updates=values(reviewed=True),
            emits=None,
            reason="RET-3; section Data Retention: access is restricted to those who need it",
        ),
        Transition(
            "publish_rules",
            MANAGEMENT,
            guard=reviewed,
            updates=values(rules=draft),
            emits=None,
            reason="RET-3: what was reviewed comes into force, and nothing else",
        ),
    )


def _rows_of_access() -> tuple[Transition, ...]:
    permitted = all_of(
        any_of(
            equals(rules, "for_all"),
            _needed_by_role(),  # RET-3, ORG-2, ORG-3, DEV-1: what the role needs for its work, nothing else
        ),
        _has_in_list(),  # ORG-1: only about devices of one's own
    )
    return (
        Transition(
            "permit_access",
            MANAGEMENT,
            guard=permitted,
            emits="access",
            attributes=_question_asked() | values(decision="permit"),
            reason="FAQ 7, FAQ 8, section Data Retention: a list for each role",
        ),
        Transition(
            "deny_access",
            MANAGEMENT,
            guard=negation(permitted),
            emits="access",
            attributes=_question_asked() | values(decision="deny"),
            reason="ORG-3, DEV-1: whatever is not on the list is refused",
        ),
    )


def _lists_of_new_owner() -> dict[str, Expression]:
    return {
        variable.name: equals(ANY_ACTOR, party)
        for party, variable in listed.items()
    }


def _has_in_list() -> Expression:
    """Whether the device stands in the list of the one who asks."""
    return any_of(
        *(
            all_of(equals(ANY_ACTOR, party), variable)
            for party, variable in listed.items()
        )
    )


def _needed_by_role() -> Expression:
    return any_of(
        *(
            all_of(equals(ANY_ROLE, role), one_of(ANY_RESOURCE, *resources))
            for role, resources in NEEDS.items()
        )
    )


def _question_asked() -> dict[str, Expression]:
    return values(
        actor=ANY_ACTOR,
        owner=owner,
        role=ANY_ROLE,
        resource=ANY_RESOURCE,
        needed=_needed_by_role(),
    )


def control_of_own() -> tuple[Enabled, ...]:
    """ORG-1: whoever a device belongs to controls its setting and sees its skills, unit and settings;
    nobody else does."""
    return tuple(wanted for party in PARTIES for wanted in _control_by(party))


def _control_by(party: str) -> Iterator[Enabled]:
    own = equals(owner, party)
    asks = values(**{"any.actor": party})
    yield Enabled(
        "organisation_controls_setting",
        wherever=own,
        chosen=asks,
        exactly=True,
    )
    for resource in ("skills", "unit", "settings"):
        question = asks | values(
            **{"any.role": "organisation", "any.resource": resource}
        )
        yield Enabled(
            "permit_access", wherever=own, chosen=question, exactly=True
        )
