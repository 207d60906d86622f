"""The files of a bundle, one declaration each. JSON Schemas in `conformance/schemas/` are made from these."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from earwitness.conformance.gate.verdict import (
    ClauseResult,
    Exit,
    Verdict,
)
from earwitness.model.expression import Value
from earwitness.model.trace import Origin
from earwitness.policies.proving.strength_facts import StrengthFacts

FORMAT = 4
"""Of bundles; a reader refuses others."""


class BundleRecord(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
):
    """What every record has in common: named fields, and no others."""


class State(Enum):
    """Whether the run that wrote a bundle came to its end."""

    COMPLETE = "complete"
    PARTIAL = "partial"


class TargetRecord(BundleRecord, frozen=True):
    """What was judged. `digest` is of the program, where it is a file (empty otherwise); `setup` says with
    which versions and options it ran, in the driver's words."""

    given: str
    name: str = ""
    version: str = ""
    setup: str = ""
    clock: str = ""
    digest: str = ""
    devices: Mapping[str, str] = {}
    capabilities: Mapping[str, bool] = {}


class PackRecord(BundleRecord, frozen=True):
    """A pack as it was judged by; `file` is its copy in the bundle."""

    name: str
    version: int
    source: str
    file: str
    sha256: str


class Seconds(BundleRecord, frozen=True):
    """Wall clock."""

    proof: float = 0.0
    all: float = 0.0


class Manifest(BundleRecord, frozen=True):
    """What the bundle is about, and the digest (SHA-256) of each of its files."""

    format: int
    state: State
    id: str
    started: str
    earwitness: str
    python: str
    platform: str
    target: TargetRecord
    ended: str = ""
    reason: str = ""
    model: str = ""
    packs: tuple[PackRecord, ...] = ()
    seed: int = 0
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    confinement: str = "open"
    budget: float = 0.0
    seconds: Seconds = Seconds()
    files: Mapping[str, str] = {}


class RunRecord(BundleRecord, frozen=True):
    """One run: why it was made (tour, search, twin, vector ...), how many observations it brought, what
    could not be done."""

    number: int
    purpose: str = ""
    observations: int = 0
    skipped: tuple[str, ...] = ()
    dead: str = ""


class StepsRecord(BundleRecord, frozen=True):
    """One line of `steps.jsonl`: what was done in a run, step by step, so that it can be done again. `marks`
    say how many observations there were before the first step, and after each."""

    run: int
    steps: tuple[Mapping[str, Value], ...]
    marks: tuple[int, ...]


class StoresRecord(BundleRecord, frozen=True):
    """What was searched of the target's files."""

    files: int = 0
    unread: tuple[str, ...] = ()
    finds: tuple[str, ...] = ()


class AccountRecord(BundleRecord, frozen=True):
    """Bytes of one device in one direction: attributed to voice, read, or unexplained."""

    device: str
    direction: str
    attributed: int = 0
    read: int = 0
    unexplained: int = 0


class FindingRecord(BundleRecord, frozen=True):
    """Something seen that belongs to no clause: undisclosed, undeclared, not read ... A blocking one
    forbids a green gate."""

    kind: str
    text: str
    device: str = ""
    blocking: bool = False


class SearchRecord(BundleRecord, frozen=True):
    """One search beyond the tour: where, how much was tried, how much of what can be told apart was
    visited, and which transitions of the model nobody saw, in the search or before."""

    where: str
    sequences: int = 0
    steps: int = 0
    items: int = 0
    unvisited: tuple[str, ...] = ()


class NearMiss(BundleRecord, frozen=True):
    """How close a deadline of a conjunct came to its bound, in microseconds: the longest wait that was
    answered."""

    clause: str
    bound: int
    closest: int


class TrialRecord(BundleRecord, frozen=True):
    """What a clause that no single trace decides came to when it was tried."""

    verdict: Verdict
    evidence: Origin | None = None
    exercised: int = 0
    reason: str = ""


class CircumstancesRecord(BundleRecord, frozen=True):
    """What the judge must know beside the observations: on whose word it rests that requests were heard
    (none: they were not), why the target cannot be judged, reasons for missing capabilities, doubts and
    trials by clause."""

    heard: Origin | None = None
    dead: str = ""
    excuses: Mapping[str, str] = {}
    doubts: Mapping[str, str] = {}
    trials: Mapping[str, TrialRecord] = {}


class TraceRecord(BundleRecord, frozen=True):
    """Whether what was seen of one device in one run is what is seen of a run of the model: admitted,
    refused or undecided. `refinement.jsonl` holds the runs. `at` is the observation that no step shows,
    `row` came nearest, and `because` says what of it failed."""

    run: int
    device: str
    outcome: str
    observations: int
    at: int = 0
    row: str = ""
    because: str = ""


class RefinementRecord(BundleRecord, frozen=True):
    """Whether the device did what the model can do. `left_out` counts the observations of which the model
    does not speak, by reason; `held` names what the model holds constant, with the reason. It is a
    finding beside the clauses, never a verdict."""

    model: str
    line: str
    traces: tuple[TraceRecord, ...] = ()
    taken: Mapping[str, int] = {}
    left_out: Mapping[str, int] = {}
    held: Mapping[str, str] = {}


class Results(BundleRecord, frozen=True):
    """What the run came to. `sight` gives each event the best origin with which this run could have seen
    it (none: nobody could)."""

    exit: int
    reason: str
    clauses: tuple[ClauseResult, ...]
    runs: tuple[RunRecord, ...] = ()
    uploads: int = 0
    voice: int = 0
    stores: StoresRecord = StoresRecord()
    accounts: tuple[AccountRecord, ...] = ()
    findings: tuple[FindingRecord, ...] = ()
    sight: Mapping[str, Origin | None] = {}
    circumstances: CircumstancesRecord | None = None
    searches: tuple[SearchRecord, ...] = ()
    two_runs: str = ""
    """What two runs in other words and another voice came to, and why."""
    skipped: tuple[str, ...] = ()
    kept_promises: tuple[str, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    refinement: RefinementRecord | None = None
    weights: Mapping[str, str] = {}
    """How much the proof of each clause carries: interplay, mirrored flag, restated guard, or nothing."""
    strength: StrengthFacts | None = None


class EarlierCheck(BundleRecord, frozen=True):
    """A check of the same target that was made before this one, with another seed: its bundle by name and
    digest, and what it came to. `violations` counts the runs that violated a clause, those in which a shorter
    way was found among them."""

    id: str
    digest: str
    seed: int
    exit: Exit
    reason: str = ""
    verdicts: Mapping[str, Verdict] = {}
    violations: Mapping[str, int] = {}
    findings: tuple[str, ...] = ()
    """Those that forbid a green."""


class FailureRecord(BundleRecord, frozen=True):
    """A violation of one clause with the shortest scenario found, all one needs to play it again: the
    target, the seed, the packs."""

    clause: str
    scenario: tuple[Mapping[str, Value], ...]
    at: int = 0
    trace: tuple[Mapping[str, Value], ...] = ()
    kind: str = "any"
    conjunct: str = ""
    target: str = ""
    seed: int = 0
    packs: tuple[str, ...] = ()


class ProofRecord(BundleRecord, frozen=True):
    """What became of one proof over the model. `certificates` are the files that another solver re-checks."""

    standing: str
    seconds: float = 0.0
    obligations: int = 0
    recheck_seconds: float = 0.0
    reason: str = ""
    certificates: tuple[str, ...] = ()
    witness: tuple[Mapping[str, Value], ...] = ()
    counterexample: tuple[Mapping[str, Value], ...] = ()
    other_run: tuple[Mapping[str, Value], ...] = ()
