"""What the owner of a gate decides, and what a decision is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.gate.baseline import ClauseChange
from earwitness.conformance.gate.capability_file import CapabilityFile
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.known_failures import KnownFailure
from earwitness.conformance.gate.verdict import ClauseResult
from earwitness.conformance.gate.waivers import Waiver
from earwitness.model.trace import Origin

ABSOLUTE = "critical"
"""The severity whose clauses nobody may waive under the profile `certification`."""
SEALED = "sealed"
"""The confinement that `certification` asks for: no byte and no file escapes unseen."""

EVIDENCE_WORDS = {
    None: "nothing",
    Origin.WITNESSED: "what the harness saw itself",
    Origin.DEVICE: "the device's word",
    Origin.STAND_IN: "the word of a service that stands in",
    Origin.DRIVER: "the word of the driver's author",
}


class Profile(Enum):
    """How much is asked for."""

    CORE = "core"
    STRICT = "strict"
    CERTIFICATION = "certification"


PROFILES = {
    Profile.CORE: "required clauses are satisfied, at the evidence that their pack asks for",
    Profile.STRICT: "and every clause that can be witnessed is witnessed, in each of its parts",
    Profile.CERTIFICATION: "and there is a capability file, the target is sealed in, the bundle is "
    "signed, critical clauses are not waived",
}


class Treatment(Enum):
    """What the gate does with a clause."""

    PASSES = "passes"
    FAILS = "fails"
    WAIVED = "waived"
    KNOWN = "known failure"
    BELOW = "below the severity that fails"
    NEW = "new since the baseline"
    OPTIONAL = "not required"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the owner of the gate decided. `now` is when; `is_signed` says whether a signature over the
    bundle was checked."""

    now: datetime
    profile: Profile = Profile.CORE
    fail_on: str = "low"
    waivers: tuple[Waiver, ...] = ()
    strict_waivers: bool = False
    known_failures: tuple[KnownFailure, ...] = ()
    baseline: Bundle | None = None
    capabilities: CapabilityFile | None = None
    is_signed: bool = False
    unsealed: tuple[str, ...] = ()
    """Files of decisions that were read from the bundle itself, where neither a key nor a digest says that
    they are those of its check."""


@dataclass(frozen=True, slots=True)
class ClauseDecision:
    """What the gate makes of one clause. `problem` is empty where the clause is as it should be."""

    result: ClauseResult
    treatment: Treatment
    exit: Exit = Exit.SATISFIED
    problem: str = ""
    note: str = ""
    change: ClauseChange | None = None
    fingerprint: str = ""
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the run as a whole. With exit SATISFIED it is a warning."""

    exit: Exit
    text: str


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The exit code, and everything that led to it."""

    exit: Exit
    profile: Profile
    clauses: tuple[ClauseDecision, ...]
    notices: tuple[Notice, ...]

    @property
    def failing(self) -> tuple[ClauseDecision, ...]:
        return tuple(
            c for c in self.clauses if c.treatment is Treatment.FAILS
        )

    @property
    def warnings(self) -> tuple[Notice, ...]:
        return tuple(n for n in self.notices if n.exit is Exit.SATISFIED)


def today() -> datetime:
    """Now, in UTC: the day by which waivers expire."""
    return datetime.now(UTC)
