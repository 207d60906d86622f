"""What can be asked of the property's side about one device, apart from how it is carried."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.reference_impl.messages import Json, PropertyAnswer
from earwitness.reference_impl.property.access import Person
from earwitness.reference_impl.property.disclosure import (
    KINDS,
    Disclosure,
    Disclosures,
)

LONGEST_UNIT = 40
"""Letters of the name of a room or floor."""


class UnknownKind(LookupError):
    """Nothing of that kind can be asked for; the message says what can."""


def read_resource(
    disclosures: Disclosures, person: Person, device: str, kind: str
) -> PropertyAnswer:
    """Raises UnknownKind, UnknownDevice."""
    if kind not in KINDS:
        raise UnknownKind(
            f"there is no '{kind}'; ask for one of {', '.join(KINDS)}"
        )
    return entry_of(disclosures.read_record(person, device, kind))


def change_setting(
    disclosures: Disclosures,
    person: Person,
    device: str,
    wanted: Mapping[str, Json],
) -> PropertyAnswer:
    """Change one setting. Raises ValueError, RefusedByStore, UnknownDevice."""
    match wanted:
        case {"tone": bool(on)}:
            return entry_of(disclosures.want_tone(person, device, on))
        case {"wake_word": str(word)}:
            return entry_of(disclosures.choose_word(person, device, word))
        case {"unit": str(unit)} if 0 < len(unit) <= LONGEST_UNIT:
            return entry_of(disclosures.move(person, device, unit))
    raise ValueError(
        f"give tone (true or false), wake_word, or unit (text of up to {LONGEST_UNIT} letters)"
    )


def enable_skill(
    disclosures: Disclosures,
    person: Person,
    device: str,
    skill: str,
    wanted: Mapping[str, Json],
) -> PropertyAnswer:
    """Enable or disable a skill. Raises ValueError, RefusedByStore, UnknownDevice."""
    on = wanted.get("enabled")
    if not isinstance(on, bool):
        raise ValueError("give enabled (true or false)")
    answer, listing = disclosures.enable(
        person=person,
        device=device,
        skill=skill,
        on=on,
    )
    if listing is None:
        return entry_of(answer)
    return {
        **entry_of(answer),
        "kind": listing.kind,
        "certified": listing.certified,
    }


def entry_of(answer: Disclosure) -> PropertyAnswer:
    """A decision and what it lets one see."""
    decision = answer.decision
    return {
        "decision": "permit" if decision.permitted else "deny",
        "needed": decision.needed,
        "data": answer.data,
    }
