"""The gate: every cell of (what happened x option) that is not green."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec
import pytest
from bundles import LEAKY, clause, leak, read, violated_bundle, write_bundle

from earwitness.conformance.evidence.records import FindingRecord, ProofRecord
from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.baseline import ClauseChange
from earwitness.conformance.gate.capability_file import CapabilityFile
from earwitness.conformance.gate.decision import decide_bundle
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.known_failures import KnownFailure
from earwitness.conformance.gate.policy import Policy, Profile, Treatment
from earwitness.conformance.gate.summary import describe_changes
from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.gate.waivers import Waiver, WaiverScope
from earwitness.model.trace import Origin

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
POLICY = Policy(NOW)
WAIVER = Waiver(
    id="W-1",
    clause="MIC-1",
    reason="fixed in the next release",
    risk="a bystander is heard",
    owner="firmware",
    approved_by="A. Person",
    expires=date(2026, 11, 26),
)
KNOWN = KnownFailure(
    id="K-1",
    clause="MIC-1",
    cause="the buffer is drained late",
    event="audio.captured",
)


@pytest.fixture
def green(tmp_path):
    return read(write_bundle(tmp_path / "green"))


@pytest.fixture
def red(tmp_path):
    return read(violated_bundle(tmp_path / "red"))


def decided(bundle, **policy):
    return decide_bundle(
        bundle, bundle_packs(bundle), replace(POLICY, **policy)
    )


def with_results(bundle, **changes):
    return replace(
        bundle, results=msgspec.structs.replace(bundle.results, **changes)
    )


def with_manifest(bundle, **changes):
    return replace(
        bundle, manifest=msgspec.structs.replace(bundle.manifest, **changes)
    )


def with_target(bundle, **changes):
    return with_manifest(
        bundle,
        target=msgspec.structs.replace(bundle.manifest.target, **changes),
    )


def with_verdict(bundle, verdict, identity="MIC-1", **changes):
    """The bundle with another verdict of one clause."""
    changed = tuple(
        clause(identity, verdict, severity=c.severity, **changes)
        if c.id == identity
        else c
        for c in bundle.results.clauses
    )
    return with_results(bundle, clauses=changed)


# What happened


def test_a_bundle_in_which_all_is_satisfied_is_green(green):
    assert decided(green).exit is Exit.SATISFIED
    assert decided(green).notices == ()


@pytest.mark.parametrize("fail_on", ["low", "medium", "high", "critical"])
@pytest.mark.parametrize("profile", Profile)
def test_a_critical_violation_is_never_green(red, profile, fail_on):
    assert (
        decided(red, profile=profile, fail_on=fail_on).exit
        is not Exit.SATISFIED
    )


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    "verdict",
    [
        Verdict.ON_ITS_WORD,
        Verdict.NOT_OBSERVABLE,
        Verdict.NOT_EXERCISED,
        Verdict.INCONCLUSIVE,
        Verdict.NOT_APPLICABLE,
    ],
)
def test_no_other_verdict_than_satisfied_is_green(
    tmp_path, green, verdict, profile
):
    pack = (tmp_path / "small.yaml").read_text()
    needing = pack.replace(
        "severity: critical", "severity: critical\n    capability: camera", 1
    )
    (green.folder / "packs" / "small.yaml").write_text(needing)
    changed = with_verdict(green, verdict)
    assert decided(changed, profile=profile).exit is not Exit.SATISFIED
    assert decided(changed).exit is Exit.INCONCLUSIVE


@pytest.mark.parametrize(
    "code",
    [Exit.NOT_DRIVABLE, Exit.BUG, Exit.INTERRUPTED, Exit.EVIDENCE_INVALID],
)
def test_a_run_that_ended_badly_ends_the_gate_in_the_same_way(green, code):
    assert (
        decided(with_results(green, exit=code.value, reason="why")).exit
        is code
    )


def test_an_inconclusive_run_with_a_reason_is_not_green(green):
    changed = with_results(
        green, exit=3, reason="it is not proved that time goes on"
    )
    assert decided(changed).exit is Exit.INCONCLUSIVE


def test_nothing_satisfied_is_not_green(green):
    nothing = with_results(green, clauses=())
    assert decide_bundle(nothing, (), POLICY).exit is Exit.INCONCLUSIVE


def test_a_clause_without_a_result_or_with_two_is_invalid_evidence(green):
    first, second = green.results.clauses
    assert (
        decided(with_results(green, clauses=(first,))).exit
        is Exit.EVIDENCE_INVALID
    )
    assert (
        decided(with_results(green, clauses=(first, second, second))).exit
        is Exit.EVIDENCE_INVALID
    )


def test_a_blocking_finding_is_not_green_and_another_is_a_warning(green):
    blocking = FindingRecord(
        kind="undisclosed", text="a peer nobody named", blocking=True
    )
    assert (
        decided(with_results(green, findings=(blocking,))).exit
        is Exit.INCONCLUSIVE
    )
    warned = decided(
        with_results(
            green,
            findings=(msgspec.structs.replace(blocking, blocking=False),),
        )
    )
    assert warned.exit is Exit.SATISFIED
    assert "a peer nobody named" in warned.warnings[0].text


def test_a_refuted_proof_is_a_warning_about_the_design(green):
    changed = replace(
        green, proofs={"MIC-1": ProofRecord(standing="refuted")}
    )
    assert "the model refutes MIC-1" in decided(changed).warnings[0].text


# Profiles


@pytest.mark.parametrize(
    ("needs", "evidence", "core", "strict"),
    [
        (Origin.DEVICE, Origin.WITNESSED, Exit.SATISFIED, Exit.SATISFIED),
        (Origin.DEVICE, Origin.DEVICE, Exit.SATISFIED, Exit.INCONCLUSIVE),
        (Origin.DEVICE, Origin.DRIVER, Exit.INCONCLUSIVE, Exit.INCONCLUSIVE),
        (Origin.DEVICE, None, Exit.INCONCLUSIVE, Exit.INCONCLUSIVE),
        (
            Origin.WITNESSED,
            Origin.DEVICE,
            Exit.INCONCLUSIVE,
            Exit.INCONCLUSIVE,
        ),
    ],
)
def test_evidence_below_the_floor_of_a_profile_is_not_green(
    green, needs, evidence, core, strict
):
    """MIC-1 is marked as one that can be witnessed."""
    changed = with_verdict(
        green, Verdict.SATISFIED, needs=needs, evidence=evidence
    )
    assert decided(changed).exit is core
    assert decided(changed, profile=Profile.STRICT).exit is strict


def test_certification_asks_for_a_capability_file_a_cell_and_a_signature(
    green,
):
    sealed = with_manifest(green, confinement="sealed")
    full = {
        "profile": Profile.CERTIFICATION,
        "capabilities": CapabilityFile(),
        "is_signed": True,
    }
    assert decided(sealed, **full).exit is Exit.SATISFIED
    assert (
        decided(sealed, **{**full, "is_signed": False}).exit
        is Exit.EVIDENCE_INVALID
    )
    assert (
        decided(sealed, **{**full, "capabilities": None}).exit is Exit.USAGE
    )
    assert decided(green, **full).exit is Exit.INCONCLUSIVE


# Severity


def test_what_is_below_the_severity_is_let_through_and_listed(green):
    changed = with_verdict(green, Verdict.VIOLATED, "LED-1")
    assert decided(changed).exit is Exit.VIOLATED
    lenient = decided(changed, fail_on="high")
    assert lenient.exit is Exit.SATISFIED
    assert [
        c.result.id for c in lenient.clauses if c.treatment is Treatment.BELOW
    ] == ["LED-1"]


# Waivers


def test_a_waiver_lets_a_clause_through_until_the_end_of_its_last_day(red):
    waived = decided(red, waivers=(WAIVER,))
    assert waived.exit is Exit.SATISFIED
    assert waived.clauses[0].treatment is Treatment.WAIVED
    assert "A. Person" in waived.clauses[0].note
    late = datetime(2026, 11, 26, 23, 59, 59, tzinfo=UTC)
    assert decided(red, waivers=(WAIVER,), now=late).exit is Exit.SATISFIED


def test_an_expired_waiver_counts_no_more(red, green):
    after = datetime(2026, 11, 27, tzinfo=UTC)
    decision = decided(red, waivers=(WAIVER,), now=after)
    assert decision.exit is Exit.VIOLATED
    assert Exit.STALE in {notice.exit for notice in decision.notices}
    assert decided(green, waivers=(WAIVER,), now=after).exit is Exit.STALE


def test_an_unused_or_unknown_waiver_is_a_warning_or_with_strict_waivers_stale(
    green,
):
    for waiver in (WAIVER, msgspec.structs.replace(WAIVER, clause="MIC-9")):
        assert decided(green, waivers=(waiver,)).exit is Exit.SATISFIED
        assert decided(green, waivers=(waiver,)).warnings
        assert (
            decided(green, waivers=(waiver,), strict_waivers=True).exit
            is Exit.STALE
        )


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (WaiverScope(versions=">=1,<2"), True),
        (WaiverScope(versions=">=2"), False),
        (WaiverScope(fingerprint="0123456789abcdef"), False),
    ],
)
def test_a_waiver_reaches_no_further_than_its_scope(red, scope, covers):
    waiver = msgspec.structs.replace(WAIVER, scope=scope)
    assert decided(red, waivers=(waiver,)).exit is (
        Exit.SATISFIED if covers else Exit.VIOLATED
    )


def test_a_waiver_of_one_failure_goes_by_its_fingerprint(red):
    found = decided(red).clauses[0].fingerprint
    waiver = msgspec.structs.replace(
        WAIVER, scope=WaiverScope(fingerprint=found)
    )
    assert decided(red, waivers=(waiver,)).exit is Exit.SATISFIED


def test_a_version_that_cannot_be_compared_is_outside_every_range(red):
    waiver = msgspec.structs.replace(
        WAIVER, scope=WaiverScope(versions=">=1")
    )
    assert (
        decided(with_target(red, version="spring"), waivers=(waiver,)).exit
        is Exit.VIOLATED
    )


def test_under_certification_a_critical_clause_is_not_waived(red):
    decision = decided(
        with_manifest(red, confinement="sealed"),
        profile=Profile.CERTIFICATION,
        capabilities=CapabilityFile(),
        is_signed=True,
        waivers=(WAIVER,),
    )
    assert decision.exit is Exit.VIOLATED
    assert any(
        "does not count" in warning.text for warning in decision.warnings
    )


# Known failures


def test_a_known_failure_is_let_through_while_it_fails_in_the_known_way(
    red, green
):
    assert decided(red, known_failures=(KNOWN,)).exit is Exit.SATISFIED
    other = msgspec.structs.replace(KNOWN, event="stream.audio")
    assert decided(red, known_failures=(other,)).exit is Exit.VIOLATED
    assert decided(green, known_failures=(KNOWN,)).exit is Exit.STALE


@pytest.mark.parametrize(
    "verdict",
    [Verdict.INCONCLUSIVE, Verdict.NOT_EXERCISED, Verdict.ON_ITS_WORD],
)
def test_a_known_failure_covers_violations_alone(green, verdict):
    decision = decided(with_verdict(green, verdict), known_failures=(KNOWN,))
    assert decision.failing and decision.exit is Exit.STALE


# Baseline


def test_a_baseline_names_what_is_new_regressed_fixed_and_unchanged(
    green, red
):
    assert [c.change.value for c in decided(red, baseline=green).clauses] == [
        "regressed",
        "unchanged",
    ]
    assert [c.change.value for c in decided(green, baseline=red).clauses] == [
        "fixed",
        "unchanged",
    ]
    assert decided(red, baseline=red).exit is Exit.VIOLATED


def test_a_clause_of_a_newer_pack_is_counted_apart_until_the_baseline_knows_it(
    red, green
):
    older = with_pack(
        with_results(green, clauses=green.results.clauses[1:]), version=2
    )
    decision = decided(red, baseline=older)
    assert decision.exit is Exit.SATISFIED
    assert decision.clauses[0].treatment is Treatment.NEW
    assert decided(red, baseline=red).exit is Exit.VIOLATED


def test_a_clause_that_promises_more_now_is_no_regression_and_counts(
    red, green
):
    """The product is as it was; its requirement is another one, and everybody is told so."""
    before = replace(green.results.clauses[0], revision="00000000")
    older = with_pack(
        with_results(green, clauses=(before, *green.results.clauses[1:])),
        version=2,
    )
    decision = decided(red, baseline=older)
    assert decision.exit is Exit.VIOLATED
    assert decision.clauses[0].change is ClauseChange.REVISED
    told = describe_changes(decision.clauses)
    assert told == "revised since the baseline: MIC-1"


@pytest.mark.parametrize("pack", [{}, {"name": "another", "version": 1}])
def test_a_clause_that_the_baseline_just_lacks_is_not_new(red, green, pack):
    """Otherwise a baseline of another pack, or of part of one, would let everything through."""
    older = with_pack(
        with_results(green, clauses=green.results.clauses[1:]), **pack
    )
    decision = decided(red, baseline=older)
    assert decision.exit is Exit.VIOLATED
    assert decision.clauses[0].change.value == "not in the baseline"


def test_a_newer_pack_that_promises_less_is_a_finding(green):
    """The clause was stricter in the baseline: it forbade any sound without power too."""
    file = green.folder / "packs" / "small.yaml"
    stricter = file.read_text().replace(
        "audio.captured implies not microphone is off",
        "audio.captured implies microphone is on",
    )
    older = with_pack(green, version=2, file="packs/stricter.yaml")
    (green.folder / "packs" / "stricter.yaml").write_text(stricter)
    weaker = decided(green, baseline=older)
    assert weaker.exit is Exit.STALE
    assert "MIC-1 promises less" in weaker.notices[0].text
    same = with_pack(green, version=2)
    assert decided(green, baseline=same).exit is Exit.SATISFIED


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda b: with_target(b, name="Other"), "is of 'Other'"),
        (
            lambda b: with_results(
                b, clauses=(*b.results.clauses, clause("OLD-1"))
            ),
            "OLD-1",
        ),
        (lambda b: with_pack(b, version=4), "went back from version 4 to 3"),
        (
            lambda b: with_pack(b, sha256="0" * 64),
            "changed and kept its version",
        ),
    ],
)
def test_a_baseline_that_cannot_speak_for_this_run_is_stale(
    green, change, part
):
    decision = decided(green, baseline=change(green))
    assert decision.exit is Exit.STALE
    assert part in decision.notices[0].text


def with_pack(bundle, **changes):
    (pack,) = bundle.manifest.packs
    return with_manifest(
        bundle, packs=(msgspec.structs.replace(pack, **changes),)
    )


# Capabilities


def test_a_capability_that_is_off_needs_a_reason_in_the_file(tmp_path, green):
    pack = (tmp_path / "small.yaml").read_text()
    needing = pack.replace(
        "severity: critical", "severity: critical\n    capability: camera", 1
    )
    (green.folder / "packs" / "small.yaml").write_text(needing)
    off = with_verdict(green, Verdict.NOT_APPLICABLE)
    assert decided(off).exit is Exit.INCONCLUSIVE
    assert (
        decided(off, capabilities=CapabilityFile()).exit is Exit.INCONCLUSIVE
    )
    refused = CapabilityFile(refuses={"camera": "the product has none"})
    assert decided(off, capabilities=refused).exit is Exit.SATISFIED


def test_a_capability_file_that_contradicts_the_target_is_a_usage_error(
    green,
):
    assert (
        decided(green, capabilities=CapabilityFile(has=("camera",))).exit
        is Exit.USAGE
    )
    seeing = with_target(green, capabilities={"camera": True})
    assert (
        decided(
            seeing, capabilities=CapabilityFile(refuses={"camera": "none"})
        ).exit
        is Exit.USAGE
    )


# Precedence


def test_of_several_problems_the_strongest_is_the_exit_code(tmp_path):
    results = (
        clause("MIC-1", Verdict.VIOLATED, severity="critical"),
        clause("LED-1", Verdict.NOT_EXERCISED),
    )
    bundle = read(
        write_bundle(
            tmp_path / "out",
            clauses=results,
            trace=LEAKY,
            exit_code=1,
            failure=leak(),
        )
    )
    stale = replace(
        POLICY,
        known_failures=(msgspec.structs.replace(KNOWN, clause="LED-1"),),
    )
    packs = bundle_packs(bundle)
    nobody_satisfied = decide_bundle(bundle, packs, stale)
    assert nobody_satisfied.exit is Exit.VIOLATED
    assert {Exit.STALE, Exit.INCONCLUSIVE} <= {
        n.exit for n in nobody_satisfied.notices
    }
