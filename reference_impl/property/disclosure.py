"""What people may ask of the property side, and what they get: every answer passes the policy first."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from earwitness.reference_impl.cloud.retention import TOP, Retention
from earwitness.reference_impl.cloud.skills.host import Host, Listing, may_run
from earwitness.reference_impl.messages import WAKE_WORDS
from earwitness.reference_impl.property.access import (
    NEEDS,
    AccessDecision,
    Person,
    StoredRecord,
    decide_access,
)
from earwitness.reference_impl.property.device_register import DeviceRegister

SERVICE = "earwitness-cloud"
"""The party that runs the service."""
FEWEST = 3
"""Dialogues below which a count is withheld: one or two may point at a guest."""
KINDS = (
    *(kind for kinds in NEEDS.values() for kind in kinds),
    "recordings",
    "transcripts",
)
"""What one can ask for. Of the last two there is nothing, and asking is always refused."""


class RefusedByStore(Exception):
    """The store does not let this skill be enabled; the message says why."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A decision, and the data where it permits."""

    decision: AccessDecision
    data: Any = None


def without_small(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Counts that are too small to hide in are withheld: None instead of the number."""
    shown: dict[str, int | None] = dict.fromkeys(counts)
    for name, number in counts.items():
        if number >= FEWEST:
            shown[name] = number
    return shown


def issue_tokens(people: tuple[Person, ...]) -> dict[str, Person]:
    """A token for each person, new every time."""
    # 24 random bytes: nobody guesses them.
    return {secrets.token_urlsafe(24): person for person in people}


class Disclosures:
    """Answers questions about a device and the property it belongs to."""

    def __init__(
        self,
        register: DeviceRegister,
        retention: Retention,
        host: Host,
        people: Mapping[str, Person],
    ) -> None:
        self.register = register
        self.retention = retention
        self.host = host
        self.people = people

    def person(self, token: str) -> Person | None:
        """Whom a token belongs to."""
        # As bytes: what comes from outside need not be ASCII, which is all that texts are compared in.
        given = token.encode("utf-8", "surrogatepass")
        for known, person in self.people.items():
            if secrets.compare_digest(known.encode(), given):
                return person
        return None

    def record(self, device: str, kind: str) -> StoredRecord:
        """What is asked for, and whose it is. Raises UnknownDevice."""
        placed = self.register.device(device)
        if kind in NEEDS["skill_developer"]:
            return StoredRecord(kind, self._own_skill(device).developer)
        return StoredRecord(
            kind,
            SERVICE if kind == "service_metrics" else placed.organisation,
        )

    def decide_on(
        self, person: Person, action: str, record: StoredRecord
    ) -> AccessDecision:
        return decide_access(person, action, record)

    def read_record(
        self, person: Person, device: str, kind: str
    ) -> Disclosure:
        """Raises UnknownDevice."""
        decision = self.decide_on(person, "read", self.record(device, kind))
        return (
            Disclosure(decision, self._data(person, device, kind))
            if decision.permitted
            else Disclosure(decision)
        )

    def enable(
        self, person: Person, device: str, skill: str, on: bool
    ) -> tuple[Disclosure, Listing | None]:
        """Enable or disable a skill. Raises RefusedByStore for one that is not certified or of a refused
        kind, UnknownDevice."""
        decision = self.decide_on(
            person,
            "change",
            self.record(device, "skills"),
        )
        if not decision.permitted:
            return Disclosure(decision), None
        listing = self.host.listings.get(skill)
        if listing is None:
            raise RefusedByStore(f"the store has no skill '{skill}'")
        if on and not self.admits(listing):
            reason = (
                listing.kind.replace("_", " ")
                if listing.certified
                else "not certified"
            )
            raise RefusedByStore(
                f"'{skill}' is {reason}; it does not run on this property"
            )
        self.register.enable(device, skill, on)
        return Disclosure(
            decision, sorted(self.register.skills(device))
        ), listing

    def admits(self, listing: Listing) -> bool:
        return may_run(listing)

    def admitted_listings(self) -> list[Listing]:
        """The skills that may be enabled."""
        return [x for x in self.host.listings.values() if self.admits(x)]

    def want_tone(self, person: Person, device: str, on: bool) -> Disclosure:
        """Turn the tone on or off. Raises UnknownDevice."""
        decision = self.decide_on(
            person,
            "change",
            self.record(device, "settings"),
        )
        if decision.permitted:
            self.register.want_tone(device, on)
        return Disclosure(
            decision, {"tone": on} if decision.permitted else None
        )

    def choose_word(
        self, person: Person, device: str, word: str
    ) -> Disclosure:
        """Choose the wake word of a device. Raises RefusedByStore for a word that is none of the four,
        UnknownDevice."""
        decision = self.decide_on(
            person,
            "change",
            self.record(device, "settings"),
        )
        if decision.permitted and word not in WAKE_WORDS:
            raise RefusedByStore(
                f"'{word}' cannot be chosen; choose from {', '.join(WAKE_WORDS)}"
            )
        if decision.permitted:
            self.register.choose_word(device, word)
        return Disclosure(
            decision, {"wake_word": word} if decision.permitted else None
        )

    def move(self, person: Person, device: str, unit: str) -> Disclosure:
        """Assign a device to another unit. Raises UnknownDevice."""
        decision = self.decide_on(
            person,
            "change",
            self.record(device, "unit"),
        )
        if decision.permitted:
            self.register.move(device, unit)
        return Disclosure(decision, unit if decision.permitted else None)

    def _own_skill(self, device: str) -> Listing:
        """The hidden skill of the property."""
        listings = self.host.listings.values()
        return next(listing for listing in listings if listing.hidden)

    def _data(self, person: Person, device: str, kind: str) -> Any:
        placed = self.register.device(device)
        whose = placed.organisation
        match kind:
            case "skills":
                return sorted(self.register.skills(device))
            case "unit":
                return placed.unit
            case "settings":
                return {"tone": placed.tone, "wake_word": placed.word}
            case "device_count":
                return len(self.register.devices(whose))
            case "active_devices":
                return self.retention.active_devices(whose)
            case "top_domains" | "top_skills":
                counted_by = kind.removeprefix("top_").removesuffix("s")
                return without_small(
                    self.retention.dialogues(counted_by, whose, most=TOP)
                )
            case "intent_distribution":
                return without_small(
                    self.retention.dialogues("intent", whose)
                )
            case "daily_dialogues":
                own = [self._own_skill(device).name]
                return without_small(
                    self.retention.dialogues("day", whose, own)
                )
            case "skill_metrics":
                own = [
                    x.name
                    for x in self.host.listings.values()
                    if x.developer == person.party
                ]
                return without_small(
                    self.retention.dialogues("day", whose, own)
                )
            case "own_logs":
                return [
                    line
                    for x in self.host.listings.values()
                    if x.developer == person.party
                    for line in self.host.logs(x.name)
                ]
            case "service_metrics":
                return {"dialogues": self.retention.requests()}
        return None
