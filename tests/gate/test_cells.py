"""Every cell of what happened and which options were given: what is not green, and by which code. The table
stands here a second time, in plain conditions, and the gate must agree with it in each cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product

import msgspec
import pytest
from bundles import clause, leak, read, violated_bundle

from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.capability_file import CapabilityFile
from earwitness.conformance.gate.decision import decide_bundle
from earwitness.conformance.gate.known_failures import KnownFailure
from earwitness.conformance.gate.policy import Policy, Profile
from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.gate.waivers import Waiver, WaiverScope
from earwitness.model.trace import Origin
from earwitness.policies.pack import SEVERITIES

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
VALID = Waiver(
    id="W-1",
    clause="MIC-1",
    reason="r",
    risk="r",
    owner="o",
    approved_by="A. Person",
    expires=date(2026, 11, 26),
)
WAIVERS = {
    "no waiver": (),
    "valid": (VALID,),
    "expired": (msgspec.structs.replace(VALID, expires=date(2026, 11, 25)),),
    "of another version": (
        msgspec.structs.replace(VALID, scope=WaiverScope(versions="<1")),
    ),
    "of no clause": (msgspec.structs.replace(VALID, clause="MIC-9"),),
}
KNOWN = KnownFailure(
    id="K-1", clause="MIC-1", cause="late", event="audio.captured"
)
KNOWN_FAILURES = {
    "no known failure": (),
    "matching": (KNOWN,),
    "of another event": (msgspec.structs.replace(KNOWN, event="light"),),
}
HAPPENINGS = {
    "satisfied, witnessed": (Verdict.SATISFIED, Origin.WITNESSED),
    "satisfied, on the device's word": (Verdict.SATISFIED, Origin.DEVICE),
    "satisfied, on the driver's word": (Verdict.SATISFIED, Origin.DRIVER),
    **{
        verdict.value: (verdict, Origin.WITNESSED)
        for verdict in Verdict
        if verdict is not Verdict.SATISFIED
    },
}
BASELINES = ("none", "same pack", "older pack without it", "another pack")
CELLS = list(
    product(
        HAPPENINGS,
        ("low", "critical"),
        Profile,
        ("low", "high"),
        WAIVERS,
        KNOWN_FAILURES,
        BASELINES,
        (False, True),
    )
)


def is_well(happening: str, profile: Profile) -> bool:
    """Whether a clause needs no mercy. Its pack asks for the device's word, and says it can be witnessed."""
    if happening == "satisfied, on the device's word":
        return profile is Profile.CORE
    return happening == "satisfied, witnessed"


def expected_code(cell) -> int:
    """The exit code of a cell in plain conditions, the strongest first."""
    happening, severity, profile, fail_on, waiver, known, base, strict = cell
    is_violated = happening == "violated"
    is_critical = severity == "critical"
    waivable = not (profile is Profile.CERTIFICATION and is_critical)
    is_waived = waiver == "valid" and waivable
    is_known = known == "matching" and is_violated
    is_new = base == "older pack without it"
    is_below = SEVERITIES.index(severity) < SEVERITIES.index(fail_on)
    well = is_well(happening, profile)
    fails = not (well or is_waived or is_known or is_new or is_below)
    if fails and is_violated:
        return 1
    waiver_is_used = not well and is_waived
    stale = (
        waiver == "expired"
        or (waiver != "no waiver" and strict and not waiver_is_used)
        or (known != "no known failure" and not is_known)
    )
    if stale:
        return 6
    return 3 if fails else 0


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    return read(violated_bundle(tmp_path_factory.mktemp("red") / "out"))


def with_clauses(bundle, *clauses):
    results = msgspec.structs.replace(bundle.results, clauses=clauses)
    return replace(bundle, results=results)


def bundle_of(red, happening, severity):
    verdict, evidence = HAPPENINGS[happening]
    found = clause("MIC-1", verdict, severity=severity, evidence=evidence)
    failures = {"MIC-1": leak()} if verdict is Verdict.VIOLATED else {}
    changed = with_clauses(red, found, clause("LED-1"))
    results = msgspec.structs.replace(changed.results, exit=0)
    return replace(changed, results=results, failures=failures)


def baselines_of(bundle):
    led = bundle.results.clauses[1]
    (pack,) = bundle.manifest.packs

    def judged_by(**changes):
        packs = (msgspec.structs.replace(pack, **changes),)
        manifest = msgspec.structs.replace(bundle.manifest, packs=packs)
        return replace(with_clauses(bundle, led), manifest=manifest)

    return {
        "none": None,
        "same pack": bundle,
        "older pack without it": judged_by(version=2),
        "another pack": judged_by(name="another"),
    }


def test_the_gate_agrees_with_the_table_in_every_cell(red, monkeypatch):
    (pack,) = bundle_packs(red)
    judged_by = {}
    monkeypatch.setattr(
        "earwitness.conformance.gate.baseline.bundle_packs",
        lambda _: (judged_by["pack"],),
    )
    marks = {
        severity: replace(
            pack,
            clauses=tuple(
                replace(c, severity=severity if c.id == "MIC-1" else "low")
                for c in pack.clauses
            ),
        )
        for severity in ("low", "critical")
    }
    bundles = {
        key: bundle_of(red, *key)
        for key in product(HAPPENINGS, ("low", "critical"))
    }
    baselines = {key: baselines_of(one) for key, one in bundles.items()}
    wrong = {}
    for cell in CELLS:
        happening, severity, profile, fail_on, waiver, known, base, strict = (
            cell
        )
        one, judged_by["pack"] = bundles[happening, severity], marks[severity]
        sealed = msgspec.structs.replace(one.manifest, confinement="sealed")
        policy = Policy(
            NOW,
            profile=profile,
            fail_on=fail_on,
            waivers=WAIVERS[waiver],
            strict_waivers=strict,
            known_failures=KNOWN_FAILURES[known],
            baseline=baselines[happening, severity][base],
            capabilities=CapabilityFile(),
            is_signed=True,
        )
        decided = decide_bundle(
            replace(one, manifest=sealed), (marks[severity],), policy
        )
        if decided.exit.value != expected_code(cell):
            wrong[cell] = decided.exit.value
    assert not wrong, list(wrong.items())[:5]


def test_green_cells_are_few_and_each_has_its_reason():
    """The oracle is no rubber stamp: a violation of a critical clause is green by a decision alone."""
    reasons = {
        (waiver == "valid", known == "matching", base)
        for cell in CELLS
        for happening, severity, _, _, waiver, known, base, _ in [cell]
        if happening == "violated"
        and severity == "critical"
        and expected_code(cell) == 0
    }
    assert all(
        waived or known or base == "older pack without it"
        for waived, known, base in reasons
    )
